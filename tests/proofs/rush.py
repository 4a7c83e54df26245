"""A rush on few places: every place sold once, every other answer a clear refusal."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import cycle

from models.appointments import Appointment, Slot
from models.catalog import ServiceItem, ServicePoint
from models.kinds import WindowKind
from models.states import AppointmentState
from server.appointments.rules import count_quanta
from tests.concurrency.naive import book_naively
from tests.proofs.register import proof
from tests.support.booking import QUANTUM
from tests.support.crowd import Member, gather_crowd
from tests.support.load import Outcome, build_request, run_load
from tests.support.replaying import replay_all
from tests.support.system import System, start_system

CITIZENS, PLACES, CONNECTIONS, PROCESSES = 5_000, 500, 200, 2
NAIVE = 8


@proof("rush", group="appointments")
async def prove_rush() -> str:
    """5,000 citizens, 500 places, 81 points, 200 connections, two API processes on MariaDB."""
    async with start_system() as system:
        async with system.engine() as engine:
            control = await _sell_naively()
            item_of = await _open_places(engine.ports.now())
            crowd = await gather_crowd(CITIZENS, now=engine.ports.now())
        with system.api(PROCESSES) as processes:
            ports = [process.port for process in processes]
            outcome = await run_load(ports, _requests(crowd, item_of), connections=CONNECTIONS)
        booked = await _count(system, outcome)
    return (
        f"{booked} of {CITIZENS} booked at {len(item_of)} points, "
        f"{outcome.statuses[409]} refused, no 5xx, counter = rows, "
        f"never above capacity in any of the moves; "
        f"{outcome.rate:.0f} requests/s; naive control sold {control} of 1"
    )


async def _sell_naively() -> int:
    slot = await Slot.create(
        point_code="control",
        kind=WindowKind.ACCEPT,
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        capacity=1,
    )
    barrier = asyncio.Barrier(NAIVE)
    sold = sum(await asyncio.gather(*(book_naively(slot.id, barrier) for _ in range(NAIVE))))
    await slot.delete()
    assert sold > 1, "the positive control no longer oversells: the set-up is broken"
    return sold


async def _open_places(now: datetime) -> dict[str, str]:
    """Give each point a share of the places, all at one time, for one item it takes."""
    items = await ServiceItem.filter(is_current=True).order_by("code")
    points = await ServicePoint.all().order_by("code")
    starts_at = _tomorrow(now)
    shares = Counter(point.code for point, _ in zip(cycle(points), range(PLACES), strict=False))
    item_of = {}
    for point in points:
        item = next(one for one in items if point.level in one.accepted_at_levels)
        item_of[point.code] = item.code
        await Slot.bulk_create(
            [
                Slot(
                    point_code=point.code,
                    kind=WindowKind.ACCEPT,
                    starts_at=starts_at + place * timedelta(minutes=5),
                    capacity=shares[point.code],
                )
                for place in range(count_quanta(item.window_minutes, 5))
            ]
        )
    return item_of


def _tomorrow(now: datetime) -> datetime:
    return (now + timedelta(days=1)).replace(hour=1, minute=0, second=0, microsecond=0)


def _requests(crowd: list[Member], item_of: dict[str, str]) -> list[bytes]:
    starts_at = _tomorrow(datetime.now(UTC)).isoformat()
    return [
        build_request(
            "POST",
            "/api/v1/citizen/appointments",
            headers=one.headers(),
            json_body={"point_code": point, "starts_at": starts_at, "item_codes": [item]},
        )
        for one, (point, item) in zip(crowd, cycle(item_of.items()), strict=False)
    ]


async def _count(system: System, outcome: Outcome) -> int:
    statuses = outcome.statuses
    codes = Counter(answer.json()["code"] for answer in outcome.answers if answer.status == 409)
    assert statuses == {201: PLACES, 409: CITIZENS - PLACES}, (statuses, codes)
    assert codes == {"slot_full": CITIZENS - PLACES}, codes
    async with system.engine():
        live = await Appointment.filter(
            state__in=(AppointmentState.PENDING, AppointmentState.CONFIRMED)
        )
        slots = await Slot.all()
        await replay_all(QUANTUM)
    rows = Counter(one.point_code for one in live)
    assert sum(rows.values()) == PLACES, rows
    for slot in slots:
        assert slot.taken == slot.capacity == rows[slot.point_code], (slot.point_code, slot.taken)
    return len(live)
