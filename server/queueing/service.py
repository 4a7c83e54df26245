"""What others may know of the queue."""

from dataclasses import dataclass
from datetime import datetime

from models.kinds import WindowKind
from models.queueing import QueueTicket
from server.catalog.rules import local_day
from server.kit.errors import NotFound
from server.queueing.repository import (
    as_waiting,
    booked_in_a_row,
    count_open_windows,
    served_spans,
    waiting_at,
)
from server.queueing.rules import call_order, mean_minutes, predict_wait_minutes


@dataclass(frozen=True, slots=True)
class Load:
    """The queue before one kind of window; `order` is who waits, in the order of the calls."""

    order: tuple[QueueTicket, ...]
    open_windows: int
    minutes_each: float

    def wait_minutes(self, people: int) -> int | None:
        """Return the minutes until so many were served; None while no window is open."""
        return predict_wait_minutes(
            people, open_windows=self.open_windows, minutes_each=self.minutes_each
        )


async def get_ticket(ticket_id: str) -> QueueTicket:
    """Return the ticket; raise `NotFound`."""
    ticket = await QueueTicket.get_or_none(id=ticket_id)
    if ticket is None:
        raise NotFound
    return ticket


async def load_of_point(
    point_code: str, *, now: datetime, kind: WindowKind = WindowKind.ACCEPT
) -> Load:
    """Return who waits at a point, how many windows serve them and how long each one takes."""
    day = local_day(now)
    waiting = await waiting_at(point_code, day, kind)
    streak = await booked_in_a_row(point_code, day, kind)
    order = call_order(map(as_waiting, waiting.values()), now=now, booked_in_a_row=streak)
    return Load(
        order=tuple(waiting[one.id] for one in order),
        open_windows=await count_open_windows(point_code, kind),
        minutes_each=mean_minutes(await served_spans(point_code, day, kind)),
    )


def people_before(ticket: QueueTicket, load: Load) -> int:
    """Return how many are called before a ticket; 0 for one that no longer waits."""
    places = (place for place, one in enumerate(load.order) if one.id == ticket.id)
    return next(places, 0)
