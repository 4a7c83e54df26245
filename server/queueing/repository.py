"""Tickets and windows in the database."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Self

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from models.catalog import Window
from models.kinds import Lane, WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.catalog.rules import local_day
from server.kit.bulk import Statement, as_instant, fetch_all, marks
from server.queueing.rules import (
    MOST_FIRST_IN_A_ROW,
    Line,
    Waiting,
    count_streak,
    standing_of,
)

AT_WINDOW = (TicketState.CALLED, TicketState.SERVING)
UNFINISHED = (TicketState.WAITING, TicketState.CALLED, TicketState.SERVING, TicketState.MISSED)
MEASURED = 20

_OF_HALL = "FROM queue_tickets WHERE point_code = {0} AND day = {0}"
_COUNT_LINES = f"""
SELECT lane, rank_at <= {{0}}, (rank_at, id) < ({{0}}, {{0}}), COUNT(*) {_OF_HALL}
  AND state = 'waiting' AND kind IN ({{kinds}})
GROUP BY 1, 2, 3"""
"""Reads the index alone: what a number costs hardly depends on how many wait."""
_LAST_CALLS = f"""
SELECT COALESCE(called_as, lane) {_OF_HALL} AND called_in IS NOT NULL AND kind IN ({{kinds}})
ORDER BY called_in DESC LIMIT {MOST_FIRST_IN_A_ROW}"""
_AT_WINDOWS = f"""
SELECT window_no, serving_at {_OF_HALL} AND state IN ('called', 'serving')"""
_LAST_SERVED = f"""
SELECT serving_at, done_at {_OF_HALL}
  AND called_in IS NOT NULL AND kind = {{0}} AND state = 'done' AND serving_at IS NOT NULL
