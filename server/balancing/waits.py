"""How long a person will wait: from who is at the windows, who waits and who is on the way.

Service times are taken as log-normal. A service that has lasted a while says how much of it is
left, and how many people a hall will have served by a time is the sum over its windows; all of it
in units of the mean, so that one table serves every hall.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import erfc, exp, log, pi, sqrt

USUAL_MINUTES = 12.0
"""Mean of a service where nothing was measured yet."""
SIGMA = 0.8
"""Spread of the logarithm of service times; their deviation is then 0.95 of their mean."""
VARIATION = sqrt(exp(SIGMA**2) - 1)
ROOT_2, ROOT_2_PI = sqrt(2), sqrt(2 * pi)
STEPS_PER_MEAN = 12
LONGEST_ELAPSED = 5 * STEPS_PER_MEAN
"""Whoever is served for longer than five means counts as served for five."""
HORIZON = 10 * STEPS_PER_MEAN
"""From there on, windows serve at their mean rate."""

Curve = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Hall:
    """Who is at a point now: `elapsed` are the minutes each person at a window has been served.

    `ahead` are the people waiting, in people of mean length: two who need 6 minutes are one of 12.
    """

    windows: int
    elapsed: tuple[float, ...] = ()
    ahead: float = 0.0
    mean_minutes: float = USUAL_MINUTES

    @property
    def idle(self) -> int:
        """How many open windows serve nobody."""
        return max(0, self.windows - len(self.elapsed))


@dataclass(frozen=True, slots=True)
class Departures:
    """How many people a hall is expected to have served by a time, while there are people."""

    counts: Sequence[float]
    per_minute: float
    step_minutes: float

    def by(self, minutes: float) -> float:
        """Return how many are served within so many minutes."""
        place = minutes / self.step_minutes
        step = int(place)
        if step >= HORIZON:
            return self.counts[HORIZON] + (place - HORIZON) * self.step_minutes * self.per_minute
        low, high = self.counts[step], self.counts[step + 1]
        return low + (place - step) * (high - low)

    def minutes_until(self, count: float) -> float:
        """Return when so many are served; before now (negative) for a `count` below 0."""
        if count <= 0:
            return count / self.per_minute
        if count >= self.counts[HORIZON]:
            beyond = (count - self.counts[HORIZON]) / self.per_minute
            return HORIZON * self.step_minutes + beyond
        step = bisect_left(self.counts, count)
        low, high = self.counts[step - 1], self.counts[step]
        return (step - 1 + (count - low) / (high - low)) * self.step_minutes


def predict_wait(
    hall: Hall, *, arrives_in: float = 0.0, inbound: Sequence[float] = ()
) -> float | None:
    """Return the expected minutes in the queue of one who comes in `arrives_in` minutes.

    `inbound` are the minutes until those come who are on the way and will be before that one,
    soonest first. None while no window is open.
    """
    if hall.windows < 1:
        return None
    departures, turn = expect_departures(hall), hall.ahead - hall.idle
    counters = max(hall.windows, len(hall.elapsed))
    for minutes in inbound:
        turn = turn_after(departures, turn, counters, minutes)
    free_in = departures.minutes_until(turn + 1)
    return wait_after(departures, free_in, counters, arrives_in=arrives_in)


def expect_departures(hall: Hall) -> Departures:
    """Return how many the open windows of a hall will have served, minute by minute."""
    step = hall.mean_minutes / STEPS_PER_MEAN
    curves = _curves()
    rows = [curves[min(int(one / step + 0.5), LONGEST_ELAPSED)] for one in hall.elapsed]
    rows += [curves[0]] * hall.idle
    counts = array("d", map(sum, zip(*rows, strict=True)))
    return Departures(counts, len(rows) / hall.mean_minutes, step)


def turn_after(departures: Departures, turn: float, counters: int, arrives_in: float) -> float:
    """Return how many services end before the turn of who is behind one that comes then.

    `turn` is how many end before that one's own: at first the people ahead, less idle windows.
    """
    return max(turn + 1, departures.by(max(0.0, arrives_in)) - counters + 1)


def wait_after(
    departures: Departures, free_in: float, counters: int, *, arrives_in: float
) -> float:
    """Return what `predict_wait` does, from departures that are known already.

    `free_in` is how long the windows are left to those before that one.
    """
    if free_in <= 0:
        return 0.0
    served = departures.by(arrives_in)
    if free_in < arrives_in:
        free_in = max(free_in, departures.minutes_until(served - counters + 1))
    return expected_excess(free_in - arrives_in, VARIATION * sqrt(served) / departures.per_minute)


def expected_excess(mean: float, deviation: float) -> float:
    """Return the mean of what a normal quantity is above 0: nobody waits less than not at all."""
    if deviation <= 0:
        return max(0.0, mean)
    ratio = mean / deviation
    return deviation * exp(-ratio * ratio / 2) / ROOT_2_PI + mean * erfc(-ratio / ROOT_2) / 2


@cache
def _curves() -> tuple[Curve, ...]:
    renewals = [0.0]
    fresh = [_ended_by(0, step) for step in range(HORIZON + 1)]
    for step in range(1, HORIZON + 1):
        renewals.append(fresh[step] + _followed(fresh, renewals, step))
    return tuple(_curve(elapsed, renewals) for elapsed in range(LONGEST_ELAPSED + 1))


def _curve(elapsed: int, renewals: Sequence[float]) -> Curve:
    ended = [_ended_by(elapsed, step) for step in range(HORIZON + 1)]
    return tuple(ended[step] + _followed(ended, renewals, step) for step in range(HORIZON + 1))


def _followed(ended: Sequence[float], renewals: Sequence[float], until: int) -> float:
    """Return how many end after a first one, which ends in the middle of a step."""
    last = len(renewals) - 1
    return sum(
        (ended[step] - ended[step - 1])
        * (renewals[until - step] + renewals[min(until - step + 1, last)])
        / 2
        for step in range(1, until + 1)
    )


def _ended_by(elapsed: int, step: int) -> float:
    lasts = _survival(elapsed)
    return 1 - _survival(elapsed + step) / lasts


def _survival(step: int) -> float:
    if step == 0:
        return 1.0
    location = -(SIGMA**2) / 2
    return erfc((log(step / STEPS_PER_MEAN) - location) / SIGMA / sqrt(2)) / 2
