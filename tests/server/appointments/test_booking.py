"""Booking, moving and cancelling visits against the database."""

import asyncio
from datetime import timedelta

import pytest

from models.appointments import Appointment, AppointmentItem
from models.catalog import ServicePoint
from models.notifications import Notice
from models.states import AppointmentState
from server.appointments.desk import confirm
from server.appointments.errors import (
    AlreadyBooked,
    BookingPaused,
    NotAcceptedHere,
    NotBookable,
    PreReviewNotUsable,
    SlotFull,
    TooLateToChange,
    TooManyAppointments,
)
from server.appointments.repository import apply_changes
from server.appointments.reviewed import use_reviewed_items
from server.appointments.service import (
    get_appointment,
    mark_checked_in,
    mark_no_show,
    mark_served,
    mark_serving,
)
from server.balancing.rules import ExpectedMinutes
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.relay import Relay
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from server.prereview.service import reviewed_items
from tests.support.booking import (
    ITEM,
    OTHER_STREET,
    QUANTUM,
    SHORT_ITEM,
    STREET,
    TEN,
    book_now,
    cancel_now,
    expect_refused,
    in_use,
    live_of,
    make_booker,
    make_slots,
    move_now,
    release_all,
    taken,
    wish,
)


@pytest.fixture
def passed_items():
    """What the pre-review is said to have passed, by person and pre-review."""
    passed = {}

    async def ask(person_id, pre_review_id):
        return passed.get((person_id, pre_review_id), frozenset())

    use_reviewed_items(ask)
    yield passed
    use_reviewed_items(reviewed_items)


async def test_a_booking_takes_one_place_in_every_slot_it_spans(ports):
    await make_slots(6, capacity=2)
    booker = await make_booker()
    made = await book_now(wish(), booker, ports)
    assert await taken() == [1, 1, 1, 1, 1, 0]
    assert (made.state, made.minutes, made.quanta) == (AppointmentState.PENDING, 25, 5)
    assert made.confirm_by == ports.now() + timedelta(minutes=30)
    assert await live_of(booker) == 1
    moves = await moves_of(Appointment, made.id)
    assert [(move.from_state, move.to_state) for move in moves] == [("", "pending")]
    assert await told(ports) == [(booker.account_id, "appointment_received")]
    assert "2026-11-24 10:00" in (await Notice.get()).text


async def told(ports):
    """Return whom the relay tells what."""
    await Relay(ports, worker_id="test").run_once()
    notices = await Notice.all().order_by("id")
    return [(one.account_id, one.kind) for one in notices]


async def test_a_point_that_confirms_by_itself_confirms_at_once(ports):
    await make_slots(5)
    await ServicePoint.filter(code=STREET).update(confirms_by_itself=True)
    booker = await make_booker()
    try:
        made = await book_now(wish(), booker, ports)
    finally:
        await ServicePoint.filter(code=STREET).update(confirms_by_itself=False)
    assert made.state is AppointmentState.CONFIRMED
    assert await told(ports) == [(booker.account_id, "appointment_confirmed")]


async def test_who_has_been_told_more_is_not_told_of_the_booking(ports):
    await make_slots(5)
    booker = await make_booker()
    made = await book_now(wish(), booker, ports)
    await in_transaction(lambda: confirm(made, actor=ENGINE, now=ports.now()))
    assert await told(ports) == [(booker.account_id, "appointment_confirmed")]


async def test_one_full_slot_in_the_middle_refuses_the_whole_visit(ports):
    ids = await make_slots(5)
    await in_transaction(lambda: apply_changes({ids[2]: 1}))
    await expect_refused(SlotFull, book_now(wish(), await make_booker(), ports))


@pytest.mark.usefixtures("ports")
async def test_the_guard_refuses_what_the_look_up_let_through():
    first, second = await make_slots(2)
    await in_transaction(lambda: apply_changes({second: 1}))
    await expect_refused(SlotFull, in_transaction(lambda: apply_changes({first: 1, second: 1})))


@pytest.mark.usefixtures("ports")
async def test_nobody_can_give_back_what_is_not_taken():
    [slot_id] = await make_slots(1)
    await expect_refused(ChangedMeanwhile, in_transaction(lambda: apply_changes({slot_id: -1})))


async def test_too_near_the_end_or_out_of_hours_cannot_be_booked(ports):
    await make_slots(5)
    booker = await make_booker()
    await expect_refused(NotBookable, book_now(wish(starts_at=TEN + QUANTUM), booker, ports))
    await expect_refused(NotBookable, book_now(wish(starts_at=TEN + QUANTUM / 2), booker, ports))
    await expect_refused(
        NotBookable, book_now(wish(starts_at=TEN + timedelta(days=9000)), booker, ports)
    )


async def test_what_has_begun_cannot_be_booked(ports, clock):
    await make_slots(5)
    clock.advance(days=1, hours=1)
    await expect_refused(NotBookable, book_now(wish(), await make_booker(), ports))


