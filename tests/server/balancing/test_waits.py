"""How long a person will wait: against what a thousand halls did."""

from heapq import heapify, heapreplace
from math import log
from random import Random
from statistics import fmean

import pytest

from server.balancing.waits import (
    SIGMA,
    USUAL_MINUTES,
    Hall,
    expect_departures,
    expected_excess,
    predict_wait,
)

TRIES = 3_000


def _happened(hall: Hall, *, arrives_in=0.0, inbound=(), seed=4) -> float:
    dice = Random(seed)
    return fmean(_once(dice, hall, arrives_in, inbound) for _ in range(TRIES))


def _once(dice: Random, hall: Hall, arrives_in: float, inbound) -> float:
    free_at = [_remaining(dice, hall, elapsed) for elapsed in hall.elapsed] + [0.0] * hall.idle
    heapify(free_at)
    for comes_at in (*[0.0] * int(hall.ahead), *inbound):
        heapreplace(free_at, max(comes_at, free_at[0]) + _service(dice, hall))
    return max(0.0, free_at[0] - arrives_in)


def _service(dice: Random, hall: Hall) -> float:
    return dice.lognormvariate(log(hall.mean_minutes) - SIGMA**2 / 2, SIGMA)


def _remaining(dice: Random, hall: Hall, elapsed: float) -> float:
    while (minutes := _service(dice, hall)) <= elapsed:
        pass
    return minutes - elapsed


@pytest.mark.parametrize(
    ("hall", "arrives_in", "inbound"),
    [
        (Hall(1, (40.0,), 2), 5.0, ()),
        (Hall(2, (0.0, 5.0), 3), 0.0, ()),
        (Hall(2, (20.0, 5.0), 3), 10.0, (3.0, 6.0)),
        (Hall(2, (), 0), 10.0, (3.0, 6.0)),
        (Hall(2, (5.0,), 0), 15.0, (3.0, 6.0, 14.0)),
        (Hall(6, (3.0, 4.0, 5.0, 6.0, 20.0, 30.0), 5), 8.0, (1.0, 2.0, 3.0)),
        (Hall(24, tuple(map(float, range(24))), 20), 8.0, (1.0, 2.0, 3.0, 4.0)),
        (Hall(3, (1.0, 2.0, 3.0), 8, mean_minutes=5.0), 2.0, ()),
    ],
)
def test_the_wait_predicted_is_the_mean_of_what_happens(hall, arrives_in, inbound):
    happened = _happened(hall, arrives_in=arrives_in, inbound=inbound)
    predicted = predict_wait(hall, arrives_in=arrives_in, inbound=inbound)
    assert predicted == pytest.approx(happened, rel=0.06, abs=1.0)


def test_nobody_waits_at_an_idle_window_and_none_is_predicted_without_one():
    assert predict_wait(Hall(2, (9.0,))) == 0
    assert predict_wait(Hall(0, (), 3)) is None


def test_people_who_left_for_the_point_count_as_before_one():
    hall = Hall(2, (4.0, 4.0), 1)
    alone, behind = (
        predict_wait(hall, arrives_in=8.0),
        predict_wait(hall, arrives_in=8.0, inbound=(2.0, 5.0)),
    )
    assert behind - alone == pytest.approx(USUAL_MINUTES, rel=0.15)


def test_a_service_that_lasts_long_is_expected_to_last_on():
    short, long = predict_wait(Hall(1, (6.0,))), predict_wait(Hall(1, (48.0,)))
    assert short == pytest.approx(9.85, rel=0.16)
    assert long == pytest.approx(18.52, rel=0.16)


def test_a_point_of_quick_matters_waits_in_proportion():
    slow, quick = Hall(2, (6.0, 12.0), 4), Hall(2, (3.0, 6.0), 4, mean_minutes=6.0)
    assert predict_wait(quick) == pytest.approx(predict_wait(slow) / 2)


def test_departures_run_on_at_the_mean_rate_and_back():
    departures = expect_departures(Hall(3, (2.0, 20.0)))
    assert departures.by(600.0) - departures.by(480.0) == pytest.approx(30)
    for count in (0.5, 4.0, 29.0, 90.0):
        assert departures.by(departures.minutes_until(count)) == pytest.approx(count)
    assert departures.minutes_until(-2.0) == -8


def test_the_mean_of_a_wait_is_above_that_of_a_certain_one():
    assert (expected_excess(3.0, 0.0), expected_excess(-3.0, 0.0)) == (3.0, 0.0)
    assert expected_excess(0.0, 10.0) == pytest.approx(3.989, abs=0.001)
    assert expected_excess(30.0, 3.0) == pytest.approx(30)
