"""Tickets and windows in the database."""

from collections.abc import Collection
from datetime import date, datetime

from tortoise.queryset import QuerySet

from models.catalog import Window
from models.kinds import Lane, WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.queueing.rules import MOST_FIRST_IN_A_ROW, Waiting, count_streak

AT_WINDOW = (TicketState.CALLED, TicketState.SERVING)
UNFINISHED = (TicketState.WAITING, TicketState.CALLED, TicketState.SERVING, TicketState.MISSED)
MEASURED = 20


async def has_unfinished(person_id: str, day: date, point_code: str | None = None) -> bool:
    """Tell whether the person is in the queue of the point, or of any."""
    theirs = QueueTicket.filter(person_id=person_id, day=day, state__in=UNFINISHED)
    return await (theirs.filter(point_code=point_code) if point_code else theirs).exists()


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


async def who_waits(tickets: QuerySet[QueueTicket]) -> list[Waiting]:
    """Return what the rules need of tickets; whoever missed a call has lost the better lane."""
    rows = await tickets.values_list("id", "rank_at", "lane", "misses")
    return [
        Waiting(str(ticket_id), rank_at, Lane.PLAIN if misses else Lane(lane))
        for ticket_id, rank_at, lane, misses in rows
    ]


async def first_in_a_row(point_code: str, day: date, kinds: Collection[WindowKind]) -> int:
    """Return how many were called before plain numbers since the last plain one."""
    called = tickets_of(point_code, day, kinds).exclude(called_in=None).order_by("-called_in")
    recent = await called.limit(MOST_FIRST_IN_A_ROW)
    return count_streak(ticket.called_as or ticket.lane for ticket in recent)


async def ticket_at_window(point_code: str, day: date, number: int) -> QueueTicket | None:
    """Return the ticket that is called or served at a window."""
    return await QueueTicket.filter(
        point_code=point_code, day=day, window_no=number, state__in=AT_WINDOW
    ).first()


async def tickets_at_windows(point_code: str, day: date) -> list[QueueTicket]:
    """Return the tickets that are called or served, the newest call first."""
    shown = QueueTicket.filter(point_code=point_code, day=day, state__in=AT_WINDOW)
    return await shown.order_by("-called_in")


async def served_spans(
    point_code: str, day: date, kinds: Collection[WindowKind]
) -> list[tuple[datetime, datetime]]:
    """Return from when to when the last ones of the day were served."""
    done = tickets_of(point_code, day, kinds).filter(state=TicketState.DONE)
    rows = await done.order_by("-done_at").limit(MEASURED)
    return [(row.serving_at, row.done_at) for row in rows if row.serving_at and row.done_at]


async def windows_of(point_code: str) -> list[Window]:
    """Return the windows of a point by number."""
    return await Window.filter(point_code=point_code).order_by("number")


def kinds_of(window: Window) -> set[WindowKind]:
    """Return what a window serves."""
    return {window.kind, *map(WindowKind, window.also_kinds or ())}
