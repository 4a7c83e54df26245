"""The queue before a kind of window: who is called in which order, and how long that takes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.kinds import Lane, WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.balancing.waits import USUAL_MINUTES, Hall, predict_wait
from server.catalog.rules import local_day
from server.queueing.repository import (
    first_in_a_row,
    kinds_of,
    served_spans,
    tickets_at_windows,
    waiting_at,
    who_waits,
    windows_of,
)
from server.queueing.rules import Waiting, call_order

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Queue:
    """Who waits for one kind of window or shares its windows, in the order of the calls.

    `elapsed` are the minutes that each person at these windows has been served.
    """

    order: tuple[Waiting, ...]
    open_windows: int
    elapsed: tuple[float, ...]
    minutes_each: float

    def people_before(self, ticket_id: str) -> int:
        """Return how many are called before a ticket; 0 for one that no longer waits."""
        places = (place for place, one in enumerate(self.order) if one.id == ticket_id)
        return next(places, 0)

    def wait_minutes(self, people: int) -> float | None:
        """Return the minutes until one with so many people before is called.

        None while no window is open.
        """
        hall = Hall(self.open_windows, self.elapsed, people, self.minutes_each)
        return predict_wait(hall)

    def wait_of(self, ticket: QueueTicket, *, now: datetime) -> float | None:
        """Return the minutes until a ticket is called: a booking not long after its time."""
        minutes = self.wait_minutes(self.people_before(ticket.id))
        if minutes is None or ticket.lane is not Lane.BOOKED or ticket.misses:
            return minutes
        first_free = self.wait_minutes(0) or 0.0
        return min(minutes, max(0.0, (ticket.rank_at - now) / MINUTE) + first_free)


async def look_at_queue(point_code: str, kind: WindowKind, *, now: datetime) -> Queue:
    """Return the queue before one kind of window at a point, as it stands now."""
    day = local_day(now)
    serving = {
        window.number: kinds_of(window)
        for window in await windows_of(point_code)
        if window.opened_at is not None and kind in kinds_of(window)
    }
    kinds = {kind}.union(*serving.values())
    waiting = await who_waits(waiting_at(point_code, day, kinds))
    streak = await first_in_a_row(point_code, day, kinds)
    called = await tickets_at_windows(point_code, day)
    return Queue(
        order=tuple(call_order(waiting, now=now, first_in_a_row=streak)),
        open_windows=len(serving),
        elapsed=tuple(_elapsed(one, now) for one in called if one.window_no in serving),
        minutes_each=mean_minutes(await served_spans(point_code, day, [kind])),
    )


def mean_minutes(spans: list[tuple[datetime, datetime]]) -> float:
    """Return the mean of measured service times in minutes, or the usual one."""
    if not spans:
        return USUAL_MINUTES
    total = sum((end - start for start, end in spans), timedelta())
    return max(1.0, total / MINUTE / len(spans))


def _elapsed(ticket: QueueTicket, now: datetime) -> float:
    if ticket.state is not TicketState.SERVING or ticket.serving_at is None:
        return 0.0
    return (now - ticket.serving_at) / MINUTE
