"""What a hall shows to everybody in it: numbers and windows, nobody's name."""

from datetime import datetime
from math import ceil

from models.kinds import WindowKind
from models.queueing import QueueTicket
from server.catalog.rules import local_day
from server.queueing.repository import next_of_each, tickets_at_windows, waiting_at
from server.queueing.rules import call_order, label_of
from server.queueing.schemas import CallOut, DisplayOut, KindOut
from server.queueing.waits import Queue, look_at_queue

MOST_NEXT = 5


async def show_hall(point_code: str, *, now: datetime) -> DisplayOut:
    """Return whom the windows of a point call, and who is next."""
    rows = await tickets_at_windows(point_code, local_day(now))
    return DisplayOut(
        point_code=point_code,
        calls=[_call(row) for row in rows],
        kinds=[await _kind(point_code, kind, now) for kind in WindowKind],
    )


def whole_minutes(minutes: float | None) -> int | None:
    """Return minutes as people are told them."""
    return None if minutes is None else ceil(minutes)


def _call(row: QueueTicket) -> CallOut:
    label = label_of(row.series, row.number)
    return CallOut(label=label, window_no=row.window_no or 0, state=row.state)


async def _kind(point_code: str, kind: WindowKind, now: datetime) -> KindOut:
    queue = await look_at_queue(point_code, kind, now=now)
    return KindOut(
        kind=kind,
        waiting=queue.facts.waiting.total(),
        open_windows=len(queue.windows.numbers),
        wait_minutes=whole_minutes(queue.wait_minutes),
        next_labels=await _next_labels(point_code, queue, now),
    )


async def _next_labels(point_code: str, queue: Queue, now: datetime) -> list[str]:
    waiting = waiting_at(point_code, local_day(now), queue.windows.kinds)
    nearest = await next_of_each(waiting, now=now, limit=MOST_NEXT)
    order = call_order(nearest, now=now, first_in_a_row=queue.facts.first_in_a_row)[:MOST_NEXT]
    rows = {row.id: row for row in await QueueTicket.filter(id__in=[one.id for one in order])}
    return [label_of(rows[one.id].series, rows[one.id].number) for one in order if one.id in rows]
