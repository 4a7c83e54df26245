"""The course of a visit: what the queue moves, and how every visit ends."""

from datetime import datetime, timedelta

from models.appointments import Appointment
from models.moves import allows_move
from models.states import AppointmentState
from server.appointments.errors import TooEarly
from server.appointments.repository import (
    count_no_shows,
    end_items,
    give_allowance_back,
    has_slots,
    pause_booking,
    person_digest_of,
    revive_items,
    take_allowance_again,
)
from server.appointments.rules import EARLIEST_CHECK_IN, paused_until
from server.appointments.visits import day_span, require_accepted
from server.catalog.rules import local_day
from server.kit.access import Actor
from server.kit.errors import NotFound, WrongState
from server.kit.states import advance

__all__ = [
    "end_visit",
    "find_due_visit",
    "get_appointment",
    "mark_abandoned",
    "mark_checked_in",
    "mark_no_show",
    "mark_served",
    "mark_serving",
    "require_accepted",
    "require_move",
    "works_within",
]


async def get_appointment(appointment_id: str) -> Appointment:
    """Return the appointment; raise `NotFound`."""
    appointment = await Appointment.get_or_none(id=appointment_id)
    if appointment is None:
        raise NotFound
    return appointment


async def find_due_visit(person_id: str, point_code: str, *, now: datetime) -> Appointment | None:
    """Return the person's visit at the point for which they could check in now, if there is one."""
    return await Appointment.filter(
        person_id=person_id,
        point_code=point_code,
        state__in=(AppointmentState.PENDING, AppointmentState.CONFIRMED),
        starts_at__gt=day_span(local_day(now))[0],
        starts_at__lte=now + EARLIEST_CHECK_IN,
    ).first()


async def mark_checked_in(
    appointment: Appointment, *, actor: Actor, now: datetime, at_any_time: bool = False
) -> None:
    """Record that the person has come: on the day, an hour ahead at most.

    One that the point had not answered is confirmed by it; one that counted as missed is live
    again. Raises `TooEarly`, `WrongState`, or `AlreadyBooked` where the item was booked anew.
    """
    if not at_any_time:
        _require_timely(appointment, now)
    if appointment.state is AppointmentState.PENDING:
        await advance(appointment, AppointmentState.CONFIRMED, actor=actor, now=now)
    was_missed = appointment.state is AppointmentState.NO_SHOW
    await advance(appointment, AppointmentState.CHECKED_IN, actor=actor, now=now)
    if was_missed:
        await _revive(appointment, now)


def _require_timely(appointment: Appointment, now: datetime) -> None:
    if now < appointment.starts_at - EARLIEST_CHECK_IN:
        raise TooEarly
    if local_day(now) != local_day(appointment.starts_at):
        raise WrongState(state=str(appointment.state))


async def mark_serving(appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Record that the person is at the window."""
    await advance(appointment, AppointmentState.SERVING, actor=actor, now=now)


async def mark_served(appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Record that the visit is done; its items can be booked again."""
    await end_visit(appointment, AppointmentState.SERVED, actor=actor, now=now)


async def mark_abandoned(appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Record that the person came and left before being served."""
    await end_visit(appointment, AppointmentState.ABANDONED, actor=actor, now=now)


async def mark_no_show(appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Record that the person did not come; the third time in 90 days pauses booking."""
    await end_visit(appointment, AppointmentState.NO_SHOW, actor=actor, now=now)
    await _judge_no_shows(appointment, now)


async def end_visit(
    appointment: Appointment,
    target: AppointmentState,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    """Move a live appointment to a state that is not live; raises `WrongState`."""
    require_move(appointment, target)
    await give_allowance_back(await person_digest_of(appointment.id))
    await advance(appointment, target, actor=actor, now=now, reason=reason)
    await end_items(appointment.id)


def require_move(appointment: Appointment, target: AppointmentState) -> None:
    """Raise `WrongState` unless the table allows the move."""
    if not allows_move(appointment.state, target):
        raise WrongState(state=str(appointment.state), wanted=str(target))


async def works_within(point_code: str, span: timedelta, *, now: datetime) -> bool:
    """Tell whether the point has working hours between now and `span` from now."""
    return await has_slots(point_code, now, now + span)


async def _revive(appointment: Appointment, now: datetime) -> None:
    await take_allowance_again(await person_digest_of(appointment.id))
    await revive_items(appointment.id)
    await _judge_no_shows(appointment, now)


async def _judge_no_shows(appointment: Appointment, now: datetime) -> None:
    missed = await count_no_shows(appointment.person_id, now=now)
    digest = await person_digest_of(appointment.id)
    await pause_booking(digest, paused_until(missed, now=now))
