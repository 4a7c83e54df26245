"""Where a person is done soonest."""

import pytest

from server.balancing.rules import (
    Place,
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
