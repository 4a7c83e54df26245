"""Many at once: no slot is ever sold twice."""

import asyncio
import random

import pytest

from models.appointments import Appointment, Slot
from models.states import AppointmentState
from server.appointments.errors import SlotFull
from server.appointments.reconciling import find_differences, replay
from server.kit.errors import ChangedMeanwhile, Refusal
from tests.concurrency.naive import book_naively
from tests.support.booking import (
    OTHER_STREET,
    QUANTUM,
    TEN,
    book_now,
    cancel_now,
    in_use,
    live_of,
    make_booker,
    make_slots,
    move_now,
    taken,
    wish,
)


@pytest.mark.usefixtures("ports")
async def test_reading_before_writing_oversells():
    [slot_id] = await make_slots(1, capacity=3)
    together = asyncio.Barrier(8)
    booked = await asyncio.gather(*(book_naively(slot_id, together) for _ in range(8)))
    assert sum(booked) == 8


async def test_fifty_at_once_get_exactly_the_eight_places_there_are(ports):
    await make_slots(5, capacity=8)
    bookers = [await make_booker(number) for number in range(50)]
    answers = await asyncio.gather(
        *(book_now(wish(), booker, ports) for booker in bookers), return_exceptions=True
    )
    assert sum(isinstance(answer, Appointment) for answer in answers) == 8
    assert sum(isinstance(answer, SlotFull) for answer in answers) == 42
    assert await taken() == [8] * 5
    assert sum([await live_of(booker) for booker in bookers]) == 8


async def test_visits_that_overlap_in_every_way_never_oversell_a_slot(ports):
    await make_slots(20, capacity=3)
    bookers = [await make_booker(number) for number in range(60)]
    order = random.Random(7)  # a fixed seed: the same wishes each time
    wishes = [wish(starts_at=TEN + order.randrange(16) * QUANTUM) for _ in bookers]
    answers = await asyncio.gather(
        *(book_now(wanted, booker, ports) for wanted, booker in zip(wishes, bookers, strict=True)),
        return_exceptions=True,
    )
    unexpected = [answer for answer in answers if not isinstance(answer, (Appointment, SlotFull))]
    assert unexpected == []
    replays = [await replay(slot, settings=ports.settings) for slot in await Slot.all()]
    assert all(one.agrees and one.peak <= 3 for one in replays)
    assert max(await taken()) == 3


async def test_of_many_who_move_to_one_free_place_one_gets_it_and_the_others_stay(ports):
    await make_slots(5, capacity=10)
    await make_slots(5, point_code=OTHER_STREET)
    bookers = [await make_booker(number) for number in range(10)]
    made = [await book_now(wish(), booker, ports) for booker in bookers]
    answers = await asyncio.gather(
        *(
            move_now(one, TEN, booker, ports, point_code=OTHER_STREET)
            for one, booker in zip(made, bookers, strict=True)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Appointment) for answer in answers) == 1
    assert sum(isinstance(answer, SlotFull) for answer in answers) == 9
    assert await in_use() == [9] * 5 + [1] * 5
    assert await Appointment.filter(state=AppointmentState.PENDING).count() == 10


async def test_two_who_swap_places_that_are_full_both_stay(ports):
    await make_slots(10)
    one, other = await make_booker(1), await make_booker(2)
    first = await book_now(wish(), one, ports)
    second = await book_now(wish(starts_at=TEN + 5 * QUANTUM), other, ports)
    answers = await asyncio.gather(
        move_now(first, TEN + 5 * QUANTUM, one, ports),
        move_now(second, TEN, other, ports),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [SlotFull, SlotFull]
    assert await taken() == [1] * 10


async def test_booking_moving_and_cancelling_at_once_leave_true_counters(ports):
    await make_slots(15, capacity=3)
    bookers = [await make_booker(number) for number in range(24)]
    order = random.Random(11)  # a fixed seed: the same lives each time

    async def live(booker):
        try:
            made = await book_now(
                wish(starts_at=TEN + order.randrange(11) * QUANTUM), booker, ports
            )
            made = await move_now(made, TEN + order.randrange(11) * QUANTUM, booker, ports)
            await cancel_now(made, booker, ports)
        except Refusal as refusal:
            return type(refusal)

    ends = await asyncio.gather(*(live(booker) for booker in bookers))
    assert set(ends) <= {None, SlotFull}
    assert await find_differences(ports) == []
    replays = [await replay(slot, settings=ports.settings) for slot in await Slot.all()]
    assert all(one.peak <= 3 for one in replays)


async def test_cancelling_and_moving_one_visit_at_once_do_one_of_both(ports):
    await make_slots(10, capacity=2)
    booker, other = await make_booker(1), await make_booker(2)
    made = await book_now(wish(), booker, ports)
    await book_now(wish(), other, ports)
    copy = await Appointment.get(id=made.id)
    answers = await asyncio.gather(
        cancel_now(made, booker, ports),
        move_now(copy, TEN + 5 * QUANTUM, booker, ports),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, ChangedMeanwhile)]
    assert len(refused) == 1
    assert await in_use() in ([1] * 5 + [0] * 5, [1] * 10)
    assert await find_differences(ports) == []
