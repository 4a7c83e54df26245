"""What balancing is told of the halls."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from models.catalog import Window
from models.kinds import WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.balancing.loads import HallLoad
from server.balancing.services import Served
from server.catalog.rules import local_day
from server.queueing.repository import kinds_of

IN_HALL = (TicketState.WAITING, TicketState.CALLED, TicketState.SERVING)
MEASURED = 5_000
"""The newest services that are looked at; the older ones would weigh little."""
MEASURED_DAYS = timedelta(days=30)
MINUTE = timedelta(minutes=1)


class HallLoads:
    """Tells who is in the halls and which windows are open, over all points in two queries."""

    async def read_loads(self, *, now: datetime) -> Mapping[str, HallLoad]:
        """Return the load of every hall where somebody is or a window is open."""
        loads: dict[str, HallLoad] = defaultdict(HallLoad)
        for code, count in (await _count_open()).items():
            loads[code] += HallLoad(windows_open=count)
        tickets = QueueTicket.filter(
            day=local_day(now), state__in=IN_HALL, kind=WindowKind.ACCEPT
        ).only("id", "point_code", "state", "item_codes", "called_at", "serving_at")
        for ticket in await tickets:
            loads[ticket.point_code] += _load_of(ticket, now)
        return loads

    async def read_services(self, *, now: datetime) -> Sequence[Served]:
        """Return the newest services of the last 30 days."""
        rows = (
            QueueTicket.filter(
                state=TicketState.DONE,
                kind=WindowKind.ACCEPT,
                day__gte=local_day(now - MEASURED_DAYS),
                serving_at__isnull=False,
                done_at__isnull=False,
            )
            .order_by("-day", "-done_at")
            .limit(MEASURED)
            .values_list("item_codes", "serving_at", "done_at")
        )
        return [
            Served(tuple(codes), (done_at - serving_at) / MINUTE, done_at)
            for codes, serving_at, done_at in await rows
        ]


def _load_of(ticket: QueueTicket, now: datetime) -> HallLoad:
    if ticket.state is TicketState.WAITING:
        return HallLoad(waiting=(tuple(ticket.item_codes),))
    return HallLoad(started=(ticket.serving_at or ticket.called_at or now,))


async def _count_open() -> Counter[str]:
    opened = await Window.exclude(opened_at=None)
    return Counter(one.point_code for one in opened if WindowKind.ACCEPT in kinds_of(one))