ORDER BY called_in DESC LIMIT {MEASURED}"""


@dataclass(frozen=True, slots=True)
class OpenWindows:
    """The open windows that serve a kind, and everything that they serve."""

    numbers: frozenset[int]
    kinds: frozenset[WindowKind]

    @classmethod
    def of(cls, kind: WindowKind, windows: Iterable[Window]) -> Self:
        """Return what serves a kind, of the windows of a point."""
        serving = {
            one.number: kinds_of(one)
            for one in windows
            if one.opened_at is not None and kind in kinds_of(one)
        }
        return cls(frozenset(serving), frozenset({kind}.union(*serving.values())))


class HallFacts(NamedTuple):
    """What is to be seen of the queue before some windows; `ahead` rank before somebody.

    `began` are the services at these windows; whoever was only called begins now. `served` is from
    when to when the last ones were served.
    """

    ahead: Line
    waiting: Line
    first_in_a_row: int
    began: list[datetime]
    served: list[tuple[datetime, datetime]]


async def has_unfinished(person_id: str, day: date, point_code: str | None = None) -> bool:
    """Tell whether the person is in the queue of the point, or of any."""
    theirs = QueueTicket.filter(person_id=person_id, day=day, state__in=UNFINISHED)
    return await (theirs.filter(point_code=point_code) if point_code else theirs).exists()


async def count_sent_on(person_id: str, day: date) -> int:
    """Return how often a person went from a queue to another point; windows send on from there."""
    return await QueueTicket.filter(
        person_id=person_id, day=day, state=TicketState.TRANSFERRED, window_no=None
    ).count()


async def count_unseen(person_id: str, since: date) -> int:
    """Return to how many numbers that they took from afar a person did not come."""
    return await QueueTicket.filter(
        person_id=person_id, day__gte=since, state=TicketState.NO_SHOW
    ).count()


def tickets_of(point_code: str, day: date, kinds: Collection[WindowKind]) -> QuerySet[QueueTicket]:
    """Return the tickets of one day for some kinds of windows."""
    return QueueTicket.filter(point_code=point_code, day=day, kind__in=list(kinds))


def waiting_at(point_code: str, day: date, kinds: Collection[WindowKind]) -> QuerySet[QueueTicket]:
    """Return the tickets that wait, here or on the way."""
    return tickets_of(point_code, day, kinds).filter(state=TicketState.WAITING)


async def next_plain(tickets: QuerySet[QueueTicket], *, limit: int) -> list[Waiting]:
    """Return the plain ones that are called next."""
    return await _first_of(tickets, Q(lane=Lane.PLAIN), limit)


async def next_of_each(
    tickets: QuerySet[QueueTicket], *, now: datetime, limit: int
) -> list[Waiting]:
    """Return whoever may be among the next `limit` calls: so many of each who go one by one."""
    is_due = Q(lane=Lane.BOOKED, rank_at__lte=now)
    return [
        *await _first_of(tickets, Q(lane=Lane.GREEN) | is_due, limit),
        *await next_plain(tickets, limit=limit),
        *await _first_of(tickets, Q(lane=Lane.BOOKED, rank_at__gt=now), limit),
    ]


async def _first_of(tickets: QuerySet[QueueTicket], which: Q, limit: int) -> list[Waiting]:
    rows = tickets.filter(which).order_by("rank_at", "id").limit(limit)
    return [
        Waiting(str(ticket_id), rank_at, Lane(lane))
        for ticket_id, rank_at, lane in await rows.values_list("id", "rank_at", "lane")
    ]


async def read_hall(
    point_code: str, kind: WindowKind, windows: OpenWindows, *, one: Waiting, now: datetime
) -> HallFacts:
    """Return the queue before the windows that serve a kind, as one sees it, at one asking."""
    hall = (point_code, local_day(now).isoformat())
    kinds = [*map(str, windows.kinds)]
    asked = (
        (_COUNT_LINES, (now, one.rank_at, one.id, *hall, *kinds)),
        (_LAST_CALLS, (*hall, *kinds)),
        (_AT_WINDOWS, hall),
        (_LAST_SERVED, (*hall, str(kind))),
    )
    mark, marked = marks(1), marks(len(kinds))
    lines, calls, called, served = await fetch_all(
        [Statement(sql.format(mark, kinds=marked), values) for sql, values in asked]
    )
    ahead, waiting = _count(lines)
    return HallFacts(
        ahead,
        waiting,
        count_streak(Lane(lane) for (lane,) in calls),
        [as_instant(at) if at else now for number, at in called if number in windows.numbers],
        [(as_instant(began), as_instant(ended)) for began, ended in served],
    )


def _count(rows: Iterable[Sequence[Any]]) -> tuple[Line, Line]:
    ahead, waiting = Line(), Line()
    for lane, is_due, is_ahead, people in rows:
        standing = standing_of(Lane(lane), is_due=bool(is_due))
        waiting[standing] += people
        ahead[standing] += people * is_ahead
    return ahead, waiting


async def first_in_a_row(point_code: str, day: date, kinds: Collection[WindowKind]) -> int:
    """Return how many were called before plain numbers since the last plain one."""
    called = tickets_of(point_code, day, kinds).exclude(called_in=None).order_by("-called_in")
    recent = called.limit(MOST_FIRST_IN_A_ROW).values_list("called_as", "lane")
    return count_streak(Lane(called_as or lane) for called_as, lane in await recent)


async def ticket_at_window(point_code: str, day: date, number: int) -> QueueTicket | None:
    """Return the ticket that is called or served at a window."""
    return await QueueTicket.filter(
        point_code=point_code, day=day, window_no=number, state__in=AT_WINDOW
    ).first()


async def tickets_at_windows(point_code: str, day: date) -> list[QueueTicket]:
    """Return the tickets that are called or served, the newest call first."""
    shown = QueueTicket.filter(point_code=point_code, day=day, state__in=AT_WINDOW)
    return await shown.order_by("-called_in")


async def windows_of(point_code: str) -> list[Window]:
    """Return the windows of a point by number."""
    return await Window.filter(point_code=point_code).order_by("number")


def kinds_of(window: Window) -> set[WindowKind]:
    """Return what a window serves."""
    return {window.kind, *map(WindowKind, window.also_kinds or ())}
