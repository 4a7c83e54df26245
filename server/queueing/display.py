"""What a hall shows to everybody in it: numbers and windows, nobody's name."""

from datetime import datetime
from math import ceil

from models.kinds import WindowKind
from models.queueing import QueueTicket
from server.catalog.rules import local_day
from server.queueing.repository import tickets_at_windows
from server.queueing.rules import label_of
from server.queueing.schemas import CallOut, DisplayOut, KindOut
from server.queueing.waits import look_at_queue

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
    first = [one.id for one in queue.order[:MOST_NEXT]]
    rows = {row.id: row for row in await QueueTicket.filter(id__in=first)}
    return KindOut(
        kind=kind,
        waiting=len(queue.order),
        open_windows=queue.open_windows,
        wait_minutes=whole_minutes(queue.wait_minutes(len(queue.order))),
        next_labels=[label_of(rows[one].series, rows[one].number) for one in first if one in rows],
    )
