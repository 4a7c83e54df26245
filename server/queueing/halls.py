"""A hall is one queue: whoever changes it takes its row first, so that changes come one by one.

Their order is the order of the commits, so that a display which reads on from the last change it
knows misses none.
"""

from datetime import datetime

from models.kinds import HallNewsKind
from models.queueing import HallCounter, HallNews, QueueTicket
from server.kit.counters import count_up, next_number
from server.kit.outbox import emit
from server.queueing.events import HallChanged
from server.queueing.rules import label_of


async def take_hall(*point_codes: str) -> None:
    """Let nobody else change the queues of these points until the transaction ends."""
    for code in sorted(set(point_codes)):
        await count_up(HallCounter, point_code=code)


async def tell_hall(
    ticket: QueueTicket, kind: HallNewsKind, *, window_no: int, now: datetime
) -> int:
    """Tell the display of the ticket's hall about a window; return the number of the change."""
    change = await next_number(HallCounter, point_code=ticket.point_code)
    await HallNews.create(
        point_code=ticket.point_code,
        change=change,
        kind=kind,
        label=label_of(ticket.series, ticket.number),
        window_no=window_no,
        told_at=now,
    )
    await emit(HallChanged(aggregate_id=ticket.point_code, key=str(change)), now=now)
    return change
