"""Where a person is done soonest, and where work is."""

import pytest

from server.balancing.rebuild import Differences, compare
from server.balancing.rules import (
    Place,
    ReviewBacklog,
    choose_point,
    distance_km,
    travel_minutes,
)


def test_a_degree_of_latitude_is_111_kilometres():
    assert distance_km(Place(26, 119), Place(27, 119)) == pytest.approx(111.19, abs=0.01)


def test_a_place_is_no_distance_from_itself_and_half_the_globe_from_its_antipode():
    assert distance_km(Place(26.089, 119.297), Place(26.089, 119.297)) == 0
    assert distance_km(Place(0, 0), Place(0, 180)) == pytest.approx(20015.09, abs=0.01)


def test_the_way_takes_four_minutes_and_four_and_a_third_for_each_kilometre():
    assert travel_minutes(0.0) == 4
    assert travel_minutes(3.0) == 17


def test_without_a_start_the_way_takes_no_time():
    assert travel_minutes(None) == 0


def test_the_wish_is_kept_while_it_is_done_within_a_working_day():
    wished = ReviewBacklog("wished", minutes=413, reviewers=1)
    idle = ReviewBacklog("idle", minutes=0, reviewers=4)
    assert choose_point([idle, wished], wished=wished, minutes=7) == "wished"
    assert choose_point([idle, wished], wished=wished, minutes=8) == "idle"


def test_without_a_wish_the_least_expected_completion_wins():
    many_hands = ReviewBacklog("many", minutes=120, reviewers=12)
    few_hands = ReviewBacklog("few", minutes=50, reviewers=4)
    assert choose_point([few_hands, many_hands], wished=None, minutes=7) == "many"


def test_equal_points_are_chosen_by_code():
    assert (
        choose_point([ReviewBacklog("b", 0, 1), ReviewBacklog("a", 0, 1)], wished=None, minutes=7)
        == "a"
    )


def test_every_kind_of_difference_is_named():
    known = {("A", "gone"): 1.0, ("A", "late"): 1.0, ("A", "same"): 3.0}
    true = {("A", "late"): 2.0, ("A", "same"): 3.0, ("B", "new"): 4.0}
    found = compare(known, true, known_minutes={"A": 9, "C": 0}, minutes={"A": 14, "B": 7})
    assert found == Differences(
        missing=(("B", "new"),),
        misplaced=(("A", "late"),),
        stale=(("A", "gone"),),
        backlogs=(("A", 9, 14), ("B", 0, 7)),
    )
    assert found.count == 5
    assert found.lines() == [
        "missing review new at B",
        "misplaced review late at A",
        "stale review gone at A",
        "backlog of A: 9 minutes in Redis, 14 in the database",
        "backlog of B: 0 minutes in Redis, 7 in the database",
    ]
