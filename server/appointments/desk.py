"""What a service point does with the visits booked at it."""

from datetime import datetime

from config.settings import Settings
from models.appointments import Appointment
from models.kinds import Assurance
from models.states import AppointmentState
from server.appointments.booking import Booker, book
from server.appointments.errors import TooEarly
from server.appointments.notices import show_time, tell
from server.appointments.releases import free_place
from server.appointments.repository import Place
from server.appointments.rules import Start
from server.appointments.schemas import DeskBookingIn
from server.appointments.service import end_visit, mark_no_show, require_move
from server.appointments.visits import Wish, find_alternatives, quantum_of
from server.catalog.service import get_point
from server.identity.people import find_account_of, register_person
from server.kit.access import Actor
from server.kit.states import advance


async def confirm(appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """Confirm a visit and tell the person; raises `WrongState`."""
    await advance(appointment, AppointmentState.CONFIRMED, actor=actor, now=now)
    point = await get_point(appointment.point_code)
    await tell(appointment, "appointment_confirmed", now=now, point_name=point.name)


async def decline(
    appointment: Appointment, reason: str, *, actor: Actor, now: datetime, settings: Settings
) -> list[Start]:
    """Turn a visit down, tell the person why, and return up to three other times.

    Raises `WrongState`.
    """
    require_move(appointment, AppointmentState.DECLINED)
    alternatives = await find_alternatives(appointment, now=now, settings=settings)
    await end_visit(appointment, AppointmentState.DECLINED, actor=actor, now=now, reason=reason)
    await free_place(Place.of(appointment), actor=actor, now=now, settings=settings)
    point = await get_point(appointment.point_code)
    times = "、".join(show_time(start.starts_at) for start in alternatives) or "—"
    await tell(
        appointment,
        "appointment_declined",
        now=now,
        point_name=point.name,
        reason=reason,
        times=times,
    )
    return alternatives


async def record_no_show(
    appointment: Appointment, *, actor: Actor, now: datetime, settings: Settings
) -> None:
    """Record that nobody came; raises `TooEarly` until the visit would have ended, `WrongState`."""
    if now < appointment.starts_at + appointment.quanta * quantum_of(settings):
        raise TooEarly
    await mark_no_show(appointment, actor=actor, now=now)
    point = await get_point(appointment.point_code)
    await tell(appointment, "appointment_no_show", now=now, point_name=point.name)


async def book_for_visitor(
    wanted: DeskBookingIn, point_code: str, *, actor: Actor, now: datetime, settings: Settings
) -> Appointment:
    """Book at the clerk's own point for somebody whose identity was seen; raises what `book` does.

    The point has said yes by asking, so it is confirmed.
    """
    person = await register_person(
        name=wanted.name,
        id_number=wanted.id_number,
        phone=wanted.phone,
        assurance=Assurance.SEEN_AT_WINDOW,
        now=now,
    )
    booker = Booker(person.id, person.id_digest, await find_account_of(person.id), actor)
    wish = Wish(tuple(wanted.item_codes), point_code, wanted.starts_at)
    return await book(wish, booker, now=now, settings=settings, is_confirmed=True)