async def test_a_closed_point_is_refused(ports):
    await make_slots(5)
    await ServicePoint.filter(code=STREET).update(is_open=False)
    try:
        await expect_refused(NotAcceptedHere, book_now(wish(), await make_booker(), ports))
    finally:
        await ServicePoint.filter(code=STREET).update(is_open=True)


async def test_an_item_is_booked_once_at_a_time(ports):
    await make_slots(10, capacity=2)
    booker = await make_booker()
    await book_now(wish(), booker, ports)
    later = TEN + 5 * QUANTUM
    refusal = await expect_refused(AlreadyBooked, book_now(wish(starts_at=later), booker, ports))
    assert refusal.data == {"item_code": ITEM}


async def test_the_same_person_booking_one_item_twice_at_once_gets_one(ports):
    await make_slots(5, capacity=9)
    booker = await make_booker()
    answers = await asyncio.gather(
        *(book_now(wish(), booker, ports) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(answer, Appointment) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyBooked) for answer in answers) == 5
    assert await taken() == [1] * 5
    assert await live_of(booker) == 1


async def test_the_fourth_live_appointment_is_refused(ports):
    await make_slots(30, capacity=9)
    booker = await make_booker()
    for item_code in ("GL0001", "GL0002", "GL0003"):
        await book_now(wish(item_code), booker, ports)
    refusal = await expect_refused(TooManyAppointments, book_now(wish(SHORT_ITEM), booker, ports))
    assert refusal.data == {"limit": 3}


async def test_an_ended_visit_makes_room_for_another(ports, clock):
    await make_slots(5, capacity=2)
    booker = await make_booker()
    made = await book_now(wish(), booker, ports)
    clock.advance(days=1, hours=1)
    for mark in (mark_checked_in, mark_serving, mark_served):
        await in_transaction(lambda mark=mark: mark(made, actor=ENGINE, now=ports.now()))
    assert await live_of(booker) == 0
    assert await AppointmentItem.filter(live=True).count() == 0
    assert await taken() == [1] * 5


async def test_three_missed_visits_pause_booking_for_thirty_days(ports, clock):
    await make_slots(40, capacity=9)
    booker = await make_booker()
    for item_code in ("GL0001", "GL0002", "GL0003"):
        missed = await book_now(wish(item_code), booker, ports, is_confirmed=True)
        await in_transaction(
            lambda missed=missed: mark_no_show(missed, actor=ENGINE, now=ports.now())
        )
    refusal = await expect_refused(BookingPaused, book_now(wish(), booker, ports))
    assert refusal.data == {"until": (ports.now() + timedelta(days=30)).isoformat()}
    clock.advance(days=30)
    again = TEN + timedelta(days=30)
    await make_slots(5, begin=again)
    made = await book_now(wish(starts_at=again), booker, ports)
    assert made.state is AppointmentState.PENDING


async def test_one_who_comes_late_after_all_is_live_again_and_unpaused(ports, clock):
    await make_slots(40, capacity=9)
    booker = await make_booker()
    for item_code in ("GL0001", "GL0002", "GL0003"):
        missed = await book_now(wish(item_code), booker, ports, is_confirmed=True)
        await in_transaction(
            lambda missed=missed: mark_no_show(missed, actor=ENGINE, now=ports.now())
        )
    clock.advance(days=1, hours=2)
    await in_transaction(lambda: mark_checked_in(missed, actor=ENGINE, now=ports.now()))
    assert missed.state is AppointmentState.CHECKED_IN
    assert await live_of(booker) == 1
    made = await book_now(wish(starts_at=TEN + 20 * QUANTUM), booker, ports)
    assert made.state is AppointmentState.PENDING


async def test_any_point_gives_the_earliest_time(ports):
    await make_slots(5, begin=TEN + QUANTUM)
    await make_slots(5, point_code=OTHER_STREET)
    made = await book_now(wish(point_code=None, starts_at=None), await make_booker(), ports)
    assert (made.point_code, made.starts_at) == (OTHER_STREET, TEN)


async def test_any_point_at_a_time_prefers_the_one_with_most_room(ports):
    await make_slots(5, capacity=1)
    await make_slots(5, capacity=2, point_code=OTHER_STREET)
    chosen = [
        (await book_now(wish(point_code=None), await make_booker(number), ports)).point_code
        for number in range(3)
    ]
    assert sorted(chosen) == [STREET, OTHER_STREET, OTHER_STREET]
    await expect_refused(SlotFull, book_now(wish(point_code=None), await make_booker(3), ports))


async def test_any_point_prefers_the_shorter_way_and_wait_to_room(ports):
    await make_slots(5, capacity=1)
    await make_slots(5, capacity=9, point_code=OTHER_STREET)
    expected = {
        STREET: ExpectedMinutes(travel=6.0, wait=1.0, service=25.0),
        OTHER_STREET: ExpectedMinutes(travel=5.0, wait=3.0, service=25.0),
    }
    asked = wish(point_code=None, starts_at=None, expected=expected)
    made = await book_now(asked, await make_booker(), ports)
    assert made.point_code == STREET


