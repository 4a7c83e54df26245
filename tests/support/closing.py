"""Closures for the tests: two points with their real hours, people, and a point that closes."""

from datetime import timedelta

from models.closures import Closure
from models.kinds import WindowKind
from server.appointments.closing import close
from server.appointments.generation import on_sale, regenerate
from server.appointments.impact import judge_impact
from server.kit.access import Actor, Role
from server.kit.transaction import in_transaction
from tests.support.booking import STREET, TEN, book_now, make_booker, wish

SUPERVISOR = Actor(Role.SUPERVISOR, id="supervisor")
MORNING = TEN - timedelta(hours=1)
NOON = TEN + timedelta(hours=2)
EVE = TEN - timedelta(hours=16)
"""Six in the evening before."""

NEAR = "350102001001"
"""A community of the street: the nearest other point, four minutes away."""


async def open_points(ports, *codes):
    """Put the days ahead of points on sale; a street and a community of it unless named."""
    days = on_sale(ports.now(), ports.settings)
    for code in codes or (STREET, NEAR):
        await in_transaction(
            lambda code=code: regenerate([code], days, now=ports.now(), settings=ports.settings)
        )


def closing(**changes):
    """A closure, not written yet: a street on Tuesday morning, to be answered the eve before."""
    facts = {
        "point_code": STREET,
        "starts_at": MORNING,
        "ends_at": NOON,
        "deadline_at": EVE,
        "reason": "停电检修",
        "created_by": SUPERVISOR.name,
        "created_at": EVE,
    }
    return Closure(**facts | changes)


def some_windows(count, **changes):
    """So many accepting windows of it."""
    return closing(kind=WindowKind.ACCEPT, windows=count, **changes)


async def preview(closure, ports):
    return await judge_impact(closure, now=ports.now(), settings=ports.settings)


async def close_now(closure, version, ports):
    """Close in a transaction, as a request does."""
    work = close(closure, version, actor=SUPERVISOR, now=ports.now(), settings=ports.settings)
    return await in_transaction(lambda: work)


async def close_as_shown(closure, ports):
    """Look and close."""
    return await close_now(closure, (await preview(closure, ports)).version, ports)


async def book_many(count, ports, *, at=TEN, first=0):
    """So many confirmed visits of five slots at the street, all at one time."""
    return [
        await book_now(wish(starts_at=at), await make_booker(number), ports, is_confirmed=True)
        for number in range(first, first + count)
    ]
