"""The visits of past days, for whoever asks what a day like them would bring."""

from datetime import date, datetime, timedelta

from models.kinds import WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server.balancing.simulation.day import PastVisit
from server.catalog.rules import SHANGHAI, local_day

OPENS_AT_HOUR = 9
"""In Fuzhou; minutes of a simulated day are counted from there."""
MOST_VISITS = 200_000


async def past_visits(
    weekday: int | None, *, weeks: int, now: datetime
) -> tuple[list[PastVisit], int]:
    """Return the visits of the last weeks that were served, and on how many days.

    Only of one weekday (0 is Monday), unless that is None.
    """
    today = local_day(now)
    rows = (
        await QueueTicket.filter(
            state=TicketState.DONE,
            kind=WindowKind.ACCEPT,
            day__gte=today - timedelta(weeks=weeks),
            day__lt=today,
            serving_at__isnull=False,
            done_at__isnull=False,
        )
        .limit(MOST_VISITS)
        .values_list("point_code", "day", "taken_at", "serving_at", "done_at")
    )
    wanted = [row for row in rows if weekday is None or row[1].weekday() == weekday]
    visits = [
        PastVisit(str(code), _minute_of(taken_at), (done_at - serving_at) / timedelta(minutes=1))
        for code, _, taken_at, serving_at, done_at in wanted
    ]
    days: set[date] = {row[1] for row in wanted}
    return visits, len(days)


def _minute_of(at: datetime) -> float:
    local = at.astimezone(SHANGHAI)
    return (local.hour - OPENS_AT_HOUR) * 60 + local.minute + local.second / 60