async def test_any_point_is_one_that_is_reached_in_time(ports, clock):
    await make_slots(5, begin=TEN)
    await make_slots(5, begin=TEN + QUANTUM, point_code=OTHER_STREET)
    clock.advance(days=1, minutes=50)
    assert ports.now() == TEN - 2 * QUANTUM
    expected = {
        STREET: ExpectedMinutes(travel=11.0, wait=0.0, service=25.0),
        OTHER_STREET: ExpectedMinutes(travel=14.0, wait=0.0, service=25.0),
    }
    asked = wish(point_code=None, starts_at=None, expected=expected)
    made = await book_now(asked, await make_booker(), ports)
    assert made.point_code == OTHER_STREET


async def test_a_passed_pre_review_shortens_the_visit(ports, passed_items):
    await make_slots(5)
    booker = await make_booker()
    passed_items[booker.person_id, "review"] = frozenset({ITEM})
    made = await book_now(wish(pre_review_id="review"), booker, ports)
    assert (made.minutes, made.quanta, made.pre_review_id) == (13, 3, "review")
    assert await taken() == [1, 1, 1, 0, 0]


async def test_a_pre_review_of_somebody_else_is_refused(ports, passed_items):
    await make_slots(5)
    passed_items["somebody else", "review"] = frozenset({ITEM})
    booker = await make_booker()
    await expect_refused(PreReviewNotUsable, book_now(wish(pre_review_id="review"), booker, ports))


async def test_cancelling_gives_the_place_and_the_right_to_book_back(ports, clock):
    await make_slots(5)
    booker = await make_booker()
    made = await book_now(wish(), booker, ports)
    await cancel_now(made, booker, ports)
    assert made.state is AppointmentState.CANCELLED
    assert await in_use() == [0] * 5
    assert await live_of(booker) == 0
    await release_all(ports, clock)
    assert await taken() == [0] * 5
    assert (await book_now(wish(), booker, ports)).state is AppointmentState.PENDING


async def test_cancelling_twice_at_once_gives_the_place_back_once(ports):
    await make_slots(5, capacity=2)
    booker, other = await make_booker(1), await make_booker(2)
    made = await book_now(wish(), booker, ports)
    await book_now(wish(), other, ports)
    copies = [await get_appointment(made.id) for _ in range(4)]
    answers = await asyncio.gather(
        *(cancel_now(copy, booker, ports) for copy in copies), return_exceptions=True
    )
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, ChangedMeanwhile) for answer in answers) == 3
    assert await in_use() == [1] * 5


async def test_a_cancelled_visit_cannot_be_moved(ports):
    await make_slots(10)
    booker = await make_booker()
    made = await book_now(wish(), booker, ports)
    await cancel_now(made, booker, ports)
    await expect_refused(WrongState, move_now(made, TEN + QUANTUM, booker, ports))


async def test_what_has_begun_can_be_neither_cancelled_nor_moved(ports, clock):
    await make_slots(10)
    booker = await make_booker()
    made = await book_now(wish(), booker, ports)
    clock.advance(days=1, hours=1)
    await expect_refused(TooLateToChange, cancel_now(made, booker, ports))
    await expect_refused(TooLateToChange, move_now(made, TEN + QUANTUM, booker, ports))


async def test_moving_by_one_slot_needs_only_the_one_that_is_new(ports):
    await make_slots(6)
    booker = await make_booker()
    old = await book_now(wish(), booker, ports)
    new = await move_now(old, TEN + QUANTUM, booker, ports)
    assert await in_use() == [0, 1, 1, 1, 1, 1]
    assert old.state is AppointmentState.RESCHEDULED
    assert (new.replaced_id, new.starts_at) == (old.id, TEN + QUANTUM)
    assert await live_of(booker) == 1
    live = await AppointmentItem.filter(live=True)
    assert [item.appointment_id for item in live] == [new.id]


async def test_a_move_that_finds_no_room_leaves_everything(ports):
    await make_slots(10)
    booker = await make_booker(1)
    made = await book_now(wish(), booker, ports)
    await book_now(wish(starts_at=TEN + 5 * QUANTUM), await make_booker(2), ports)
    await expect_refused(SlotFull, move_now(made, TEN + QUANTUM, booker, ports))
    assert (await get_appointment(made.id)).state is AppointmentState.PENDING


async def test_a_visit_can_move_to_another_point(ports):
    await make_slots(5)
    await make_slots(5, point_code=OTHER_STREET)
    booker = await make_booker()
    old = await book_now(wish(), booker, ports)
    new = await move_now(old, TEN, booker, ports, point_code=OTHER_STREET)
    assert new.point_code == OTHER_STREET
    assert await in_use() == [0] * 5 + [1] * 5
