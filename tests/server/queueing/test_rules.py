"""Who is next: the pure part of calling."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from server.queueing.rules import (
    MOST_BOOKED_IN_A_ROW,
    TICK,
    Waiting,
    call_order,
    count_streak,
    label_of,
    mean_minutes,
    predict_wait_minutes,
    rank_after_miss,
    rank_of_booking,
)

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def at(minutes):
    return TEN + timedelta(minutes=minutes)


def booked(name, minutes):
    return Waiting(name, at(minutes), is_booked=True)


def walk_in(name, minutes):
    return Waiting(name, at(minutes), is_booked=False)


def names(order):
    return "".join(one.id for one in order)


def test_a_booking_ranks_by_its_own_time_unless_late():
    assert rank_of_booking(TEN, now=at(-30)) == TEN
    assert rank_of_booking(TEN, now=at(10)) == TEN
    assert rank_of_booking(TEN, now=at(11)) == at(11)


def test_a_booking_whose_time_has_come_goes_before_walk_ins_who_came_earlier():
    waiting = [walk_in("a", -50), booked("Y", -1)]
    assert names(call_order(waiting, now=TEN, booked_in_a_row=0)) == "Ya"


def test_after_two_bookings_a_walk_in_is_called():
    waiting = [walk_in("a", 0), walk_in("b", 0), *(booked(name, -5) for name in "UVWXY")]
    assert names(call_order(waiting, now=TEN, booked_in_a_row=0)) == "UVaWXbY"
    assert names(call_order(waiting, now=TEN, booked_in_a_row=2)) == "aUVbWXY"


def test_who_comes_early_waits_for_the_booked_time_while_others_wait():
    waiting = [booked("Y", 30), walk_in("a", 0), booked("X", 0)]
    assert names(call_order(waiting, now=TEN, booked_in_a_row=0)) == "XaY"


def test_only_bookings_since_the_last_walk_in_are_a_streak():
    assert count_streak([True, True, False, True]) == 2
    assert count_streak([False, True]) == 0
    assert count_streak([]) == 0


def test_whoever_missed_the_call_comes_back_behind_three():
    others = [walk_in(name, minutes) for minutes, name in enumerate("abcd")]
    assert rank_after_miss(others, now=TEN) == at(2) + TICK
    assert rank_after_miss(others[:1], now=TEN) == at(0) + TICK
    assert rank_after_miss([], now=TEN) == TEN


def test_the_wait_is_shared_by_the_open_windows():
    assert predict_wait_minutes(5, open_windows=2, minutes_each=8.0) == 20
    assert predict_wait_minutes(0, open_windows=2, minutes_each=8.0) == 0
    assert predict_wait_minutes(5, open_windows=0, minutes_each=8.0) is None


def test_minutes_are_measured_or_usual():
    assert mean_minutes([(at(0), at(4)), (at(0), at(12))]) == 8.0
    assert mean_minutes([(at(0), at(3))]) == 3.0
    assert mean_minutes([]) == 8.0


def test_a_number_is_called_with_its_series_and_three_digits():
    assert [label_of("A", 7), label_of("Y", 1234)] == ["A007", "Y1234"]


@given(
    lanes=st.lists(st.tuples(st.booleans(), st.integers(-60, 60)), max_size=40),
    streak=st.integers(0, MOST_BOOKED_IN_A_ROW),
)
def test_everybody_is_called_once_in_the_order_of_their_lane(lanes, streak):
    waiting = [
        Waiting(f"{place:02d}", at(minutes), is_booked)
        for place, (is_booked, minutes) in enumerate(lanes)
    ]
    order = call_order(waiting, now=TEN, booked_in_a_row=streak)
    assert sorted(one.id for one in order) == [one.id for one in waiting]
    for is_booked in (True, False):
        ranks = [(one.rank_at, one.id) for one in order if one.is_booked is is_booked]
        assert ranks == sorted(ranks)


@given(
    booked_count=st.integers(0, 20),
    walk_in_count=st.integers(0, 20),
    streak=st.integers(0, MOST_BOOKED_IN_A_ROW),
)
def test_no_walk_in_lets_more_than_two_bookings_pass(booked_count, walk_in_count, streak):
    waiting = [booked(f"Y{number}", -number) for number in range(booked_count)]
    waiting += [walk_in(f"a{number}", -number) for number in range(walk_in_count)]
    order = call_order(waiting, now=TEN, booked_in_a_row=streak)
    walk_ins_left = walk_in_count
    for one in order:
        streak = streak + 1 if one.is_booked else 0
        walk_ins_left -= not one.is_booked
        assert streak <= MOST_BOOKED_IN_A_ROW or walk_ins_left == 0
