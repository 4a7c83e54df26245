"""Closing a point: shown before, done as shown, and nobody loses one place before the other."""

import asyncio
from datetime import timedelta

import pytest

from models.appointments import Appointment, Slot
from models.closures import Closure, Reseating
from models.notifications import Notice
from models.states import AppointmentState, ClosureState, OfferState, ReseatingState
from models.waitlist import Offer
from server.appointments.closing import lift
from server.appointments.closures import left_open
from server.appointments.errors import ClosureTooLate, SituationChanged, SlotFull
from server.appointments.offers import accept_offer, end_offer
from server.appointments.reconciling import find_differences, replay
from server.appointments.reseating import record_call
from server.appointments.rules import Step, next_step
from server.appointments.service import get_appointment
from server.appointments.tasks import follow_closures
from server.kit.access import ENGINE
from server.kit.errors import WrongState
from server.kit.states import moves_of
from server.kit.transaction import in_transaction
from tests.support.booking import (
    QUANTUM,
    STREET,
    TEN,
    book_now,
    cancel_now,
    everything,
    make_booker,
    wish,
)
from tests.support.closing import (
    EVE,
    MORNING,
    NEAR,
    NOON,
    SUPERVISOR,
    book_many,
    close_as_shown,
    close_now,
    closing,
    open_points,
    preview,
    some_windows,
)

WAITS, ASKED, MOVED, TO_CALL, CALLED, SPARED = ReseatingState


@pytest.fixture
async def points(ports):
    """A street with three places side by side and a community with one, on sale."""
    await open_points(ports)
    return (
        await Slot.filter(starts_at=TEN).order_by("point_code").values_list("capacity", flat=True)
    )


def seats(impact):
    """Where each visit could go, in the order of the list: the point, and how many quanta later."""
    return [
        hit.seat and (hit.seat.place.point_code, (hit.seat.place.starts_at - TEN) / QUANTUM)
        for hit in impact.hits
    ]


async def states():
    """How far each person is, in the order of the list."""
    return await Reseating.all().order_by("id").values_list("state", flat=True)


async def offer_of(visit):
    return await Offer.get(replaces_id=visit.id)


async def capacities(point_code, first_at, until):
    rows = Slot.filter(point_code=point_code, starts_at__gte=first_at, starts_at__lt=until)
    return set(await rows.values_list("capacity", flat=True))


async def told(kind):
    return await Notice.filter(kind=kind).count()


async def is_sound(ports):
    """No counter differs from its rows, and no slot ever had more than it had room for."""
    replays = [
        await replay(slot, settings=ports.settings) for slot in await Slot.filter(taken__gt=0)
    ]
    return await find_differences(ports) == [] and all(one.agrees for one in replays)


async def test_a_preview_names_whom_it_hits_and_the_nearest_place_and_changes_nothing(
    ports, points
):
    assert points == [3, 1]
    first, second, third = await book_many(3, ports)
    before = await everything()
    impact = await preview(closing(), ports)
    assert [hit.visit.id for hit in impact.hits] == [first.id, second.id, third.id]
    assert seats(impact) == [(NEAR, 0), (NEAR, -5), (NEAR, 5)]
    assert (await preview(closing(), ports)).version == impact.version
    assert (await preview(closing(reason="停水"), ports)).version != impact.version
    assert await everything() == before
    assert await Closure.exists() is False


async def test_a_place_offered_is_one_that_anybody_could_book(ports, points):
    del points
    await book_many(1, ports)
    [hit] = (await preview(closing(), ports)).hits
    wanted = wish(starts_at=hit.seat.place.starts_at, point_code=hit.seat.place.point_code)
    await book_now(wanted, await make_booker(50), ports)
    [again] = (await preview(closing(), ports)).hits
    assert again.seat.place != hit.seat.place
    with pytest.raises(SlotFull):
        await book_now(wanted, await make_booker(51), ports)


