"""What happens to numbers by the clock: told to leave, given up, closed for the night."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import structlog
from tortoise import Model
from tortoise.queryset import QuerySet

from models.catalog import Window
from models.queueing import Departure, HallNews, QueueTicket
from models.states import TicketState
from server.appointments.visits import day_span
from server.balancing.events import PointWentDark
from server.catalog.rules import local_day
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from server.queueing.bells import wake_displays
from server.queueing.closing import close_ticket, close_window_overnight
from server.queueing.evacuation import move_stranded, strand_tickets
from server.queueing.events import HallChanged, TicketStranded
from server.queueing.leaving import tell_to_leave
from server.queueing.remote import give_up_unarrived
from server.queueing.repository import UNFINISHED

MOST_AT_ONCE = 500

Row = TypeVar("Row", bound=Model)
Work = Callable[[str, datetime], Awaitable[None]]

log = structlog.get_logger(__name__)


async def close_past_days(ports: Ports) -> None:
    """End every ticket of a day that is over, tell those not served, and close the windows.

    Each in a transaction of its own: after a kill the next run goes on with what is left.
    """
    today = local_day(ports.now())
    await _each(QueueTicket.filter(day__lt=today, state__in=UNFINISHED), close_ticket, ports)
    midnight = day_span(today)[0]
    await _each(Window.filter(opened_at__lt=midnight), close_window_overnight, ports)
    await in_transaction(Departure.filter(day__lt=today).delete)
    await in_transaction(HallNews.filter(told_at__lt=midnight).delete)


async def give_up_numbers(ports: Ports) -> None:
    """End the numbers of those who did not come in time."""
    on_the_way = QueueTicket.filter(
        state=TicketState.WAITING, day=local_day(ports.now()), arrived_at=None
    )
    await _each(on_the_way.filter(arrive_by__lte=ports.now()), give_up_unarrived, ports)


async def tell_all_to_leave(ports: Ports) -> None:
    """Tell those to set out whose turn comes by the time that they are there."""
    untold = Departure.filter(day=local_day(ports.now()), told_at=None)
    await _each(untold, tell_to_leave, ports)


async def _each(rows: QuerySet[Row], work: Work, ports: Ports) -> None:
    """Work on every row by its id; one that fails is left for the next time."""
    last = ""
    while ids := await _next_ids(rows, last):
        for one in ids:
            try:
                await in_transaction(lambda one=one: work(one, ports.now()))  # type: ignore[misc]
            except Exception:
                log.exception("left_as_it_is", subject=one)
        last = ids[-1]


async def _next_ids(rows: QuerySet[Row], last: str) -> list[str]:
    after = rows.filter(id__gt=last).order_by("id").limit(MOST_AT_ONCE)
    return [str(one) for one in await after.values_list("id", flat=True)]


CONSUMERS: tuple[Consumer, ...] = (
    Consumer("queueing.wake_displays", HallChanged, wake_displays, is_remote=True),
    Consumer("queueing.strand_tickets", PointWentDark, strand_tickets),
    Consumer("queueing.move_stranded", TicketStranded, move_stranded),
)
JOBS: tuple[Job, ...] = (
    Job("queueing.close_past_days", 900.0, close_past_days),
    Job("queueing.give_up_numbers", 60.0, give_up_numbers),
    Job("queueing.tell_to_leave", 30.0, tell_all_to_leave),
)
