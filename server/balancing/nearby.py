"""Points in order of distance, looked at only as far as somebody asks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import hypot
from typing import Generic, Protocol, TypeVar

LEAF = 6
"""Points that are cheaper compared one by one than parted further."""


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
    inside: "tuple[_Box[T], _Box[T]] | None"
    things: tuple[T, ...]

    def distance(self, east_km: float, north_km: float) -> float:
        aside = max(self.west - east_km, 0.0, east_km - self.east)
        ahead = max(self.south - north_km, 0.0, north_km - self.north)
        return hypot(aside, ahead)


class NearbyIndex(Generic[T]):
    """A k-d tree of things that do not move."""

    def __init__(self, things: Sequence[T]) -> None:
        self._root = _pack(list(things)) if things else None

    def nearest_first(self, east_km: float, north_km: float) -> Iterator[tuple[float, T]]:
        """Yield (km, thing), nearest first; what is not asked for is not looked at."""
        if self._root is None:
            return
        ties = count()
        heap: list[tuple[float, int, _Box[T] | T]] = [(0.0, next(ties), self._root)]
        while heap:
            distance, _, found = heappop(heap)
            if not isinstance(found, _Box):
                yield distance, found
                continue
            for box in found.inside or ():
                heappush(heap, (box.distance(east_km, north_km), next(ties), box))
            for thing in found.things:
                away = hypot(thing.east_km - east_km, thing.north_km - north_km)
                heappush(heap, (away, next(ties), thing))


def _pack(things: list[T]) -> _Box[T]:
    easts = [one.east_km for one in things]
    norths = [one.north_km for one in things]
    bounds = min(easts), max(easts), min(norths), max(norths)
    if len(things) <= LEAF:
        return _Box(*bounds, None, tuple(things))
    if bounds[1] - bounds[0] >= bounds[3] - bounds[2]:
        things.sort(key=lambda one: one.east_km)
    else:
        things.sort(key=lambda one: one.north_km)
    middle = len(things) // 2
    return _Box(*bounds, (_pack(things[:middle]), _pack(things[middle:])), ())
