"""Which point a person is sent to: the policy that the engine and the simulation both follow.

Pure: instants are minutes of one clock, places are km on a local plane. What happens at a point is
told to it; how long a service takes is known only once it has ended.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappush, heapreplace
from itertools import count
from math import inf, nextafter

from server.balancing.nearby import NearbyIndex
from server.balancing.rules import TRAVEL_BASE_MINUTES, reach_km, travel_minutes
from server.balancing.waits import (
    USUAL_MINUTES,
    Departures,
    Hall,
    expect_departures,
    turn_after,
    wait_after,
)

OUTLOOK_KEPT_MINUTES = 1.0
"""Within a minute, how long services have lasted changes little."""
LEG_MINUTES = TRAVEL_BASE_MINUTES / 2
"""To the stop; and as long from the last stop to the counter."""
MOST_OFFERS = 5
"""Nobody is sent on more often than that."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How people are guided.

    `for_others` weighs the minutes of delay put on those who are known to come behind one,
    `for_unknown` that on those who may. An offer to go elsewhere is made where it saves
    `worth_turning` minutes of all that weighs to one under way, `worth_leaving` to one who queues.
    """

    for_others: float = 0.2
    for_unknown: float = 0.5
    worth_turning: float = 1.5
    worth_leaving: float = 3.0


DEFAULT_MANNER = Manner()


@dataclass(slots=True)
class _Outlook:
    """What is expected of a point from `since` on, if nothing else happens.

    `taken[n]` is for how many minutes the windows are left to those before the one who comes
    behind n people under way.
    """

    since: float
    departures: Departures
    taken: Sequence[float]


class PointNow:
    """Who is at a point, who waits and who is on the way; `ahead` counts people of mean length.

    Nobody who comes is served before `busy_until`, as long as nothing else happens: a service that
    goes on only ends later than it was expected to.
    """

    __slots__ = (
        "_departures",
        "_known_at",
        "_outlook",
        "ahead",
        "arrivals",
        "busy_until",
        "code",
        "east_km",
        "mean_minutes",
        "north_km",
        "started",
        "windows",
    )

    def __init__(
        self,
        code: str,
        place: tuple[float, float],
        *,
        windows: int,
        mean_minutes: float = USUAL_MINUTES,
    ) -> None:
        self.code, self.windows, self.mean_minutes = code, windows, mean_minutes
        self.east_km, self.north_km = place
        self.started: list[float] = []
        self.ahead = 0.0
        self.arrivals = array("d")
        self._departures: Departures | None = None
        self._known_at = -inf
        self._outlook: _Outlook | None = None
        self.busy_until = -inf

    def become(
        self,
        *,
        windows: int,
        mean_minutes: float,
        started: Sequence[float],
        ahead: float,
        arrivals: Sequence[float],
    ) -> None:
        """Forget what was known of the point, and know this instead."""
        self.windows, self.mean_minutes, self.ahead = windows, mean_minutes, ahead
        self.started, self.arrivals = list(started), array("d", sorted(arrivals))
        self._forget_services()

    def expect(self, arrives_at: float) -> None:
        """Note that somebody is on the way."""
        insort(self.arrivals, arrives_at)
        self._outlook = None

    def expect_no_longer(self, arrives_at: float) -> None:
        """Note that one who would have come at `arrives_at` has come, or will not."""
        del self.arrivals[bisect_left(self.arrivals, arrives_at)]
        self._outlook = None

    def queue(self, people: float = 1.0) -> None:
        """Note that somebody queues, or with -1 that one left the queue."""
        self.ahead += people
        self._outlook, self.busy_until = None, -inf

    def begin(self, now: float) -> None:
        """Note that a service began."""
        self.started.append(now)
        self._forget_services()

    def end(self, started: float) -> None:
        """Note that the service that began at `started` has ended."""
        self.started.remove(started)
        self._forget_services()

    def foresee(self, arrives_at: float, now: float) -> tuple[float, float, float]:
        """Return the minutes that one who comes at `arrives_at` is expected to wait, and to cost.

        That is the delay put on others, all of them together: on those known to come behind; and
        on those not known yet: in a busy hall somebody comes for each one who is served, and waits
        longer by the mean service ÷ windows, for as long as the windows are left to those before.
        """
        outlook = self._look(now)
        before = bisect_right(self.arrivals, arrives_at)
        free_in = outlook.taken[before]
        wait = wait_after(
            outlook.departures, free_in, self._counters, arrives_in=arrives_at - outlook.since
        )
        known = (len(self.arrivals) - before) * self.minutes_a_turn
        return wait, known, max(0.0, free_in - (now - outlook.since))

    def wait_at(self, arrives_at: float, now: float) -> float:
        """Return the minutes that one who comes at `arrives_at` is expected to wait."""
        return self.foresee(arrives_at, now)[0]

    def wait_in_queue(self, before: float, now: float) -> float:
        """Return the minutes that one who queues behind `before` others is expected to wait."""
        outlook = self._look(now)
        return max(0.0, outlook.departures.minutes_until(before + 1) - (now - outlook.since))

    @property
    def minutes_a_turn(self) -> float:
        """Minutes from one turn to the next, while there are people."""
        return self.mean_minutes / max(1, self.windows)

    @property
    def _counters(self) -> int:
        return max(self.windows, len(self.started))

    def _forget_services(self) -> None:
        self._departures = self._outlook = None
        self.busy_until = -inf

    def _look(self, now: float) -> _Outlook:
        outlook = self._outlook
        if outlook is None or now - outlook.since > OUTLOOK_KEPT_MINUTES:
            outlook = self._outlook = self._look_anew(now)
        return outlook

    def _look_anew(self, now: float) -> _Outlook:
        departures = self._departures
        if departures is None or now - self._known_at > OUTLOOK_KEPT_MINUTES:
            elapsed = tuple(now - started for started in self.started)
            hall = Hall(self.windows, elapsed, self.ahead, self.mean_minutes)
            departures = self._departures = expect_departures(hall)
            self._known_at = now
        since, counters = self._known_at, self._counters
        turn = self.ahead - max(0, self.windows - len(self.started)) + departures.by(now - since)
        taken = array("d", [departures.minutes_until(turn + 1)])
        for arrives_at in self.arrivals:
            turn = turn_after(departures, turn, counters, arrives_at - since)
            taken.append(departures.minutes_until(turn + 1))
        self.busy_until = since + taken[0] - departures.step_minutes
        return _Outlook(since, departures, taken)


@dataclass(frozen=True, slots=True)
class Choice:
    """A point to go to, and the minutes that are expected on the way and in the queue there."""

    point: PointNow
    distance_km: float
    travel: float
    wait: float
    cost: float
    """Travel and wait, and what the delay put on others weighs."""


@dataclass(slots=True)
class Journey:
    """One who is on the way to a point: rides in a straight line from where the ride begins."""

    point: PointNow
    east_km: float
    north_km: float
    rides_at: float
    arrives_at: float

    def stand(self, now: float) -> tuple[float, float, float]:
        """Return (km east, km north, minutes to walk in all if the journey turns now)."""
        ends_at = self.arrives_at - LEG_MINUTES
        if now < self.rides_at:
            return self.east_km, self.north_km, self.rides_at - now + LEG_MINUTES
        if now >= ends_at:
            return self.point.east_km, self.point.north_km, TRAVEL_BASE_MINUTES
        part = (now - self.rides_at) / (ends_at - self.rides_at)
        east = self.east_km + part * (self.point.east_km - self.east_km)
        north = self.north_km + part * (self.point.north_km - self.north_km)
        return east, north, LEG_MINUTES


class Board:
    """All points at once."""

    def __init__(self, points: Sequence[PointNow], manner: Manner = DEFAULT_MANNER) -> None:
        self.points = tuple(points)
        self._manner = manner
        self._index = NearbyIndex(self.points)

    def nearest(self, east_km: float, north_km: float, *, limit: int) -> list[PointNow]:
        """Return the nearest points, the nearest first."""
        return [point for _, point in self._index.nearest(east_km, north_km, limit=limit)]

    def choose(
        self,
        east_km: float,
        north_km: float,
        now: float,
        *,
        walk: float = TRAVEL_BASE_MINUTES,
        below: float = inf,
    ) -> Choice | None:
        """Return the point of the least cost, if that is less than `below`."""
        best = _Best(1, below, walk - TRAVEL_BASE_MINUTES)
        return next(iter(self._search(east_km, north_km, now, best)), None)

    def rank(self, east_km: float, north_km: float, now: float, *, limit: int) -> list[Choice]:
        """Return the `limit` points of the least cost, the least first."""
        return self._search(east_km, north_km, now, _Best(limit))

    def rank_waits(self, now: float) -> list[Choice]:
        """Return all points for somebody whose place is not known, the shortest wait first."""
        waits = [(point.wait_at(now, now), point.code, point) for point in self.points]
        return [Choice(point, 0.0, 0.0, wait, wait) for wait, _, point in sorted(waits)]

    def offer_under_way(self, journey: Journey, now: float) -> Choice | None:
        """Return where one under way had better go instead."""
        point = journey.point
        arrives_at = nextafter(journey.arrives_at, -inf)  # the one who is expected is no other
        wait, known, unknown = point.foresee(arrives_at, now)
        east_km, north_km, walk = journey.stand(now)
        others = self._for_others(known - point.minutes_a_turn, unknown)
        cost = arrives_at - now + wait + others
        least = cost - self._manner.worth_turning
        if wait < self._manner.worth_turning or least <= walk:
            return None
        return self._elsewhere(point, self.choose(east_km, north_km, now, walk=walk, below=least))

    def offer_in_queue(self, point: PointNow, before: int, now: float) -> Choice | None:
        """Return where one who queues behind `before` others had better go instead."""
        wait = point.wait_in_queue(before, now)
        least = wait + self._for_others(0, wait) - self._manner.worth_leaving
        if least <= TRAVEL_BASE_MINUTES:
            return None
        found = self.choose(point.east_km, point.north_km, now, below=least)
        return self._elsewhere(point, found)

    def _search(self, east_km: float, north_km: float, now: float, best: "_Best") -> list[Choice]:
        """Look at points from near to far, until the way alone costs more than the best."""
        for distance, point in self._index.around(east_km, north_km, best.reach_km):
            travel = best.walked + travel_minutes(distance)
            choice = self._weigh(point, distance, travel, now, best.worst)
            if choice is not None:
                best.keep(choice)
        return best.in_order()

    def _elsewhere(self, point: PointNow, choice: Choice | None) -> Choice | None:
        return None if choice is None or choice.point is point else choice

    def _weigh(
        self, point: PointNow, distance: float, travel: float, now: float, below: float
    ) -> Choice | None:
        """Return what going there costs, if that is less than `below`."""
        taken = max(0.0, point.busy_until - now)
        if max(travel, taken) + self._for_others(0, taken) >= below:
            return None
        wait, known, unknown = point.foresee(now + travel, now)
        cost = travel + wait + self._for_others(known, unknown)
        return Choice(point, distance, travel, wait, cost) if cost < below else None

    def _for_others(self, known: float, unknown: float) -> float:
        return self._manner.for_others * known + self._manner.for_unknown * unknown


class _Best:
    """The `limit` choices of the least cost so far, among those that cost less than `below`.

    `walked` are the minutes to walk beyond those of a journey that begins at rest.
    """

    def __init__(self, limit: int, below: float = inf, walked: float = 0.0) -> None:
        self.worst, self.walked, self._limit = below, walked, limit
        self._kept: list[tuple[float, int, Choice]] = []
        self._ties = count()

    def reach_km(self) -> float:
        """Return from how far on the way alone costs too much."""
        return reach_km(self.worst - self.walked)

    def keep(self, choice: Choice) -> None:
        """Keep a choice that costs less than the worst."""
        entry = (-choice.cost, -next(self._ties), choice)
        if len(self._kept) < self._limit:
            heappush(self._kept, entry)
        else:
            heapreplace(self._kept, entry)
        if len(self._kept) == self._limit:
            self.worst = -self._kept[0][0]

    def in_order(self) -> list[Choice]:
        """Return what was kept, the least cost first."""
        return [choice for _, _, choice in sorted(self._kept, reverse=True)]
