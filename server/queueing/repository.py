"""Tickets, their counters and windows in the database."""

from datetime import date, datetime

from tortoise.queryset import QuerySet

from models.catalog import Window
from models.kinds import WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.queueing.rules import MOST_BOOKED_IN_A_ROW, Waiting, count_streak

AT_WINDOW = (TicketState.CALLED, TicketState.SERVING)
UNFINISHED = (TicketState.WAITING, TicketState.CALLED, TicketState.SERVING, TicketState.MISSED)
MEASURED = 20


async def has_unfinished(person_id: str, point_code: str, day: date) -> bool:
    """Tell whether the person is in the queue of the point."""
    return await QueueTicket.exists(
        person_id=person_id, point_code=point_code, day=day, state__in=UNFINISHED
    )


def tickets_of(point_code: str, day: date, kind: WindowKind) -> QuerySet[QueueTicket]:
    """Return the tickets of one day for one kind of window."""
    return QueueTicket.filter(point_code=point_code, day=day, kind=kind)


async def waiting_at(point_code: str, day: date, kind: WindowKind) -> dict[str, QueueTicket]:
    """Return by id the tickets that wait."""
    rows = await tickets_of(point_code, day, kind).filter(state=TicketState.WAITING)
    return {row.id: row for row in rows}


def as_waiting(ticket: QueueTicket) -> Waiting:
    """Return what the rules need of a ticket; one that was called before lost its booked turn."""
    is_booked = ticket.appointment_id is not None and ticket.called_at is None
    return Waiting(ticket.id, ticket.rank_at, is_booked)


async def booked_in_a_row(point_code: str, day: date, kind: WindowKind) -> int:
    """Return how many bookings were called last without a walk-in between."""
    called = tickets_of(point_code, day, kind).exclude(called_at=None).order_by("-called_at")
    recent = await called.limit(MOST_BOOKED_IN_A_ROW)
    return count_streak(ticket.appointment_id is not None for ticket in recent)


async def ticket_at_window(point_code: str, day: date, number: int) -> QueueTicket | None:
    """Return the ticket that is called or served at a window."""
    return await QueueTicket.filter(
        point_code=point_code, day=day, window_no=number, state__in=AT_WINDOW
    ).first()


async def tickets_at_windows(point_code: str, day: date) -> list[QueueTicket]:
    """Return the tickets that are called or served, the newest call first."""
    shown = QueueTicket.filter(point_code=point_code, day=day, state__in=AT_WINDOW)
    return await shown.order_by("-called_at")


async def served_spans(
    point_code: str, day: date, kind: WindowKind
) -> list[tuple[datetime, datetime]]:
    """Return from when to when the last ones of the day were served."""
    done = tickets_of(point_code, day, kind).filter(state=TicketState.DONE)
    rows = await done.order_by("-done_at").limit(MEASURED)
    return [(row.serving_at, row.done_at) for row in rows if row.serving_at and row.done_at]


async def lock_window(window: Window) -> Window:
    """Return the window as it is now and let nobody else change what it has in hand."""
    return await Window.filter(id=window.id).select_for_update().get()


async def count_open_windows(point_code: str, kind: WindowKind) -> int:
    """Return how many windows of a kind are worked at."""
    return await Window.filter(point_code=point_code, kind=kind).exclude(opened_at=None).count()