async def test_the_same_point_is_the_nearest_where_it_stays_open(ports, points):
    del points
    await book_many(3, ports)
    impact = await preview(closing(starts_at=TEN, ends_at=TEN + 3 * QUANTUM), ports)
    assert seats(impact) == [(NEAR, 0), (STREET, -5), (STREET, -5)]


async def test_closing_does_just_what_was_shown(ports, points):
    del points
    visits = await book_many(3, ports)
    impact = await preview(closing(), ports)
    await close_now(closing(), impact.version, ports)
    offers = [await offer_of(visit) for visit in visits]
    assert [(one.point_code, one.starts_at) for one in offers] == [
        (hit.seat.place.point_code, hit.seat.place.starts_at) for hit in impact.hits
    ]
    assert {one.held_until for one in offers} == {EVE}
    assert await capacities(STREET, MORNING, NOON) == {0}
    assert await capacities(STREET, NOON, TEN + timedelta(hours=24)) == {3}
    assert await capacities(NEAR, MORNING, NOON) == {1}
    assert [(await get_appointment(one.id)).state for one in visits] == ["confirmed"] * 3
    assert await is_sound(ports)
    with pytest.raises(SlotFull):
        await book_now(wish(starts_at=TEN + 12 * QUANTUM), await make_booker(9), ports)


async def test_making_slots_again_does_not_undo_a_closure(ports, points):
    del points
    await close_as_shown(closing(), ports)
    await open_points(ports)
    assert await capacities(STREET, MORNING, NOON) == {0}


async def test_what_was_shown_and_is_no_longer_so_is_refused_and_changes_nothing(ports, points):
    del points
    visits = await book_many(2, ports)
    version = (await preview(closing(), ports)).version
    await cancel_now(visits[0], await make_booker(0), ports)
    before = await everything()
    with pytest.raises(SituationChanged):
        await close_now(closing(), version, ports)
    with pytest.raises(ClosureTooLate):
        await preview(closing(deadline_at=ports.now()), ports)
    assert await everything() == before
    assert (await Closure.exists(), await Offer.exists(), await states()) == (False, False, [])


@pytest.mark.parametrize("people", [0, 3])
async def test_of_two_who_close_at_once_one_does(ports, points, people):
    del points
    await book_many(people, ports)
    version = (await preview(closing(), ports)).version
    work = [close_now(closing(), version, ports) for _ in range(2)]
    results = await asyncio.gather(*work, return_exceptions=True)
    assert sum(isinstance(one, SituationChanged) for one in results) == 1
    assert await Closure.all().count() == 1
    assert await Offer.all().count() == await Reseating.all().count() == people


async def test_everybody_is_told_once_and_moved_when_they_agree(ports, points):
    del points
    visits = await book_many(2, ports)
    await close_as_shown(closing(), ports)
    for _ in range(2):
        await follow_closures(ports)
    assert (await states(), await told("closure_offered")) == ([ASKED, ASKED], 2)
    offer = await offer_of(visits[0])
    made = await in_transaction(
        lambda: accept_offer(offer, actor=ENGINE, now=ports.now(), settings=ports.settings)
    )
    assert (made.point_code, made.replaced_id, made.state) == (NEAR, visits[0].id, "confirmed")
    for _ in range(2):
        await follow_closures(ports)
    assert await states() == [MOVED, ASKED]
    assert (await get_appointment(visits[0].id)).state is AppointmentState.RESCHEDULED
    assert (await get_appointment(visits[1].id)).state is AppointmentState.CONFIRMED
    assert await told("closure_offered") == 2
    assert await is_sound(ports)


