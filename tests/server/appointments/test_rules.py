"""Which visits fit where: the pure part of booking."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.appointments.rules import (
    SlotRoom,
    confirm_by,
    count_minutes,
    count_quanta,
    free_own,
    list_starts,
    nearest,
    paused_until,
    release_at,
    runs_of,
    with_room,
)

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
QUANTUM = timedelta(minutes=5)


def slots(*rooms, begin=NINE, first_id=1):
    return [
        SlotRoom(first_id + place, begin + place * QUANTUM, room)
        for place, room in enumerate(rooms)
    ]


def starts_of(found):
    return [start.starts_at for start in found]


def test_a_visit_takes_the_minutes_of_all_its_items():
    assert count_minutes({"A": 12, "B": 25}, set()) == 37


def test_a_passed_pre_review_halves_the_minutes_of_its_item_only():
    assert count_minutes({"A": 12, "B": 25}, {"B"}) == 12 + 13


def test_no_item_is_shortened_below_five_minutes_nor_lengthened():
    assert count_minutes({"A": 6, "B": 3}, {"A", "B"}) == 5 + 3


def test_quanta_are_rounded_up():
    assert [count_quanta(minutes, 5) for minutes in (1, 5, 6, 25, 26)] == [1, 1, 2, 5, 6]


def test_a_visit_starts_only_where_all_its_neighbouring_slots_have_room():
    found = list_starts(slots(1, 1, 0, 2, 3, 1), quanta=2, quantum=QUANTUM)
    bookable = with_room(found, after=NINE - QUANTUM)
    assert starts_of(bookable) == [NINE, NINE + 3 * QUANTUM, NINE + 4 * QUANTUM]
    assert [start.room for start in bookable] == [1, 2, 1]
    assert bookable[1].slot_ids == (4, 5)


def test_a_visit_never_spans_the_noon_break():
    day = slots(1, 1) + slots(1, 1, begin=NINE + timedelta(hours=4), first_id=3)
    found = list_starts(day, quanta=2, quantum=QUANTUM)
    assert starts_of(found) == [NINE, NINE + timedelta(hours=4)]


def test_what_has_begun_cannot_be_booked():
    found = list_starts(slots(1, 1, 1), quanta=1, quantum=QUANTUM)
    assert starts_of(with_room(found, after=NINE)) == [NINE + QUANTUM, NINE + 2 * QUANTUM]


def test_own_places_count_as_free_for_whoever_moves():
    freed = free_own(slots(0, 0, 1), {2})
    assert [slot.room for slot in freed] == [0, 1, 1]


def test_freed_slots_fall_into_runs_of_neighbours():
    starts = [NINE + place * QUANTUM for place in (3, 0, 1, 5, 4)]
    assert runs_of(starts, QUANTUM) == [(NINE, 2), (NINE + 3 * QUANTUM, 3)]


def test_a_freed_place_waits_between_the_two_delays():
    for luck, minutes in ((0.0, 1.0), (0.5, 5.5), (1.0, 10.0)):
        assert released_after(timedelta(days=1), luck) == timedelta(minutes=minutes)


def test_a_place_that_begins_soon_waits_less_but_never_less_than_the_least():
    assert released_after(timedelta(minutes=8), 1.0) == timedelta(minutes=4)
    assert released_after(timedelta(minutes=1), 1.0) == timedelta(minutes=1)
    assert released_after(-timedelta(minutes=1), 0.5) == timedelta(minutes=1)


def released_after(ahead, luck):
    delays = timedelta(minutes=1), timedelta(minutes=10)
    return release_at(NINE + ahead, now=NINE, delays=delays, luck=luck) - NINE


def test_other_times_are_the_nearest_ones_an_hour_apart():
    found = list_starts(slots(*[1] * 60), quanta=1, quantum=QUANTUM)
    chosen = nearest(found, NINE + timedelta(minutes=90), count=3)
    assert starts_of(chosen) == [NINE + timedelta(minutes=minutes) for minutes in (30, 90, 150)]


def test_a_point_answers_before_the_visit_at_the_latest():
    half_an_hour = timedelta(minutes=30)
    assert confirm_by(NINE, now=NINE - timedelta(hours=1), within=half_an_hour) == (
        NINE - half_an_hour
    )
    assert confirm_by(NINE, now=NINE - QUANTUM, within=half_an_hour) == NINE


def test_the_third_missed_visit_pauses_booking_for_thirty_days():
    assert paused_until(2, now=NINE) is None
    assert paused_until(3, now=NINE) == NINE + timedelta(days=30)


@given(
    rooms=st.lists(st.integers(min_value=-2, max_value=3), max_size=40),
    quanta=st.integers(min_value=1, max_value=8),
)
def test_what_is_listed_is_what_can_be_booked(rooms, quanta):
    day = slots(*rooms)
    found = with_room(list_starts(day, quanta=quanta, quantum=QUANTUM), after=NINE - QUANTUM)
    by_hand = [
        day[place].starts_at
        for place in range(len(day) - quanta + 1)
        if all(slot.room > 0 for slot in day[place : place + quanta])
    ]
    assert starts_of(found) == by_hand


@given(st.sets(st.integers(min_value=0, max_value=40)))
def test_runs_hold_every_slot_once_and_never_touch(places):
    runs = runs_of([NINE + place * QUANTUM for place in places], QUANTUM)
    covered = [(first - NINE) // QUANTUM + n for first, length in runs for n in range(length)]
    assert covered == sorted(places)
    ends = [first + length * QUANTUM for first, length in runs]
    assert all(end < first for end, (first, _) in zip(ends, runs[1:], strict=False))
