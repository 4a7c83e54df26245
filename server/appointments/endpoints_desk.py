"""Appointments as the staff of a point use them."""

from models.appointments import Appointment
from models.states import AppointmentState
from server.appointments.access import access_point_appointment
from server.appointments.day_sheet import draw_day
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
    SheetQuery,
    StartOut,
)
from server.appointments.visits import day_span
from server.audit.service import record
from server.catalog.errors import UnknownItem, UnknownPoint
from server.catalog.service import get_point
from server.identity.errors import IdentityTaken, IdNumberInvalid
from server.identity.people import get_person
from server.kit.access import POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, Content
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


@desk.get(
    "/appointments/day-sheet",
    allows=POINT_STAFF,
    refuses=(NotFound, UnknownPoint),
    is_transactional=True,
    media_type="application/pdf",
)
async def day_sheet(call: Call[None, SheetQuery]) -> Content:
    """Print who comes on a day to one's own point, for an outage; this is recorded."""
    point = await get_point(call.point_code)
    sheet, count = await draw_day(point, call.query.on)
    await record(
        actor=call.actor,
        action="appointments.print_day",
        subject="service_point",
        subject_id=point.code,
        now=call.now,
        request_id=call.request_id,
        detail={"day": call.query.on.isoformat(), "count": count},
    )
    return Content(sheet, "application/pdf", name=f"{point.code}-{call.query.on}.pdf")


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