async def test_who_is_silent_is_moved_when_the_deadline_passes(ports, points, clock):
    del points
    [visit] = await book_many(1, ports)
    await close_as_shown(closing(), ports)
    await follow_closures(ports)
    clock.advance(seconds=(EVE - ports.now()).total_seconds() - 1)
    await follow_closures(ports)
    assert await states() == [ASKED]
    clock.advance(seconds=1)
    for _ in range(2):
        await follow_closures(ports)
    assert await states() == [MOVED]
    moved = await Appointment.get(replaced_id=visit.id)
    assert (moved.point_code, moved.starts_at, moved.state) == (NEAR, TEN, "confirmed")
    assert (await moves_of(Appointment, visit.id))[-1].actor == "nobody:engine"
    assert await is_sound(ports)


async def test_who_declines_or_has_nowhere_to_go_keeps_the_place_and_is_called(ports, points):
    del points
    visits = await book_many(2, ports)
    await Slot.filter(point_code=NEAR).update(capacity=0)
    just_one = Slot.filter(starts_at__gte=TEN, starts_at__lt=TEN + 5 * QUANTUM)
    await just_one.filter(point_code=NEAR).update(capacity=1)
    await close_as_shown(closing(), ports)
    await follow_closures(ports)
    assert (await states(), await told("closure_to_call")) == ([ASKED, TO_CALL], 1)
    offer = await offer_of(visits[0])
    await in_transaction(
        lambda: end_offer(
            offer, OfferState.DECLINED, actor=ENGINE, now=ports.now(), settings=ports.settings
        )
    )
    for _ in range(2):
        await follow_closures(ports)
    assert (await states(), await told("closure_to_call")) == ([TO_CALL, TO_CALL], 2)
    assert {(await get_appointment(one.id)).state for one in visits} == {"confirmed"}
    assert await is_sound(ports)


async def test_a_call_ends_the_visit_only_if_that_was_agreed(ports, points):
    del points
    visits = await book_many(2, ports)
    await Slot.filter(point_code=NEAR).update(capacity=0)
    await close_as_shown(closing(), ports)
    await follow_closures(ports)
    rows = await Reseating.all().order_by("id")
    for row, is_cancelled in zip(rows, (True, False), strict=True):
        await in_transaction(
            lambda row=row, is_cancelled=is_cancelled: record_call(
                row,
                note="已电话联系",
                is_cancelled=is_cancelled,
                actor=SUPERVISOR,
                now=ports.now(),
                settings=ports.settings,
            )
        )
    await follow_closures(ports)
    assert await states() == [SPARED, CALLED]
    now = [(await get_appointment(one.id)).state for one in visits]
    assert now == ["cancelled", "confirmed"]
    with pytest.raises(WrongState):
        await record_call(
            rows[0],
            note="x",
            is_cancelled=False,
            actor=SUPERVISOR,
            now=ports.now(),
            settings=ports.settings,
        )
    assert await is_sound(ports)


async def test_who_cancels_gives_back_what_was_held_too(ports, points):
    del points
    [visit] = await book_many(1, ports)
    await close_as_shown(closing(), ports)
    await follow_closures(ports)
    await cancel_now(visit, await make_booker(0), ports)
    await follow_closures(ports)
    assert await states() == [SPARED]
    assert (await offer_of(visit)).state is OfferState.WITHDRAWN
    assert await is_sound(ports)


async def test_lifting_gives_everything_back_and_tells_whoever_was_told(ports, points):
    del points
    visits = await book_many(2, ports)
    closure = closing()
    await close_as_shown(closure, ports)
    await follow_closures(ports)
    offer = await offer_of(visits[0])
    await in_transaction(
        lambda: accept_offer(offer, actor=ENGINE, now=ports.now(), settings=ports.settings)
    )
    await in_transaction(
        lambda: lift(closure, actor=SUPERVISOR, now=ports.now(), settings=ports.settings)
    )
    assert await capacities(STREET, MORNING, NOON) == {3}
    for _ in range(2):
        await follow_closures(ports)
    assert (await states(), closure.state) == ([MOVED, SPARED], ClosureState.LIFTED)
    assert await told("closure_lifted") == 1
    assert (await get_appointment(visits[1].id)).state is AppointmentState.CONFIRMED
    assert await is_sound(ports)
    again = await preview(closing(), ports)
    assert [hit.visit.id for hit in again.hits] == [visits[1].id]


