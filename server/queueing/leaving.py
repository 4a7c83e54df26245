"""Telling people when to set out, once for each number and each booking."""

from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from models.appointments import Appointment
from models.queueing import Departure, QueueTicket
from models.states import AppointmentState, TicketState
from server.appointments.service import get_appointment
from server.catalog.rules import local_day
from server.catalog.service import get_point
from server.identity.people import find_account_of
from server.notifications.events import notify
from server.queueing.rules import must_leave
from server.queueing.service import get_ticket
from server.queueing.waits import look_from

MINUTE = timedelta(minutes=1)
BEFORE_COMING = frozenset({AppointmentState.PENDING, AppointmentState.CONFIRMED})


async def plan_departure(subject: QueueTicket | Appointment, *, minutes: int) -> None:
    """Keep how long somebody's way takes; a new answer replaces the one before."""
    is_booking = isinstance(subject, Appointment)
    departure = Departure(
        id=subject.id,
        person_id=subject.person_id,
        point_code=subject.point_code,
        is_booking=is_booking,
        day=local_day(subject.starts_at) if isinstance(subject, Appointment) else subject.day,
        travel_minutes=minutes,
    )
    try:
        await departure.save(force_create=True)
    except IntegrityError:
        await Departure.filter(id=subject.id).update(travel_minutes=minutes)


async def tell_to_leave(departure_id: str, now: datetime) -> None:
    """Tell somebody to set out if it is time, and that only once."""
    departure = await Departure.get(id=departure_id)
    left = await _minutes_left(departure, now)
    if left is None or not must_leave(left, travel_minutes=departure.travel_minutes):
        return
    if await Departure.filter(id=departure.id, told_at=None).update(told_at=now) != 1:
        return
    point = await get_point(departure.point_code)
    await notify(
        kind="leave_now",
        account_id=await find_account_of(departure.person_id),
        subject_id=departure.id,
        key="leave",
        now=now,
        data={"point": point.name, "minutes": str(departure.travel_minutes)},
    )


async def _minutes_left(departure: Departure, now: datetime) -> float | None:
    """Return the minutes until the turn of one who has not come yet; None for all others."""
    if departure.is_booking:
        appointment = await get_appointment(departure.id)
        is_expected = appointment.state in BEFORE_COMING and appointment.starts_at > now
        return (appointment.starts_at - now) / MINUTE if is_expected else None
    ticket = await get_ticket(departure.id)
    if ticket.state is not TicketState.WAITING or ticket.arrived_at is not None:
        return None
    return (await look_from(ticket, now=now)).wait_minutes
