"""Who is next: the pure part of calling."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.kinds import Lane
from server.queueing.rules import (
    MOST_FIRST_IN_A_ROW,
    TICK,
    Line,
    Waiting,
    arrive_by,
    before_newcomer,
    call_order,
    count_streak,
    label_of,
    lane_of_booking,
    must_leave,
    people_before,
    rank_after_miss,
    rank_of_booking,
)

BOOKED, GREEN, PLAIN = Lane.BOOKED, Lane.GREEN, Lane.PLAIN
TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def at(minutes):
    return TEN + timedelta(minutes=minutes)


def booked(name, minutes):
    return Waiting(name, at(minutes), BOOKED)


def walk_in(name, minutes):
    return Waiting(name, at(minutes), PLAIN)


def names(order):
    return "".join(one.id for one in order)


def test_a_booking_ranks_by_its_own_time_unless_late():
    assert rank_of_booking(TEN, now=at(-30)) == TEN
    assert rank_of_booking(TEN, now=at(10)) == TEN
    assert rank_of_booking(TEN, now=at(11)) == at(11)


def test_a_booking_whose_time_has_come_goes_before_walk_ins_who_came_earlier():
    waiting = [walk_in("a", -50), booked("Y", -1)]
    assert names(call_order(waiting, now=TEN, first_in_a_row=0)) == "Ya"


def test_after_two_bookings_a_walk_in_is_called():
    waiting = [walk_in("a", 0), walk_in("b", 0), *(booked(name, -5) for name in "UVWXY")]
    assert names(call_order(waiting, now=TEN, first_in_a_row=0)) == "UVaWXbY"
    assert names(call_order(waiting, now=TEN, first_in_a_row=2)) == "aUVbWXY"


def test_who_comes_early_waits_for_the_booked_time_while_others_wait():
    waiting = [booked("Y", 30), walk_in("a", 0), booked("X", 0)]
    assert names(call_order(waiting, now=TEN, first_in_a_row=0)) == "XaY"


def test_only_bookings_since_the_last_walk_in_are_a_streak():
    assert count_streak([BOOKED, GREEN, PLAIN, BOOKED]) == 2
    assert count_streak([PLAIN, BOOKED]) == 0
    assert count_streak([]) == 0


def test_whoever_missed_the_call_comes_back_behind_three():
    others = [walk_in(name, minutes) for minutes, name in enumerate("abcd")]
    assert rank_after_miss(others[:3], now=TEN) == at(2) + TICK
    assert rank_after_miss(others[:1], now=TEN) == at(0) + TICK
    assert rank_after_miss([], now=TEN) == TEN


def test_a_green_number_goes_before_plain_ones_and_in_time_order_with_bookings():
    waiting = [walk_in("a", -50), booked("Y", -1), Waiting("g", at(0), GREEN)]
    assert names(call_order(waiting, now=TEN, first_in_a_row=0)) == "Yga"
    assert names(call_order(waiting, now=TEN, first_in_a_row=2)) == "aYg"


def test_whoever_comes_late_for_a_booking_stands_as_one_who_walks_in():
    assert lane_of_booking(TEN, now=at(10), is_green=False) is BOOKED
    assert lane_of_booking(TEN, now=at(10.1), is_green=False) is PLAIN
    assert lane_of_booking(TEN, now=at(10.1), is_green=True) is GREEN


def test_a_place_is_kept_for_the_way_or_the_wait_whichever_is_longer_and_twenty_minutes():
    assert arrive_by(now=TEN, travel_minutes=12, wait_minutes=30.0) == at(50)
    assert arrive_by(now=TEN, travel_minutes=12, wait_minutes=3.0) == at(32)
    assert arrive_by(now=TEN, travel_minutes=12, wait_minutes=None) == at(32)


def test_people_leave_five_minutes_before_the_way_asks_for_it():
    assert must_leave(17.0, travel_minutes=12)
    assert not must_leave(17.1, travel_minutes=12)


def test_a_number_is_called_with_its_series_and_three_digits():
    assert [label_of("A", 7), label_of("Y", 1234)] == ["A007", "Y1234"]


@given(
    lanes=st.lists(st.tuples(st.sampled_from(Lane), st.integers(-60, 60)), max_size=40),
    streak=st.integers(0, MOST_FIRST_IN_A_ROW),
)
def test_everybody_is_called_once_in_the_order_of_their_lane(lanes, streak):
    waiting = [
        Waiting(f"{place:02d}", at(minutes), lane) for place, (lane, minutes) in enumerate(lanes)
    ]
    order = call_order(waiting, now=TEN, first_in_a_row=streak)
    assert sorted(one.id for one in order) == [one.id for one in waiting]
    for lane in Lane:
        ranks = [(one.rank_at, one.id) for one in order if one.lane is lane]
        assert ranks == sorted(ranks)


@given(
    lanes=st.lists(st.tuples(st.sampled_from(Lane), st.integers(-3, 3)), min_size=1, max_size=40),
    streak=st.integers(0, MOST_FIRST_IN_A_ROW),
)
def test_who_is_called_before_one_is_known_from_counts_alone(lanes, streak):
    waiting = [
        Waiting(f"{place:02d}", at(minutes), lane) for place, (lane, minutes) in enumerate(lanes)
    ]
    order = call_order(waiting, now=TEN, first_in_a_row=streak)
    everybody = Line(one.standing(TEN) for one in waiting)
    for place, one in enumerate(order):
        earlier = [other for other in waiting if (other.rank_at, other.id) < (one.rank_at, one.id)]
        ahead = Line(other.standing(TEN) for other in earlier)
        standing = one.standing(TEN)
        assert people_before(standing, ahead, everybody, first_in_a_row=streak) == place


@given(lanes=st.lists(st.tuples(st.sampled_from(Lane), st.integers(-3, 3)), max_size=40))
def test_a_newcomer_comes_after_those_who_are_called_before_a_plain_number(lanes):
    waiting = [
        Waiting(f"{place:02d}", at(minutes), lane) for place, (lane, minutes) in enumerate(lanes)
    ]
    newcomer = walk_in("me", 4)
    order = call_order([*waiting, newcomer], now=TEN, first_in_a_row=0)
    assert before_newcomer(waiting, now=TEN) == order[: order.index(newcomer)]


@given(
    before=st.integers(0, 8),
    comers=st.lists(st.lists(st.sampled_from((BOOKED, GREEN)), max_size=4), max_size=40),
)
def test_no_plain_number_starves_whoever_else_comes(before, comers):
    """One with n plain numbers before is called with the 3 (n + 1)th call at the latest."""
    waiting = [walk_in(f"a{number}", number - 60) for number in range(before)]
    waiting.append(walk_in("me", -1))
    called = []
    for call, coming in enumerate([*comers, *[[]] * 40]):
        waiting += [Waiting(f"c{call}-{n}", at(-5), lane) for n, lane in enumerate(coming)]
        streak = count_streak(lane for _, lane in reversed(called))
        chosen = call_order(waiting, now=TEN, first_in_a_row=streak)[0]
        waiting.remove(chosen)
        called.append((chosen.id, chosen.lane))
        if chosen.id == "me":
            break
    assert len(called) <= 3 * (before + 1)
