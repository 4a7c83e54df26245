"""Closing a day's queue when the day is over."""

from datetime import datetime

import structlog

from models.catalog import Window
from models.queueing import QueueTicket
from models.states import TicketState
from server.catalog.rules import local_day
from server.catalog.service import get_point
from server.identity.people import find_account_of
from server.kit.access import ENGINE
from server.kit.errors import Refusal
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.states import advance
from server.kit.transaction import in_transaction
from server.notifications.events import notify
from server.queueing.repository import UNFINISHED
from server.queueing.rules import label_of
from server.queueing.service import get_ticket
from server.queueing.windows import abandon, conclude

AFTER_CLOSING = "the day is over"
EVERY_S = 900.0
MOST_AT_ONCE = 500

log = structlog.get_logger(__name__)


async def close_past_days(ports: Ports) -> None:
    """End every ticket of a day that is over, tell those not served, and close the windows."""
    today = local_day(ports.now())
    left = QueueTicket.filter(day__lt=today, state__in=UNFINISHED).limit(MOST_AT_ONCE)
    for ticket_id in await left.values_list("id", flat=True):
        try:
            await in_transaction(lambda one=ticket_id: _close(str(one), ports.now()))  # type: ignore[misc]
        except Refusal as refusal:
            log.info("left_as_it_is", subject=ticket_id, reason=refusal.code)
    await in_transaction(lambda: _close_windows(ports.now()))


async def _close(ticket_id: str, now: datetime) -> None:
    ticket = await get_ticket(ticket_id)
    if ticket.state is TicketState.SERVING:
        await conclude(ticket, actor=ENGINE, now=now, reason=AFTER_CLOSING)
        return
    if ticket.state is TicketState.CALLED:
        await advance(ticket, TicketState.MISSED, actor=ENGINE, now=now)
    await abandon(ticket, actor=ENGINE, now=now, reason=AFTER_CLOSING)
    await _tell(ticket, now)


async def _tell(ticket: QueueTicket, now: datetime) -> None:
    point = await get_point(ticket.point_code)
    await notify(
        kind="ticket_closed",
        account_id=await find_account_of(ticket.person_id),
        subject_id=ticket.id,
        key="closed",
        now=now,
        data={"point": point.name, "ticket": label_of(ticket.series, ticket.number)},
    )


async def _close_windows(now: datetime) -> None:
    for window in await Window.exclude(opened_at=None).order_by("id"):
        if window.opened_at is not None and local_day(window.opened_at) < local_day(now):
            await Window.filter(id=window.id, opened_at=window.opened_at).update(
                staff_id=None, opened_at=None
            )


CONSUMERS: tuple[Consumer, ...] = ()
JOBS: tuple[Job, ...] = (Job("queueing.close_past_days", EVERY_S, close_past_days),)
