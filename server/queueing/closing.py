"""The end of a day: nobody who waited is left without an answer."""

from datetime import datetime

from models.catalog import Window
from models.queueing import QueueTicket
from models.states import TicketState
from server.catalog.rules import local_day
from server.catalog.service import get_point
from server.identity.people import find_account_of
from server.kit.access import ENGINE
from server.kit.states import advance
from server.notifications.events import notify
from server.queueing.calling import abandon, clear_window, conclude
from server.queueing.halls import take_hall
from server.queueing.repository import AT_WINDOW, UNFINISHED
from server.queueing.rules import label_of
from server.queueing.service import get_ticket

AFTER_CLOSING = "the day is over"


async def close_ticket(ticket_id: str, now: datetime) -> None:
    """End a ticket of a day that is over: whoever was served is done, all others are told."""
    ticket = await get_ticket(ticket_id)
    await take_hall(ticket.point_code)
    ticket = await get_ticket(ticket_id)
    if ticket.state not in UNFINISHED:
        return
    if ticket.state in AT_WINDOW:
        await clear_window(ticket, now)
    if ticket.state is TicketState.SERVING:
        await conclude(ticket, actor=ENGINE, now=now, reason=AFTER_CLOSING)
        return
    if ticket.state is TicketState.CALLED:
        await advance(ticket, TicketState.MISSED, actor=ENGINE, now=now)
    await abandon(ticket, actor=ENGINE, now=now, reason=AFTER_CLOSING)
    await _tell(ticket, now)


async def close_window_overnight(window_id: str, now: datetime) -> None:
    """Close a window at which somebody forgot to."""
    window = await Window.get(id=window_id)
    await take_hall(window.point_code)
    await window.refresh_from_db()
    if window.opened_at is not None and local_day(window.opened_at) < local_day(now):
        await Window.filter(id=window.id).update(staff_id=None, opened_at=None, also_kinds=None)


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
