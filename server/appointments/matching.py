"""Where people can go whose place is closed: a near point at nearly the same time."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from config.settings import Settings
from models.appointments import Appointment
from models.catalog import ServicePoint
from models.closures import Closure
from models.kinds import WindowKind
from server.appointments.closures import is_touched
from server.appointments.repository import Place, slots_by_point
from server.appointments.rules import SlotRoom, Start, admit, list_starts, with_room
from server.appointments.visits import Candidate, day_span, quantum_of
from server.balancing.rules import Place as Spot
from server.balancing.rules import distance_km, travel_minutes
from server.catalog.errors import UnknownItem
from server.catalog.rules import local_day
from server.catalog.service import find_points_for, get_point

MOST_POINTS = 20
"""How many points are looked at: the nearest that take the items."""

FARTHEST_APART = timedelta(hours=2)
"""A time that differs by more is not nearly the same."""

DayOfPoint = tuple[str, WindowKind, date]


@dataclass(frozen=True, slots=True)
class Hit:
    """A visit whose place is closed, and where it could go, if anywhere."""

    visit: Appointment
    seat: Candidate | None


@dataclass(slots=True)
class _Board:
    """What is free while people are seated one after the other."""

    closure: Closure
    after: datetime
    quantum: timedelta
    rooms: dict[int, int] = field(default_factory=dict)
    slots: dict[DayOfPoint, list[SlotRoom]] = field(default_factory=dict)
    starts: dict[tuple[DayOfPoint, int], list[Start]] = field(default_factory=dict)
    ways: dict[tuple[str, ...], list[tuple[str, float]]] = field(default_factory=dict)

    def starts_of(self, day: DayOfPoint, quanta: int) -> list[Start]:
        """Return the starts that could be booked when the board was laid out, in time order."""
        key = day, quanta
        if key not in self.starts:
            listed = list_starts(self.slots.get(day, []), quanta=quanta, quantum=self.quantum)
            self.starts[key] = with_room(listed, after=self.after)
        return self.starts[key]


async def seat_all(
    visits: Sequence[Appointment], closure: Closure, *, now: datetime, settings: Settings
) -> list[Hit]:
    """Give each visit, the earliest first, the nearest place that is left; none to two.

    What is near is minutes on the way from the closed point and minutes between the times, added
    up. What can be had is what anybody could book. Whose time comes before the deadline has to be
    called: there is no time to ask.
    """
    board = _Board(closure, max(now, closure.deadline_at), quantum_of(settings))
    ordered = sorted(visits, key=lambda visit: (visit.starts_at, visit.id))
    await _lay_out(board, ordered)
    return [Hit(visit, _seat(visit, board)) for visit in ordered]


def _seat(visit: Appointment, board: _Board) -> Candidate | None:
    if visit.starts_at <= board.after:
        return None
    for _, _, point_code, start in sorted(_choices(visit, board)):
        if admit([start.slot_ids], board.rooms) == [True]:
            place = Place(point_code, visit.kind, start.starts_at, visit.quanta)
            return Candidate(place, start.slot_ids)
    return None


def _choices(visit: Appointment, board: _Board) -> Iterator[tuple[float, datetime, str, Start]]:
    day = local_day(visit.starts_at)
    for point_code, minutes in board.ways[tuple(visit.item_codes)]:
        starts = board.starts_of((point_code, visit.kind, day), visit.quanta)
        for start in _near(starts, visit.starts_at):
            apart = abs(start.starts_at - visit.starts_at) / timedelta(minutes=1)
            yield minutes + apart, start.starts_at, point_code, start


def _near(starts: list[Start], wanted: datetime) -> list[Start]:
    first = bisect_left(starts, wanted - FARTHEST_APART, key=_time_of)
    last = bisect_right(starts, wanted + FARTHEST_APART, key=_time_of)
    return starts[first:last]


def _time_of(start: Start) -> datetime:
    return start.starts_at


async def _lay_out(board: _Board, visits: Sequence[Appointment]) -> None:
    for visit in visits:
        items = tuple(visit.item_codes)
        if items not in board.ways:
            board.ways[items] = await ways_from(board.closure.point_code, items)
    points = sorted({code for ways in board.ways.values() for code, _ in ways})
    for kind, day in sorted({(visit.kind, local_day(visit.starts_at)) for visit in visits}):
        for code, slots in (await slots_by_point(points, kind, *day_span(day))).items():
            board.slots[code, kind, day] = open_slots = [
                _shrink(slot, code, kind, board) for slot in slots
            ]
            board.rooms.update((slot.id, slot.room) for slot in open_slots)


async def ways_from(point_code: str, items: tuple[str, ...]) -> list[tuple[str, float]]:
    """Return the nearest points that take the items and the minutes on the way to each."""
    here = await get_point(point_code)
    try:
        points = await find_points_for(items)
    except UnknownItem:
        return []
    ways = [
        (point.code, _minutes_between(here, point) if point.code != here.code else 0.0)
        for point in points
    ]
    return sorted(ways, key=lambda way: (way[1], way[0]))[:MOST_POINTS]


def _minutes_between(here: ServicePoint, there: ServicePoint) -> float:
    distance = distance_km(Spot(here.lat, here.lng), Spot(there.lat, there.lng))
    return travel_minutes(distance)


def _shrink(slot: SlotRoom, point_code: str, kind: WindowKind, board: _Board) -> SlotRoom:
    closure = board.closure
    is_here = point_code == closure.point_code
    if not (is_here and is_touched(closure, kind, slot.starts_at, length=board.quantum)):
        return slot
    return replace(slot, room=0 if closure.windows is None else slot.room - closure.windows)
