"""Things near a place, looked at only as far as somebody asks."""

from array import array
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from math import ceil, hypot, inf, log2
from typing import Generic, Protocol, TypeVar

LEAF = 16
"""So many are cheaper compared one by one than parted further."""


class Placed(Protocol):
    """Something with a place on the local plane, in km."""

    @property
    def east_km(self) -> float:
        """How far east of the origin."""
        ...

    @property
    def north_km(self) -> float:
        """How far north of the origin."""
        ...


T = TypeVar("T", bound=Placed)


class NearbyIndex(Generic[T]):
    """A k-d tree of things that do not move: box n is parted into boxes 2n + 1 and 2n + 2.

    All of it lies in arrays, so that what is looked at together lies together: among thousands of
    things, memory is what takes the time.
    """

    def __init__(self, things: Sequence[T]) -> None:
        self._things = list(things)
        depth = max(0, ceil(log2(max(1, len(things)) / LEAF)))
        self._leaves_from = 2**depth - 1
        boxes = 2 ** (depth + 1) - 1
        self._starts, self._stops = array("l", [0]) * boxes, array("l", [0]) * boxes
        self._bounds = array("d", [0.0]) * (4 * boxes)
        if things:
            self._part(0, 0, len(things))
        self._easts = array("d", [one.east_km for one in self._things])
        self._norths = array("d", [one.north_km for one in self._things])

    def around(
        self, east_km: float, north_km: float, reach_km: Callable[[], float]
    ) -> Iterator[tuple[float, T]]:
        """Yield things and their km, box by box from near to far, as long as `reach_km` is more."""
        if not self._things:
            return
        heap = [(self._distance(0, east_km, north_km), 0)]
        while heap:
            floor_km, box = heappop(heap)
            reach = reach_km()
            if floor_km >= reach:
                return
            if box >= self._leaves_from:
                yield from self._inside(box, east_km, north_km, reach)
            else:
                for inner in (2 * box + 1, 2 * box + 2):
                    heappush(heap, (self._distance(inner, east_km, north_km), inner))

    def nearest(self, east_km: float, north_km: float, *, limit: int) -> list[tuple[float, T]]:
        """Return the `limit` nearest things with their km, nearest first."""
        found: list[tuple[float, T]] = []

        def reach_km() -> float:
            return found[limit - 1][0] if len(found) >= limit else inf

        for one in self.around(east_km, north_km, reach_km):
            insort(found, one, key=lambda pair: pair[0])
        return found[:limit]

    def _inside(
        self, box: int, east_km: float, north_km: float, reach: float
    ) -> list[tuple[float, T]]:
        span = slice(self._starts[box], self._stops[box])
        places = zip(self._easts[span], self._norths[span], self._things[span], strict=True)
        return [
            (distance, thing)
            for east, north, thing in places
            if (distance := hypot(east - east_km, north - north_km)) < reach
        ]

    def _distance(self, box: int, east_km: float, north_km: float) -> float:
        west, east, south, north = self._bounds[4 * box : 4 * box + 4]
        return hypot(_outside(east_km, west, east), _outside(north_km, south, north))

    def _part(self, box: int, start: int, stop: int) -> None:
        things = self._things[start:stop]
        easts = [one.east_km for one in things]
        norths = [one.north_km for one in things]
        bounds = min(easts), max(easts), min(norths), max(norths)
        self._bounds[4 * box : 4 * box + 4] = array("d", bounds)
        self._starts[box], self._stops[box] = start, stop
        if box >= self._leaves_from:
            return
        if bounds[1] - bounds[0] >= bounds[3] - bounds[2]:
            things.sort(key=lambda one: one.east_km)
        else:
            things.sort(key=lambda one: one.north_km)
        self._things[start:stop] = things
        middle = (start + stop) // 2
        self._part(2 * box + 1, start, middle)
        self._part(2 * box + 2, middle, stop)


def _outside(place: float, low: float, high: float) -> float:
    if place < low:
        return low - place
    return place - high if place > high else 0.0
