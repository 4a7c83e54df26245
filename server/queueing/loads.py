"""What balancing is told of the halls, by the rules that call and predict there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from models.catalog import Window
from models.kinds import WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.balancing.loads import HallLoad
from server.balancing.services import Served
from server.catalog.rules import local_day
from server.queueing.repository import AT_WINDOW, OpenWindows
from server.queueing.rules import Standing, Waiting, before_newcomer

IN_HALL = (TicketState.WAITING, *AT_WINDOW)
NEEDED = (
    "id",
    "point_code",
    "kind",
    "lane",
    "state",
    "rank_at",
    "item_codes",
    "window_no",
    "serving_at",
)
MEASURED = 5_000
"""The newest services that are looked at; the older ones would weigh little."""
MEASURED_DAYS = timedelta(days=30)
MINUTE = timedelta(minutes=1)


class HallLoads:
    """Tells who is in the halls and which windows are open, over all points in two queries."""

    async def read_loads(self, *, now: datetime) -> Mapping[str, HallLoad]:
        """Return the load of every hall where somebody is or a window is open."""
        windows: defaultdict[str, list[Window]] = defaultdict(list)
        for window in await Window.exclude(opened_at=None):
            windows[window.point_code].append(window)
        tickets: defaultdict[str, list[QueueTicket]] = defaultdict(list)
        in_hall = QueueTicket.filter(day=local_day(now), state__in=IN_HALL)
        for ticket in await in_hall.only(*NEEDED):
            tickets[ticket.point_code].append(ticket)
        return {
            code: load_of(windows[code], tickets[code], now=now)
            for code in windows.keys() | tickets.keys()
        }

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


def load_of(
    windows: Sequence[Window], tickets: Sequence[QueueTicket], *, now: datetime
) -> HallLoad:
    """Return the load of one hall as one sees it who comes for an accepting window.

    Whoever shares these windows is in the way, of whatever kind, unless called after a newcomer:
    who has booked for later comes when that time comes.
    """
    serving = OpenWindows.of(WindowKind.ACCEPT, windows)
    at_windows = [one for one in tickets if one.window_no in serving.numbers]
    queueing = {
        one.id: one
        for one in tickets
        if one.state is TicketState.WAITING and one.kind in serving.kinds
    }
    waiting = [Waiting(one.id, one.rank_at, one.lane) for one in queueing.values()]
    return HallLoad(
        windows_open=len(serving.numbers),
        started=tuple(one.serving_at or now for one in at_windows if one.state in AT_WINDOW),
        waiting=tuple(
            tuple(queueing[one.id].item_codes) for one in before_newcomer(waiting, now=now)
        ),
        coming=tuple(one.rank_at for one in waiting if one.standing(now) is Standing.EARLY),
    )
