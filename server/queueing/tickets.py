"""Taking a number: by booking or by walking in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.appointments import Appointment
from models.kinds import WindowKind
from models.queueing import QueueTicket, TicketCounter
from models.states import TicketState
from server.appointments.service import mark_checked_in, require_accepted, works_within
from server.catalog.rules import local_day
from server.catalog.service import get_point
from server.kit.access import Actor
from server.kit.counters import next_number
from server.kit.states import record_move
from server.queueing.errors import AlreadyInQueue, PointClosed
from server.queueing.repository import has_unfinished
from server.queueing.rules import rank_of_booking

SOON = timedelta(hours=2)
"""Bridges the noon break, and lets people take a number a little before opening."""


BOOKED_SERIES = "Y"
WALK_IN_SERIES: Mapping[WindowKind, str] = {
    WindowKind.CONSULT: "C",
    WindowKind.ACCEPT: "A",
    WindowKind.ISSUE: "L",
}


@dataclass(frozen=True, slots=True)
class WalkIn:
    """Somebody who came without a booking."""

    point_code: str
    kind: WindowKind
    person_id: str
    item_codes: tuple[str, ...] = ()


async def check_in(
    appointment: Appointment, *, actor: Actor, now: datetime, at_any_time: bool = False
) -> QueueTicket:
    """Give the person of a booking a place in the queue at the booking's time.

    Raises `TooEarly`, `WrongState`, `ChangedMeanwhile`, or `AlreadyBooked`.
    """
    await mark_checked_in(appointment, actor=actor, now=now, at_any_time=at_any_time)
    ticket = QueueTicket(
        point_code=appointment.point_code,
        kind=appointment.kind,
        person_id=appointment.person_id,
        appointment_id=appointment.id,
        item_codes=appointment.item_codes,
        rank_at=rank_of_booking(appointment.starts_at, now=now),
    )
    return await _number(ticket, BOOKED_SERIES, actor=actor, now=now)


async def take_ticket(walk_in: WalkIn, *, actor: Actor, now: datetime) -> QueueTicket:
    """Give somebody without a booking a place in the queue as of now.

    Raises `UnknownPoint`, `UnknownItem`, `NotAcceptedHere`, `PointClosed` or `AlreadyInQueue`.
    """
    await _require_working(walk_in, now)
    ticket = QueueTicket(
        point_code=walk_in.point_code,
        kind=walk_in.kind,
        person_id=walk_in.person_id,
        item_codes=list(walk_in.item_codes),
        rank_at=now,
    )
    return await _number(ticket, WALK_IN_SERIES[walk_in.kind], actor=actor, now=now)


async def _require_working(walk_in: WalkIn, now: datetime) -> None:
    point = await get_point(walk_in.point_code)
    if not (point.is_open and await works_within(point.code, SOON, now=now)):
        raise PointClosed
    if walk_in.item_codes:
        await require_accepted(point.code, walk_in.item_codes)


async def _number(ticket: QueueTicket, series: str, *, actor: Actor, now: datetime) -> QueueTicket:
    ticket.day, ticket.series = local_day(now), series
    ticket.number = await next_number(
        TicketCounter, point_code=ticket.point_code, day=ticket.day, series=series
    )
    # Only now, since whoever else takes one of this series waits for our counter.
    is_walk_in = ticket.appointment_id is None
    if is_walk_in and await has_unfinished(ticket.person_id, ticket.point_code, ticket.day):
        raise AlreadyInQueue
    ticket.state, ticket.taken_at = TicketState.WAITING, now
    await ticket.save(force_create=True)
    await record_move(ticket, from_state=None, to_state=TicketState.WAITING, actor=actor, now=now)
    return ticket
