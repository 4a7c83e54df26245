"""What balancing is told of the halls."""

from collections.abc import Collection, Mapping
from datetime import datetime

from tortoise.functions import Count

from models.catalog import Window
from models.kinds import WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.balancing.rules import PointLoad
from server.catalog.rules import local_day


class HallLoads:
    """Counts who waits and which windows are open, over all points in two queries."""

    async def read_loads(
        self, point_codes: Collection[str], *, now: datetime
    ) -> Mapping[str, PointLoad]:
        """Return the load of the halls of these points."""
        waiting = await _count_waiting(point_codes, now)
        open_windows = await _count_open(point_codes)
        return {
            code: PointLoad(waiting=waiting.get(code, 0), windows_open=open_windows.get(code, 0))
            for code in point_codes
        }


async def _count_waiting(point_codes: Collection[str], now: datetime) -> dict[str, int]:
    tickets = QueueTicket.filter(
        point_code__in=point_codes,
        day=local_day(now),
        state=TicketState.WAITING,
        kind=WindowKind.ACCEPT,
    )
    rows = (
        await tickets.annotate(count=Count("id"))
        .group_by("point_code")
        .values("point_code", "count")
    )
    return {row["point_code"]: row["count"] for row in rows}


async def _count_open(point_codes: Collection[str]) -> dict[str, int]:
    windows = Window.filter(
        point_code__in=point_codes, kind=WindowKind.ACCEPT, opened_at__isnull=False
    )
    rows = (
        await windows.annotate(count=Count("id"))
        .group_by("point_code")
        .values("point_code", "count")
    )
    return {row["point_code"]: row["count"] for row in rows}
