"""Appointments as the staff of a point use them."""

from models.appointments import Appointment
from models.states import AppointmentState
from server.appointments.access import access_point_appointment
from server.appointments.desk import book_for_visitor, confirm, decline, record_no_show
from server.appointments.errors import (
    AlreadyBooked,
    BookingPaused,
    NotAcceptedHere,
    NotBookable,
    SlotFull,
    TooEarly,
    TooManyAppointments,
)
from server.appointments.repository import page_of_span
from server.appointments.schemas import (
    DayQuery,
    DeclinedOut,
    DeclineIn,
    DeskAppointmentOut,
    DeskBookingIn,
    StartOut,
)
from server.appointments.visits import day_span
from server.catalog.errors import UnknownItem
from server.identity.errors import IdentityTaken, IdNumberInvalid
from server.identity.people import get_person
from server.kit.access import POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page

desk = Surface("/desk", tag="desk_appointments")
SURFACES = (desk,)

_MOVES = (NotFound, WrongState, ChangedMeanwhile)


@desk.get("/appointments", allows=POINT_STAFF, refuses=(NotFound,))
async def list_day(call: Call[None, DayQuery]) -> Page[DeskAppointmentOut]:
    """List the appointments of a day at one's own point, in the order they were made."""
    query = call.query
    states = (query.status,) if query.status else tuple(AppointmentState)
    rows, cursor = await page_of_span(
        call.point_code, day_span(query.on), states, after=query.cursor, limit=query.limit
    )
    return Page[DeskAppointmentOut](items=[await _show(row) for row in rows], next_cursor=cursor)


@desk.post(
    "/appointments",
    allows=POINT_STAFF,
    refuses=(
        UnknownItem,
        NotAcceptedHere,
        NotBookable,
        SlotFull,
        AlreadyBooked,
        TooManyAppointments,
        BookingPaused,
        IdNumberInvalid,
        IdentityTaken,
        NotFound,
    ),
    status=201,
)
async def create(call: Call[DeskBookingIn, None]) -> DeskAppointmentOut:
    """Book at one's own point for somebody without a phone."""
    row = await book_for_visitor(
        call.body, call.point_code, actor=call.actor, now=call.now, settings=call.ports.settings
    )
    return await _show(row)


@desk.post("/appointments/<appointment_id>/confirm", allows=POINT_STAFF, refuses=_MOVES)
async def confirm_visit(call: Call[None, None]) -> DeskAppointmentOut:
    """Confirm a visit."""
    row = await access_point_appointment(call.point_code, call.path["appointment_id"])
    await confirm(row, actor=call.actor, now=call.now)
    return await _show(row)


@desk.post("/appointments/<appointment_id>/decline", allows=POINT_STAFF, refuses=_MOVES)
async def decline_visit(call: Call[DeclineIn, None]) -> DeclinedOut:
    """Turn a visit down with a reason; up to three other times are offered."""
    row = await access_point_appointment(call.point_code, call.path["appointment_id"])
    starts = await decline(
        row, call.body.reason, actor=call.actor, now=call.now, settings=call.ports.settings
    )
    shown = await _show(row)
    return DeclinedOut(**shown.model_dump(), alternatives=[StartOut.of(start) for start in starts])


@desk.post(
    "/appointments/<appointment_id>/no-show", allows=POINT_STAFF, refuses=(*_MOVES, TooEarly)
)
async def no_show(call: Call[None, None]) -> DeskAppointmentOut:
    """Record that nobody came."""
    row = await access_point_appointment(call.point_code, call.path["appointment_id"])
    await record_no_show(row, actor=call.actor, now=call.now, settings=call.ports.settings)
    return await _show(row)


async def _show(row: Appointment) -> DeskAppointmentOut:
    return DeskAppointmentOut.for_desk(row, await get_person(row.person_id))
