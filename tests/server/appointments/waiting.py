"""People who wait for a place, for the tests of the waiting list."""

from datetime import date

from models.states import OfferState
from models.waitlist import Offer, WaitlistEntry
from server.appointments.waitlist import Wanted, join_waitlist
from server.appointments.wishes import Times
from server.kit.transaction import in_transaction
from tests.support.booking import ITEM, STREET, book_now, cancel_now, make_booker, wish

TOMORROW = date(2026, 11, 24)
"""The day after the tests' Monday."""


async def wait_now(booker, ports, *, codes=(ITEM,), points=(STREET,), hours=(), last_on=TOMORROW):
    """Wish for a place tomorrow, or until `last_on`."""
    wanted = Wanted(codes, points, Times(min(TOMORROW, last_on), last_on, hours))
    return await in_transaction(
        lambda: join_waitlist(wanted, booker, now=ports.now(), settings=ports.settings)
    )


async def answer_now(answer, row, booker, ports):
    """Accept, decline or withdraw."""
    return await in_transaction(
        lambda: answer(row, actor=booker.actor, now=ports.now(), settings=ports.settings)
    )


async def free_one(number, ports, *codes, **more):
    """Somebody books and cancels."""
    booker = await make_booker(number)
    await cancel_now(await book_now(wish(*codes, **more), booker, ports), booker, ports)


async def state_of(entry):
    """The state of a wish as it is in the database."""
    return (await WaitlistEntry.get(id=entry.id)).state


async def offered_to(booker):
    """The offer that waits for somebody's answer."""
    return await Offer.get_or_none(person_id=booker.person_id, state=OfferState.HELD)
