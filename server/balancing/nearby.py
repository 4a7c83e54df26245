"""Things near a place, looked at only as far as somebody asks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import hypot
from typing import Generic, Protocol, TypeVar

LEAF = 10
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


@dataclass(frozen=True, slots=True)
class _Box(Generic[T]):
    west: float
    east: float
    south: float
    north: float
    inside: "tuple[_Box[T], ...]"
    things: tuple[T, ...]

    def distance(self, east_km: float, north_km: float) -> float:
        aside = max(self.west - east_km, 0.0, east_km - self.east)
        ahead = max(self.south - north_km, 0.0, north_km - self.north)
        return hypot(aside, ahead)


class NearbyIndex(Generic[T]):
    """A k-d tree of things that do not move."""

    def __init__(self, things: Sequence[T]) -> None:
        self._root = _pack(list(things)) if things else None

    def around(self, east_km: float, north_km: float) -> Iterator[tuple[float, tuple[T, ...]]]:
        """Yield groups of things with the km that none of them is nearer than, rising."""
        if self._root is None:
            return
        ties = count()
        heap = [(self._root.distance(east_km, north_km), next(ties), self._root)]
        while heap:
            floor_km, _, box = heappop(heap)
            if box.things:
                yield floor_km, box.things
            for inner in box.inside:
                heappush(heap, (inner.distance(east_km, north_km), next(ties), inner))

    def nearest(self, east_km: float, north_km: float, *, limit: int) -> list[tuple[float, T]]:
        """Return the `limit` nearest things with their km, nearest first."""
        found: list[tuple[float, T]] = []
        for floor_km, things in self.around(east_km, north_km):
            if len(found) >= limit and floor_km >= found[limit - 1][0]:
                break
            found += [(distance_to(one, east_km, north_km), one) for one in things]
            found.sort(key=lambda pair: pair[0])
        return found[:limit]


def distance_to(thing: Placed, east_km: float, north_km: float) -> float:
    """Return the km from a thing to a place."""
    return hypot(thing.east_km - east_km, thing.north_km - north_km)


def _pack(things: list[T]) -> _Box[T]:
    easts = [one.east_km for one in things]
    norths = [one.north_km for one in things]
    bounds = min(easts), max(easts), min(norths), max(norths)
    if len(things) <= LEAF:
        return _Box(*bounds, (), tuple(things))
    if bounds[1] - bounds[0] >= bounds[3] - bounds[2]:
        things.sort(key=lambda one: one.east_km)
    else:
        things.sort(key=lambda one: one.north_km)
    middle = len(things) // 2
    return _Box(*bounds, (_pack(things[:middle]), _pack(things[middle:])), ())
