"""One simulated day: a heap of events over the points, driven by a guide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from random import Random

from server.balancing.guidance import LEG_MINUTES, MOST_OFFERS, Choice, Journey, PointNow
from server.balancing.simulation.day import Person
from server.balancing.simulation.guides import Guide
from server.balancing.simulation.world import World

OFFERS_EVERY_MINUTES = 2.0
ASKED_AT_A_POINT = 3
"""From the end of a queue forward: whoever stands further ahead gains less by leaving."""
ALMOST_THERE_MINUTES = 0.5


class _Kind(IntEnum):
    DECIDES = 0
    ARRIVES = 1
    ENDS = 2
    OFFERS = 3


@dataclass(slots=True, eq=False)
class Visit:
    """How it goes with one person; `wait` and `minutes` are known at the end."""

    person: Person
    predicted: float = 0.0
    served_before: int = 0
    waiting_before: int = 0
    windows: int = 1
    travelled: float = 0.0
    wait: float = 0.0
    minutes: float = 0.0
    offers: int = 0
    comes: bool = True
    left_at: float = 0.0
    journey: Journey | None = None

    @property
    def point_code(self) -> str:
        """Where the person was served, or goes now."""
        return _journey(self).point.code


class Day:
    """A day that is played once."""

    def __init__(
        self,
        people: Sequence[Person],
        guide: Guide,
        *,
        no_shows: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.visits = [Visit(person) for person in people]
        self._guide = guide
        self._queues: dict[PointNow, list[Visit]] = {point: [] for point in guide.board.points}
        self._under_way: dict[Visit, None] = {}
        self._events: list[tuple[float, int, _Kind, Visit | None, float]] = []
        self._ties = count()
        dice = Random(f"{seed}/no-shows")  # noqa: S311 - a simulation is to be repeatable
        for visit in self.visits:
            visit.comes = dice.random() >= no_shows
            self._plan(visit.person.decides_at, _Kind.DECIDES, visit)
        if guide.makes_offers and people:
            self._plan(people[0].decides_at, _Kind.OFFERS, None)

    def play(self) -> list[Visit]:
        """Play the day to its end; return those who came."""
        while self._events:
            now, _, kind, visit, since = heappop(self._events)
            if visit is None:
                self._make_offers(now)
            elif kind is _Kind.DECIDES:
                self._decide(visit, now)
            elif kind is _Kind.ARRIVES:
                self._arrive(visit, since, now)
            else:
                self._end(visit, since, now)
        return [visit for visit in self.visits if visit.comes]

    def _plan(self, at: float, kind: _Kind, visit: Visit | None, since: float = 0.0) -> None:
        heappush(self._events, (at, next(self._ties), kind, visit, since))

    def _decide(self, visit: Visit, now: float) -> None:
        choice = self._guide.choose(visit.person, now)
        visit.predicted = choice.wait
        visit.windows = choice.point.windows
        visit.waiting_before = len(self._queues[choice.point])
        visit.served_before = len(choice.point.started)
        self._leave(visit, choice, (visit.person.east_km, visit.person.north_km, LEG_MINUTES), now)

    def _leave(
        self, visit: Visit, choice: Choice, start: tuple[float, float, float], now: float
    ) -> None:
        east_km, north_km, walk = start
        arrives_at = now + choice.travel
        visit.journey = Journey(choice.point, east_km, north_km, now + walk, arrives_at)
        visit.left_at = now
        self._under_way[visit] = None
        choice.point.expect(arrives_at)
        self._plan(arrives_at, _Kind.ARRIVES, visit, now)

    def _stop(self, visit: Visit, now: float) -> Journey:
        journey = _journey(visit)
        del self._under_way[visit]
        journey.point.expect_no_longer(journey.arrives_at)
        visit.travelled += now - visit.left_at
        return journey

    def _arrive(self, visit: Visit, left_at: float, now: float) -> None:
        if visit not in self._under_way or visit.left_at != left_at:
            return
        point = self._stop(visit, now).point
        if not visit.comes:
            return
        if len(point.started) < point.windows:
            self._serve(visit, now)
        else:
            point.queue()
            self._queues[point].append(visit)

    def _serve(self, visit: Visit, now: float) -> None:
        _journey(visit).point.begin(now)
        visit.wait = now - visit.person.decides_at - visit.travelled
        self._plan(now + visit.person.service, _Kind.ENDS, visit, now)

    def _end(self, visit: Visit, started: float, now: float) -> None:
        visit.minutes = now - visit.person.decides_at
        point = _journey(visit).point
        point.end(started)
        if self._queues[point]:
            point.queue(-1)
            self._serve(self._queues[point].pop(0), now)

    def _make_offers(self, now: float) -> None:
        for point, queue in self._queues.items():
            for visit, choice in self._offers_in_queue(point, queue, now):
                queue.remove(visit)
                point.queue(-1)
                self._accept(visit, choice, (point.east_km, point.north_km, LEG_MINUTES), now)
        for visit in list(self._under_way):
            self._offer_under_way(visit, now)
        if self._events:
            self._plan(now + OFFERS_EVERY_MINUTES, _Kind.OFFERS, None)

    def _offers_in_queue(
        self, point: PointNow, queue: list[Visit], now: float
    ) -> Iterator[tuple[Visit, Choice]]:
        places = [n for n, visit in enumerate(queue) if visit.offers < MOST_OFFERS]
        for place in places[: -ASKED_AT_A_POINT - 1 : -1]:
            choice = self._guide.board.offer_in_queue(point, place, now)
            if choice is not None:
                yield queue[place], choice

    def _offer_under_way(self, visit: Visit, now: float) -> None:
        journey = _journey(visit)
        if visit.offers >= MOST_OFFERS or journey.arrives_at - now < ALMOST_THERE_MINUTES:
            return
        choice = self._guide.board.offer_under_way(journey, now)
        if choice is not None:
            east_km, north_km, walk = journey.stand(now)
            self._stop(visit, now)
            self._accept(visit, choice, (east_km, north_km, walk - LEG_MINUTES), now)

    def _accept(
        self, visit: Visit, choice: Choice, start: tuple[float, float, float], now: float
    ) -> None:
        visit.offers += 1
        self._leave(visit, choice, start, now)


def points_of(world: World) -> list[PointNow]:
    """Return the points of a district that have windows, with nobody there yet."""
    return [
        PointNow(one.code, (one.east_km, one.north_km), windows=one.windows)
        for one in world.stations
        if one.windows
    ]


def _journey(visit: Visit) -> Journey:
    if visit.journey is None:
        raise ValueError("has not left yet")
    return visit.journey
