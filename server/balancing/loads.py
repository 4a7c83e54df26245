"""What is known of the halls just now, and the points as the policy sees them.

Each process reads the database at most once a second, for all points and all who ask, and changes
what it knows of the points where something happened; nothing is kept that could not be read anew.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import cos, radians
from typing import Protocol

from models.catalog import ServicePoint
from server.balancing.guidance import Board, PointNow
from server.balancing.presence import dark_points
from server.balancing.recommended import Recommended
from server.balancing.rules import KM_PER_DEGREE, Place
from server.balancing.services import ItemMinutes, Served, estimate_items
from server.balancing.waits import USUAL_MINUTES
from server.catalog.service import find_points_for, planned_minutes
from server.kit.redis import Redis

MINUTE = timedelta(minutes=1)
KEPT = timedelta(seconds=1)
SERVICES_KEPT = timedelta(minutes=10)
Items = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HallLoad:
    """Who is at a point or will be: when services began, for which items others wait or come."""

    windows_open: int = 0
    started: tuple[datetime, ...] = ()
    waiting: tuple[Items, ...] = ()
    coming: tuple[datetime, ...] = ()

    @property
    def is_staffed(self) -> bool:
        """Whether any window is open."""
        return self.windows_open > 0

    def __add__(self, other: "HallLoad") -> "HallLoad":
        return HallLoad(
            self.windows_open + other.windows_open,
            self.started + other.started,
            self.waiting + other.waiting,
            self.coming + other.coming,
        )


NOBODY = HallLoad()


class LoadSource(Protocol):
    """Something that knows who is at the points or will be."""

    async def read_loads(self, *, now: datetime) -> Mapping[str, HallLoad]:
        """Return what it knows of each point; several sources are added up."""
        ...


class ServiceSource(Protocol):
    """Something that knows how long services took."""

    async def read_services(self, *, now: datetime) -> Sequence[Served]:
        """Return the services that ended last."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All open points as they are at `taken_at`, on a plane around the first of them."""

    taken_at: datetime
    points: Mapping[str, ServicePoint]
    loads: dict[str, HallLoad]
    live: Mapping[str, PointNow]
    items: ItemMinutes
    _boards: dict[tuple[frozenset[str], bool], Board] = field(default_factory=dict)

    def place_of(self, start: Place) -> tuple[float, float]:
        """Return a place on the plane, in km east and north."""
        return _on_plane(start, _origin(self.points))

    def board_of(self, levels: Collection[str], *, is_staffed: bool) -> Board:
        """Return the points of these levels that have windows open, or those that have none."""
        key = frozenset(levels), is_staffed
        if key not in self._boards:
            self._boards[key] = Board(
                [
                    point
                    for code, point in self.live.items()
                    if self.points[code].level in levels
                    and self.loads[code].is_staffed is is_staffed
                ]
            )
        return self._boards[key]

    def expect(self, code: str, arrives_at: datetime) -> None:
        """Note that somebody is on the way to a point."""
        self.loads[code] += HallLoad(coming=(arrives_at,))
        self.live[code].expect(minutes_of(arrives_at))

    def moved_on(
        self, points: Mapping[str, ServicePoint], told: Mapping[str, HallLoad], *, now: datetime
    ) -> "Snapshot":
        """Return what is known now: only the points where something happened are changed."""
        if [*map(_where, points.values())] != [*map(_where, self.points.values())]:
            return take_snapshot(points, told, self.items, now=now)
        loads = {code: told.get(code, NOBODY) for code in points}
        changed = [code for code, load in loads.items() if load != self.loads[code]]
        for code in changed:
            _tell(self.live[code], loads[code], self.items)
        same_staffed = all(loads[one].is_staffed is self.loads[one].is_staffed for one in changed)
        boards = self._boards if same_staffed else {}
        return Snapshot(now, points, loads, self.live, self.items, boards)


def take_snapshot(
    points: Mapping[str, ServicePoint],
    told: Mapping[str, HallLoad],
    items: ItemMinutes,
    *,
    now: datetime,
) -> Snapshot:
    """Return the points with what was told of them, and nobody where nothing was."""
    loads = {code: told.get(code, NOBODY) for code in points}
    live = {}
    for code, point in points.items():
        place = _on_plane(Place(point.lat, point.lng), _origin(points))
        live[code] = PointNow(code, place, windows=1)
        _tell(live[code], loads[code], items)
    return Snapshot(now, points, loads, live, items)


class LoadModel:
    """What one process knows of the halls."""

    def __init__(self) -> None:
        self.recommended = Recommended()
        self._sources: list[LoadSource] = []
        self._services: ServiceSource | None = None
        self._snapshot: Snapshot | None = None
        self._items: tuple[datetime, ItemMinutes] | None = None
        self._reading = asyncio.Lock()

    def use(self, *sources: LoadSource, services: ServiceSource) -> None:
        """Listen to these sources from now on; called by the composition root."""
        self._sources, self._services = list(sources), services
        self.forget()

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        self._snapshot = self._items = None
        self.recommended = Recommended()

    async def look(self, redis: Redis, *, now: datetime) -> Snapshot:
        """Return the points as they were at most a second ago."""
        if (known := self._known(now)) is not None:
            return known
        async with self._reading:
            known = self._known(now)
            if known is None:
                known = self._snapshot = await self._read(redis, now)
            return known

    def _known(self, now: datetime) -> Snapshot | None:
        known = self._snapshot
        return known if known and known.taken_at <= now < known.taken_at + KEPT else None

    async def _read(self, redis: Redis, now: datetime) -> Snapshot:
        dark = await dark_points()
        points = {one.code: one for one in await find_points_for([]) if one.code not in dark}
        loads: dict[str, HallLoad] = defaultdict(HallLoad)
        for source in self._sources:
            for code, load in (await source.read_loads(now=now)).items():
                loads[code] += load
        for shown in await self.recommended.under_way(redis, now=now):
            loads[shown.point_code] += HallLoad(coming=(shown.arrives_at,))
        items, before = await self._read_items(now), self._snapshot
        if before is None or before.items is not items:
            return take_snapshot(points, loads, items, now=now)
        return before.moved_on(points, loads, now=now)

    async def _read_items(self, now: datetime) -> ItemMinutes:
        if self._items is None or now - self._items[0] >= SERVICES_KEPT:
            served = await self._services.read_services(now=now) if self._services else ()
            self._items = now, estimate_items(await planned_minutes(), served, now=now)
        return self._items[1]


LOADS = LoadModel()
"""That of this process."""


def minutes_of(at: datetime) -> float:
    """Return an instant in minutes of the policy's clock."""
    return at.timestamp() / 60


def _tell(point: PointNow, load: HallLoad, items: ItemMinutes) -> None:
    waiting = [items.of(codes) for codes in load.waiting]
    point.become(
        windows=max(1, load.windows_open),
        mean_minutes=sum(waiting) / len(waiting) if waiting else USUAL_MINUTES,
        started=[minutes_of(at) for at in load.started],
        ahead=len(waiting),
        arrivals=[minutes_of(at) for at in load.coming],
    )


def _where(point: ServicePoint) -> tuple[str, str, float, float]:
    return point.code, point.level, point.lat, point.lng


def _origin(points: Mapping[str, ServicePoint]) -> Place:
    return next((Place(one.lat, one.lng) for one in points.values()), Place(0.0, 0.0))


def _on_plane(place: Place, origin: Place) -> tuple[float, float]:
    per_degree_east = KM_PER_DEGREE * cos(radians(origin.lat))
    east, north = place.lng - origin.lng, place.lat - origin.lat
    return east * per_degree_east, north * KM_PER_DEGREE