async def test_of_a_window_that_closes_the_last_who_booked_are_hit(ports, points):
    del points
    visits = await book_many(3, ports)
    other = await book_many(1, ports, at=TEN + 5 * QUANTUM, first=7)
    impact = await preview(some_windows(2), ports)
    assert [hit.visit.id for hit in impact.hits] == [visits[1].id, visits[2].id]
    await close_now(some_windows(2), impact.version, ports)
    assert await capacities(STREET, MORNING, NOON) == {1}
    for _ in range(3):
        await follow_closures(ports)
    assert await Reseating.all().count() == 2
    assert (await get_appointment(other[0].id)).state is AppointmentState.CONFIRMED


async def test_whoever_got_in_between_is_listed_too(ports, points, clock):
    del points
    await close_as_shown(closing(), ports)
    await Slot.filter(point_code=STREET).update(capacity=3)
    [late] = await book_many(1, ports)
    await open_points(ports, STREET)
    clock.advance(seconds=(EVE - ports.now()).total_seconds() + 60)
    for _ in range(2):
        await follow_closures(ports)
    offer = await offer_of(late)
    assert (await states(), await told("closure_offered")) == ([ASKED], 1)
    assert offer.held_until == ports.now() + timedelta(minutes=30)
    clock.advance(minutes=30)
    await follow_closures(ports)
    assert await states() == [MOVED]
    assert await is_sound(ports)


async def test_whose_time_comes_before_the_deadline_is_called(ports, points):
    del points
    await book_many(1, ports)
    [hit] = (await preview(closing(deadline_at=TEN), ports)).hits
    assert hit.seat is None


@pytest.mark.parametrize(
    ("capacity", "windows", "left"),
    [(3, [], 3), (3, [1], 2), (3, [1, 1], 1), (3, [5], 0), (3, [None], 0), (3, [1, None], 0)],
)
def test_closures_leave_what_they_do_not_take(capacity, windows, left):
    assert left_open(capacity, [closing(windows=count) for count in windows]) == left


@pytest.mark.parametrize(
    ("state", "offer", "has_visit", "is_lifted", "is_due", "step"),
    [
        (WAITS, "held", True, False, False, Step.TELL),
        (WAITS, "held", True, False, True, Step.TELL),
        (WAITS, None, True, False, False, Step.CALL),
        (WAITS, "declined", True, False, False, Step.CALL),
        (WAITS, "accepted", False, False, False, Step.FOLLOW),
        (WAITS, "held", True, True, False, Step.SPARE),
        (ASKED, "held", True, False, False, Step.REST),
        (ASKED, "held", True, False, True, Step.MOVE),
        (ASKED, "declined", True, False, True, Step.CALL),
        (ASKED, "withdrawn", True, False, True, Step.CALL),
        (ASKED, "accepted", False, True, True, Step.FOLLOW),
        (ASKED, "held", False, False, True, Step.SPARE),
        (ASKED, "held", True, True, True, Step.SPARE),
        (TO_CALL, None, True, False, True, Step.REST),
        (TO_CALL, "declined", False, False, True, Step.SPARE),
        (TO_CALL, None, True, True, False, Step.SPARE),
        (CALLED, None, True, False, False, Step.REST),
        (CALLED, None, False, False, False, Step.SPARE),
        (CALLED, None, True, True, False, Step.SPARE),
    ],
)
def test_what_comes_next(state, offer, has_visit, is_lifted, is_due, step):
    stands = offer and OfferState(offer)
    assert step is next_step(
        state=state, offer=stands, has_visit=has_visit, is_lifted=is_lifted, is_due=is_due
    )
