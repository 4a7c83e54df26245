"""A point that is evacuated hands its queue over: people are told where to go and keep their place.

A point that only fell silent keeps its people: a broken line is no reason to send a hall away.
"""

from collections.abc import AsyncIterator
from datetime import datetime

import structlog

from models.catalog import ServicePoint
from models.queueing import QueueTicket
from models.states import PresenceState, TicketState
from server.appointments.service import works_within
from server.balancing.events import PointWentDark
from server.balancing.presence import dark_points
from server.catalog.errors import UnknownItem
from server.catalog.rules import local_day
from server.catalog.service import find_points_for, get_point
from server.kit.access import ENGINE
from server.kit.outbox import emit_all
from server.kit.ports import Ports
from server.queueing.calling import clear_window
from server.queueing.events import TicketStranded
from server.queueing.halls import take_hall
from server.queueing.repository import kinds_of, windows_of
from server.queueing.rules import arrive_by
from server.queueing.service import get_ticket
from server.queueing.tickets import SOON
from server.queueing.transferring import Destination, minutes_between, move_ticket, tell_moved
from server.queueing.waits import look_at_queue

STRANDED = (TicketState.WAITING, TicketState.CALLED)
"""Whoever is being served stays with whoever serves them."""

LOOKED_AT = 5
"""Points with an open window that are compared, as the queues are there at this moment."""

log = structlog.get_logger(__name__)


async def strand_tickets(event: PointWentDark, ports: Ports) -> None:
    """Have each number that waits at an evacuated point moved, one by one."""
    if event.state is not PresenceState.EVACUATED:
        return
    code, now = event.aggregate_id, ports.now()
    waiting = QueueTicket.filter(point_code=code, day=local_day(now), state__in=STRANDED)
    ids = await waiting.order_by("rank_at", "id").values_list("id", flat=True)
    await emit_all((TicketStranded(aggregate_id=str(one)) for one in ids), now=now)


async def move_stranded(event: TicketStranded, ports: Ports) -> None:
    """Move a number to where its person is done soonest, unless its point is back already."""
    now = ports.now()
    ticket = await get_ticket(event.aggregate_id)
    if not await dark_points([ticket.point_code]):
        return
    refuge = await _find_refuge(ticket, now)
    if refuge is None:
        # The number stays: its person is told at the latest when the day ends.
        log.warning("no_refuge", ticket=ticket.id, point=ticket.point_code)
        return
    await take_hall(ticket.point_code, refuge.code)
    ticket = await get_ticket(ticket.id)
    if ticket.state not in STRANDED:
        return
    await _move(ticket, refuge, now)


async def _move(ticket: QueueTicket, refuge: ServicePoint, now: datetime) -> None:
    if ticket.state is TicketState.CALLED:
        await clear_window(ticket, now)
    left = await get_point(ticket.point_code)
    queue = await look_at_queue(refuge.code, ticket.kind, now=now)
    kept_until = arrive_by(
        now=now,
        travel_minutes=minutes_between(left, refuge),
        wait_minutes=queue.wait_minutes,
    )
    destination = Destination(refuge.code, ticket.kind, arrive_by=kept_until)
    successor = await move_ticket(ticket, destination, actor=ENGINE, now=now)
    await tell_moved(successor, "ticket_evacuated", now=now)


async def _find_refuge(ticket: QueueTicket, now: datetime) -> ServicePoint | None:
    """Return where a person is done soonest among the nearest points with an open window.

    Where none has one, the nearest that works today and has a window of the kind.
    """
    left = await get_point(ticket.point_code)
    nearest: ServicePoint | None = None
    soonest: dict[ServicePoint, float] = {}
    async for point in _candidates(ticket, left, now):
        nearest = nearest or point
        queue = await look_at_queue(point.code, ticket.kind, now=now)
        wait = queue.wait_minutes
        if wait is not None:
            soonest[point] = wait + minutes_between(left, point)
        if len(soonest) == LOOKED_AT:
            break
    return min(soonest, key=lambda one: soonest[one]) if soonest else nearest


async def _candidates(
    ticket: QueueTicket, left: ServicePoint, now: datetime
) -> AsyncIterator[ServicePoint]:
    dark = await dark_points()
    points = [one for one in await _capable(ticket) if one.code not in {left.code, *dark}]
    for point in sorted(points, key=lambda one: minutes_between(left, one)):
        kinds = [kind for one in await windows_of(point.code) for kind in kinds_of(one)]
        if ticket.kind in kinds and await works_within(point.code, SOON, now=now):
            yield point


async def _capable(ticket: QueueTicket) -> list[ServicePoint]:
    try:
        return await find_points_for(ticket.item_codes)
    except UnknownItem:
        # Withdrawn since the number was taken.
        return await find_points_for([])
