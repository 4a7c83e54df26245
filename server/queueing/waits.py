"""The queue before a kind of window: who is called in which order, and how long that takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.fields import new_id
from models.kinds import Lane, WindowKind
from models.queueing import QueueTicket
from server.balancing.waits import USUAL_MINUTES, Hall, predict_wait
from server.queueing.repository import HallFacts, OpenWindows, read_hall, windows_of
from server.queueing.rules import Waiting, people_before

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue before one kind of window as one who waits in it sees it."""

    one: Waiting
    seen_at: datetime
    windows: OpenWindows
    facts: HallFacts

    @property
    def people_before(self) -> int:
        """How many are called before."""
        standing = self.one.standing(self.seen_at)
        ahead, waiting, first_in_a_row = self.facts[:3]
        return people_before(standing, ahead, waiting, first_in_a_row=first_in_a_row)

    @property
    def wait_minutes(self) -> float | None:
        """The minutes until the call: a booking's not long after its time.

        None while no window is open.
        """
        minutes = self._wait_behind(self.people_before)
        if minutes is None or self.one.lane is not Lane.BOOKED:
            return minutes
        first_free = self._wait_behind(0) or 0.0
        return min(minutes, max(0.0, (self.one.rank_at - self.seen_at) / MINUTE) + first_free)

    @property
    def naive_minutes(self) -> float | None:
        """What a wait is often taken to be: all who are before × mean minutes ÷ windows."""
        windows = len(self.windows.numbers)
        people = self.people_before + len(self.facts.began)
        return people * mean_minutes(self.facts.served) / windows if windows else None

    def _wait_behind(self, people: int) -> float | None:
        elapsed = tuple((self.seen_at - began) / MINUTE for began in self.facts.began)
        minutes_each = mean_minutes(self.facts.served)
        return predict_wait(Hall(len(self.windows.numbers), elapsed, people, minutes_each))


async def look_from(ticket: QueueTicket, *, now: datetime) -> Queue:
    """Return the queue as one who waits in it, or is about to, sees it now."""
    one = Waiting(ticket.id, ticket.rank_at, ticket.lane)
    return await _look(ticket.point_code, ticket.kind, one, now)


async def look_at_queue(
    point_code: str, kind: WindowKind, *, now: datetime, lane: Lane = Lane.PLAIN
) -> Queue:
    """Return the queue as one sees it who takes a number now."""
    return await _look(point_code, kind, Waiting(new_id(), now, lane), now)


async def _look(point_code: str, kind: WindowKind, one: Waiting, now: datetime) -> Queue:
    windows = OpenWindows.of(kind, await windows_of(point_code))
    return Queue(one, now, windows, await read_hall(point_code, kind, windows, one=one, now=now))


def mean_minutes(spans: Sequence[tuple[datetime, datetime]]) -> float:
    """Return the mean of measured service times in minutes, or the usual one."""
    if not spans:
        return USUAL_MINUTES
    total = sum((end - start for start, end in spans), timedelta())
    return max(1.0, total / MINUTE / len(spans))
