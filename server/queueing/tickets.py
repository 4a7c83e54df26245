"""Taking a number: by booking, in the hall or from afar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.settings import Settings
from models.appointments import Appointment
from models.kinds import WindowKind
from models.queueing import QueueTicket, TicketCounter
from models.states import TicketState
from server.appointments.service import (
    find_due_visit,
    mark_checked_in,
    require_accepted,
    works_within,
)
from server.catalog.rules import local_day
from server.catalog.service import get_point
from server.identity.people import is_elder
from server.kit.access import Actor
from server.kit.counters import next_number
from server.kit.states import record_move
from server.queueing.errors import AlreadyInQueue, PointClosed
from server.queueing.halls import take_hall
from server.queueing.repository import has_unfinished
from server.queueing.rules import (
    lane_of_booking,
    lane_of_walk_in,
    rank_of_booking,
)
from server.queueing.waits import look_from

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
    """Somebody who takes a number; `is_green`: a clerk saw why they go first, whatever their age.

    `is_here` is false for one who takes it from afar.
    """

    point_code: str
    kind: WindowKind
    person_id: str
    item_codes: tuple[str, ...] = ()
    is_green: bool = False
    is_here: bool = True


async def check_in(
    appointment: Appointment,
    *,
    actor: Actor,
    now: datetime,
    settings: Settings,
    is_here: bool = True,
) -> QueueTicket:
    """Give the person of a booking a place in the queue at the booking's time.

    Raises `TooEarly`, `WrongState`, `ChangedMeanwhile`, or `AlreadyBooked`.
    """
    await take_hall(appointment.point_code)
    await mark_checked_in(
        appointment, actor=actor, now=now, at_any_time=settings.check_in_at_any_time
    )
    is_green = await goes_green(appointment.person_id, now=now, settings=settings)
    lane = lane_of_booking(appointment.starts_at, now=now, is_green=is_green)
    ticket = QueueTicket(
        point_code=appointment.point_code,
        kind=appointment.kind,
        lane=lane,
        person_id=appointment.person_id,
        appointment_id=appointment.id,
        item_codes=appointment.item_codes,
        rank_at=rank_of_booking(appointment.starts_at, now=now),
        arrived_at=now if is_here else None,
    )
    return await give_number(ticket, actor=actor, now=now)


async def take_ticket(
    walk_in: WalkIn, *, actor: Actor, now: datetime, settings: Settings
) -> QueueTicket:
    """Give somebody a place in the queue: as of now, or that of a booking that is due here.

    Raises `UnknownPoint`, `UnknownItem`, `NotAcceptedHere`, `PointClosed` or `AlreadyInQueue`.
    """
    await _require_working(walk_in, now)
    await take_hall(walk_in.point_code)
    if await has_unfinished(walk_in.person_id, local_day(now), walk_in.point_code):
        raise AlreadyInQueue
    visit = await find_due_visit(walk_in.person_id, walk_in.point_code, now=now)
    if visit is not None and visit.kind is walk_in.kind:
        return await check_in(
            visit, actor=actor, now=now, settings=settings, is_here=walk_in.is_here
        )
    is_green = walk_in.is_green or await goes_green(walk_in.person_id, now=now, settings=settings)
    ticket = QueueTicket(
        point_code=walk_in.point_code,
        kind=walk_in.kind,
        lane=lane_of_walk_in(is_green=is_green),
        person_id=walk_in.person_id,
        item_codes=list(walk_in.item_codes),
        rank_at=now,
        arrived_at=now if walk_in.is_here else None,
    )
    return await give_number(ticket, actor=actor, now=now)


async def goes_green(person_id: str, *, now: datetime, settings: Settings) -> bool:
    """Tell whether the person's age alone lets them go first."""
    return await is_elder(person_id, from_age=settings.green_lane_age, today=local_day(now))


async def give_number(ticket: QueueTicket, *, actor: Actor, now: datetime) -> QueueTicket:
    """Number a ticket of a hall that was taken, and keep what wait is predicted for it."""
    ticket.day, ticket.series = local_day(now), series_of(ticket)
    ticket.number = await next_number(
        TicketCounter, point_code=ticket.point_code, day=ticket.day, series=ticket.series
    )
    ticket.state, ticket.taken_at = TicketState.WAITING, now
    queue = await look_from(ticket, now=now)
    ticket.people_before, ticket.predicted_minutes = queue.people_before, queue.wait_minutes
    ticket.naive_minutes = queue.naive_minutes
    await ticket.save(force_create=True)
    await record_move(ticket, from_state=None, to_state=TicketState.WAITING, actor=actor, now=now)
    return ticket


def series_of(ticket: QueueTicket) -> str:
    """Return in which series a ticket is numbered."""
    return BOOKED_SERIES if ticket.appointment_id else WALK_IN_SERIES[ticket.kind]


async def _require_working(walk_in: WalkIn, now: datetime) -> None:
    point = await get_point(walk_in.point_code)
    if not (point.is_open and await works_within(point.code, SOON, now=now)):
        raise PointClosed
    if walk_in.item_codes:
        await require_accepted(point.code, walk_in.item_codes)
