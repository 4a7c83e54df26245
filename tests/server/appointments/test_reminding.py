"""Reminders: the day before and two hours before, each once."""

import asyncio
from datetime import timedelta

from models.notifications import Notice
from server.appointments.reminding import remind
from server.appointments.tasks import send_reminders
from server.kit.transaction import in_transaction
from tests.support.booking import (
    QUANTUM,
    TEN,
    book_now,
    cancel_now,
    make_booker,
    make_slots,
    move_now,
    wish,
)

DAY_AND_HOUR = timedelta(hours=25)


async def book_two_days_ahead(ports, clock, booker=None):
    """A confirmed visit at ten o'clock on Tuesday, booked 25 hours before it."""
    booker = booker or await make_booker()
    await make_slots(10, capacity=2)
    clock.advance(seconds=(TEN - DAY_AND_HOUR - clock.now()).total_seconds())
    return await book_now(wish(), booker, ports, is_confirmed=True)


async def reminders():
    """What was told, the first first: subject and which of the times."""
    rows = await Notice.filter(kind="appointment_reminder").order_by("id")
    return [tuple(row.dedupe_key.split(":")[1:]) for row in rows]


async def test_a_visit_is_told_of_a_day_and_two_hours_before_and_never_twice(ports, clock):
    visit = await book_two_days_ahead(ports, clock)
    told = []
    for pause in (
        timedelta(minutes=59),
        timedelta(minutes=1),
        timedelta(hours=21, minutes=59),
        timedelta(minutes=1),
        timedelta(hours=1),
    ):
        clock.advance(seconds=pause.total_seconds())
        for _ in range(2):
            await send_reminders(ports)
        told.append(len(await reminders()))
    assert told == [0, 1, 1, 2, 2]
    assert await reminders() == [(visit.id, "24h"), (visit.id, "2h")]
    notice = await Notice.filter(kind="appointment_reminder").first()
    assert "2026-11-24 10:00" in notice.text


async def test_many_workers_at_once_remind_once(ports, clock):
    visit = await book_two_days_ahead(ports, clock)
    clock.advance(hours=2)
    work = [in_transaction(lambda: remind(visit.id, 24, now=ports.now())) for _ in range(8)]
    await asyncio.gather(*work)
    assert await reminders() == [(visit.id, "24h")]


async def test_who_was_not_reached_in_time_hears_of_the_nearest_hour_only(ports, clock):
    visit = await book_two_days_ahead(ports, clock)
    clock.advance(hours=24)
    for _ in range(2):
        await send_reminders(ports)
    assert await reminders() == [(visit.id, "2h")]


async def test_a_visit_that_was_just_booked_is_not_told_of_again(ports, clock):
    await make_slots(10)
    clock.advance(seconds=(TEN - timedelta(hours=23) - clock.now()).total_seconds())
    visit = await book_now(wish(), await make_booker(), ports, is_confirmed=True)
    await send_reminders(ports)
    assert await reminders() == []
    clock.advance(hours=21)
    await send_reminders(ports)
    assert await reminders() == [(visit.id, "2h")]


async def test_nobody_is_reminded_of_what_is_off_or_elsewhere_or_over(ports, clock):
    first, second = await make_booker(1), await make_booker(2)
    off = await book_two_days_ahead(ports, clock, first)
    other = await book_now(wish(), second, ports, is_confirmed=True)
    await cancel_now(off, first, ports)
    moved = await move_now(other, TEN + 5 * QUANTUM, second, ports)
    clock.advance(hours=1, minutes=30)
    await send_reminders(ports)
    await in_transaction(lambda: remind(off.id, 24, now=ports.now()))
    assert await reminders() == []
    clock.advance(hours=22)
    await in_transaction(lambda: type(moved).filter(id=moved.id).update(state="confirmed"))
    await send_reminders(ports)
    assert await reminders() == [(moved.id, "2h")]
    await type(moved).filter(id=moved.id).update(reminded_hours=None)
    clock.advance(hours=2)
    await send_reminders(ports)
    assert len(await reminders()) == 1
