"""Slots made ahead, and the proof that their counters are true."""

from datetime import date, time, timedelta

import pytest
import structlog

from models.appointments import Slot, SlotTemplate
from models.catalog import CalendarDay, ServicePoint
from models.kinds import DayKind, WindowKind
from server.appointments.generation import generate_slots, seed_templates
from server.appointments.reconciling import find_differences, replay
from server.appointments.tasks import check_counters
from server.catalog.service import forget_caches
from server.kit.transaction import in_transaction
from tests.support.booking import (
    QUANTUM,
    STREET,
    TEN,
    book_held_now,
    book_now,
    cancel_now,
    hold_now,
    make_booker,
    make_slots,
    move_now,
    release_all,
    taken,
    wish,
)

SUNDAY = date(2026, 11, 29)


@pytest.fixture
async def one_template():
    """Two hours every Tuesday at one point with four windows, one kept for walk-ins."""
    kept = await SlotTemplate.all()
    await SlotTemplate.all().delete()
    template = await SlotTemplate.create(
        point_code=STREET,
        kind=WindowKind.ACCEPT,
        weekday=1,
        opens_at=time(10),
        closes_at=time(12),
        windows=4,
        walk_in_reserve=1,
    )
    yield template
    await SlotTemplate.all().delete()
    await SlotTemplate.bulk_create(kept)


async def capacities():
    return set(await Slot.all().values_list("capacity", flat=True))


async def test_slots_are_made_once_by_the_templates(ports, one_template):
    assert one_template.weekday == TEN.weekday()
    for _ in range(2):
        await generate_slots(ports, SUNDAY)
    slots = await Slot.all().order_by("starts_at")
    assert len(slots) == 24
    assert [slots[0].starts_at, slots[-1].starts_at] == [TEN, TEN + 23 * QUANTUM]
    assert await capacities() == {3}


async def test_a_changed_template_changes_the_room_and_not_what_is_taken(ports, one_template):
    await generate_slots(ports, SUNDAY)
    for number in range(2):
        await book_now(wish(), await make_booker(number), ports)
    await SlotTemplate.filter(id=one_template.id).update(windows=2, closes_at=time(11))
    await generate_slots(ports, SUNDAY)
    rows = await Slot.all().order_by("starts_at").values_list("capacity", "taken")
    assert rows == [(1, 2)] * 5 + [(1, 0)] * 7 + [(0, 0)] * 12


async def test_a_day_that_becomes_a_holiday_and_a_closed_point_sell_nothing(ports, one_template):
    await generate_slots(ports, SUNDAY)
    await CalendarDay.create(day=date(2026, 11, 24), kind=DayKind.HOLIDAY)
    forget_caches()
    try:
        await generate_slots(ports, SUNDAY)
        assert await capacities() == {0}
    finally:
        await CalendarDay.filter(day=date(2026, 11, 24)).delete()
        forget_caches()
    await generate_slots(ports, SUNDAY)
    assert await capacities() == {one_template.windows - one_template.walk_in_reserve}
    await ServicePoint.filter(code=STREET).update(is_open=False)
    try:
        await generate_slots(ports, SUNDAY)
    finally:
        await ServicePoint.filter(code=STREET).update(is_open=True)
    assert await capacities() == {0}


async def test_points_without_templates_get_the_default_ones(ports, one_template):
    assert one_template.point_code == STREET
    points = await ServicePoint.filter(code__in=[STREET, "350102-C", "350102-B"])
    windows = {STREET: 4, "350102-C": 22}
    written = await in_transaction(lambda: seed_templates(points, windows))
    again = await in_transaction(lambda: seed_templates(points, windows))
    assert (written, again) == (12, 0)
    assert set(await SlotTemplate.all().values_list("point_code", flat=True)) == {
        STREET,
        "350102-C",
    }
    assert ports.settings.slot_days_ahead == 14


async def test_replaying_all_moves_gives_the_counters(ports, clock):
    await make_slots(12, capacity=3)
    first, second, third = [await make_booker(number) for number in range(3)]
    made = await book_now(wish(), first, ports)
    moved = await move_now(made, TEN + 2 * QUANTUM, first, ports)
    await move_now(moved, TEN + QUANTUM, first, ports)
    hold = await hold_now(second, ports)
    await book_held_now(hold, wish(), second, ports)
    await cancel_now(await book_now(wish(starts_at=TEN + 6 * QUANTUM), third, ports), third, ports)
    replays = [
        await replay(slot, settings=ports.settings) for slot in await Slot.all().order_by("id")
    ]
    assert [(one.taken, one.counted, one.peak) for one in replays] == [
        (count, count, count) for count in (2, 3, 2, 2, 2, 1, 2, 1, 1, 1, 1, 0)
    ]
    assert await find_differences(ports) == []
    await release_all(ports, clock)
    assert await taken() == [1, 2, 2, 2, 2, 1, 0, 0, 0, 0, 0, 0]
    assert await find_differences(ports) == []


async def test_a_counter_that_was_tampered_with_is_reported(ports):
    ids = await make_slots(6, capacity=9)
    await book_now(wish(), await make_booker(), ports)
    await Slot.filter(id=ids[5]).update(taken=1)
    await Slot.filter(id=ids[0]).update(taken=0)
    assert await find_differences(ports) == [ids[0], ids[5]]
    with structlog.testing.capture_logs() as logged:
        await check_counters(ports)
    assert [(line["event"], line["slot"]) for line in logged] == [
        ("slot_count_differs", ids[0]),
        ("slot_count_differs", ids[5]),
    ]


async def test_what_is_past_is_no_longer_made(ports, one_template, clock):
    assert one_template.closes_at == time(12)
    clock.advance(days=1, hours=2)
    await generate_slots(ports, SUNDAY)
    first = await Slot.all().order_by("starts_at").first()
    assert first.starts_at == TEN + timedelta(hours=1)
