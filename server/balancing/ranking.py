"""Where a person is done soonest, part by part, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.catalog import ServicePoint
from server.balancing.rules import (
    ExpectedMinutes,
    Place,
    PointLoad,
    distance_km,
    expect_minutes,
)
from server.catalog.service import find_points_for, get_item
from server.kit.messages import text


class LoadSource(Protocol):
    """Something that knows who is at the points now."""

    async def read_loads(
        self, point_codes: Collection[str], *, now: datetime
    ) -> Mapping[str, PointLoad]:
        """Return the load of those points it knows; several sources are added up."""
        ...


_sources: list[LoadSource] = []


def register_load_source(source: LoadSource) -> None:
    """Let `source` speak of loads from now on; called by the composition root."""
    if source not in _sources:
        _sources.append(source)


@dataclass(frozen=True, slots=True)
class RankedPoint:
    """A point, how far away it is in km if known, and what a person may expect there."""

    point: ServicePoint
    distance: float | None
    expected: ExpectedMinutes
    reason: str


async def rank_points(
    item_code: str | None, *, start: Place | None, now: datetime
) -> list[RankedPoint]:
    """Return the open points that take an item, soonest done first.

    Without an item, all open points and no time for the service; without a start, no time for the
    way. Raises `UnknownItem`.
    """
    item_minutes = (await get_item(item_code)).window_minutes if item_code else 0
    points = await find_points_for([item_code] if item_code else [])
    loads = await _read_loads([point.code for point in points], now)
    ranked = [_rank(point, start, loads.get(point.code), item_minutes) for point in points]
    return sorted(ranked, key=lambda one: (one.expected.total, one.point.code))


def _rank(
    point: ServicePoint, start: Place | None, load: PointLoad | None, item_minutes: int
) -> RankedPoint:
    distance = None if start is None else distance_km(start, Place(point.lat, point.lng))
    expected = expect_minutes(distance, load=load or PointLoad(), item_minutes=item_minutes)
    return RankedPoint(point, distance, expected, _explain(distance, load))


def _explain(distance: float | None, load: PointLoad | None) -> str:
    if load is None:
        queue = text("ranking_queue_unknown")
    elif not load.windows_open:
        queue = text("ranking_no_window_open", waiting=load.waiting)
    else:
        queue = text("ranking_queue", windows=load.windows_open, waiting=load.waiting)
    if distance is None:
        return queue
    return text("ranking_with_distance", distance=f"{distance:.1f}", queue=queue)


async def _read_loads(point_codes: Collection[str], now: datetime) -> dict[str, PointLoad]:
    loads: dict[str, PointLoad] = {}
    for source in _sources:
        for code, load in (await source.read_loads(point_codes, now=now)).items():
            loads[code] = loads.get(code, PointLoad()) + load
    return loads
