"""Places kept for minutes."""

import asyncio
from datetime import timedelta

import pytest

from models.appointments import Appointment, Hold
from models.states import HoldState
from server.appointments.errors import HoldDiffers, HoldGone, SlotFull, TooManyAppointments
from server.appointments.holds import release_hold
from server.appointments.reviewed import use_reviewed_items
from server.appointments.tasks import expire_holds
from server.kit.errors import ChangedMeanwhile
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from server.prereview.service import reviewed_items
from tests.support.booking import (
    ITEM,
    SHORT_ITEM,
    TEN,
    book_held_now,
    book_now,
    everything,
    hold_now,
    in_use,
    live_of,
    make_booker,
    make_slots,
    taken,
    wish,
)


async def release_now(hold, booker, ports):
    await in_transaction(
        lambda: release_hold(hold, actor=booker.actor, now=ports.now(), settings=ports.settings)
    )


async def test_a_held_place_is_kept_from_others_and_turns_into_its_owners_visit(ports):
    await make_slots(5)
    booker, other = await make_booker(1), await make_booker(2)
    hold = await hold_now(booker, ports)
    assert hold.expires_at == ports.now() + timedelta(minutes=10)
    with pytest.raises(SlotFull):
        await book_now(wish(), other, ports)
    made = await book_held_now(hold, wish(), booker, ports)
    assert made.starts_at == TEN
    assert hold.state is HoldState.TURNED_INTO_APPOINTMENT
    assert await taken() == [1] * 5
    assert await live_of(booker) == 1


async def test_one_hold_makes_one_visit_however_often_it_is_used_at_once(ports):
    await make_slots(5, capacity=9)
    booker = await make_booker()
    hold = await hold_now(booker, ports)
    copies = [await Hold.get(id=hold.id) for _ in range(5)]
    answers = await asyncio.gather(
        *(book_held_now(copy, wish(), booker, ports) for copy in copies), return_exceptions=True
    )
    assert sum(isinstance(answer, Appointment) for answer in answers) == 1
    assert sum(isinstance(answer, ChangedMeanwhile) for answer in answers) == 4
    assert await taken() == [1] * 5


async def test_what_a_reviewed_visit_does_not_need_of_a_hold_is_given_back(ports):
    async def ask(_person_id, _pre_review_id):
        return frozenset({ITEM})

    await make_slots(5)
    booker = await make_booker()
    hold = await hold_now(booker, ports)
    use_reviewed_items(ask)
    try:
        made = await book_held_now(hold, wish(pre_review_id="review"), booker, ports)
    finally:
        use_reviewed_items(reviewed_items)
    assert made.quanta == 3
    assert await in_use() == [1, 1, 1, 0, 0]


async def test_a_hold_is_for_its_own_items_and_time_only(ports):
    await make_slots(5)
    booker = await make_booker()
    hold = await hold_now(booker, ports)
    before = await everything()
    for wanted in (wish(SHORT_ITEM), wish(starts_at=TEN + timedelta(minutes=5))):
        with pytest.raises(HoldDiffers):
            await book_held_now(hold, wanted, booker, ports)
    assert await everything() == before


async def test_holds_count_among_the_three_that_a_person_may_have(ports):
    await make_slots(5, capacity=9)
    booker = await make_booker()
    for _ in range(3):
        await hold_now(booker, ports)
    with pytest.raises(TooManyAppointments):
        await hold_now(booker, ports)
    assert await taken() == [3] * 5


async def test_a_released_hold_gives_its_place_back_once(ports):
    await make_slots(5)
    booker = await make_booker()
    hold = await hold_now(booker, ports)
    await release_now(hold, booker, ports)
    await release_now(hold, booker, ports)
    assert await in_use() == [0] * 5
    assert await live_of(booker) == 0
    moves = await moves_of(Hold, hold.id)
    assert [move.to_state for move in moves] == ["held", "released"]


async def test_a_hold_ends_with_its_minutes(ports, clock):
    await make_slots(5)
    booker = await make_booker()
    hold = await hold_now(booker, ports)
    clock.advance(minutes=9, seconds=59)
    await expire_holds(ports)
    assert await in_use() == [1] * 5
    clock.advance(seconds=1)
    with pytest.raises(HoldGone):
        await book_held_now(hold, wish(), booker, ports)
    await expire_holds(ports)
    await expire_holds(ports)
    assert (await Hold.get(id=hold.id)).state is HoldState.EXPIRED
    assert await in_use() == [0] * 5
    assert await live_of(booker) == 0
