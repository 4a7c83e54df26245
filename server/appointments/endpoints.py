"""Booking, as citizens and passers-by use it."""

from collections.abc import Mapping
from typing import Any

from models.appointments import Appointment
from models.states import AppointmentState
from server.appointments import (
    endpoints_admin,
    endpoints_challenges,
    endpoints_desk,
    endpoints_draws,
    endpoints_offers,
    endpoints_waitlist,
)
from server.appointments.access import (
    access_own_appointment,
    access_own_hold,
    own_appointments,
)
from server.appointments.batching import book_in_batch
from server.appointments.booking import Booker, book, book_held, booker_of, cancel, reschedule
from server.appointments.errors import (
    AlreadyBooked,
    BookingPaused,
    HoldDiffers,
    HoldGone,
    NotAcceptedHere,
    NotBookable,
    PreReviewNotUsable,
    SlotFull,
    TooLateToChange,
    TooManyAppointments,
)
from server.appointments.holds import hold_place, release_hold
from server.appointments.schemas import (
    ANY_POINT,
    AppointmentDetailOut,
    AppointmentOut,
    BookingIn,
    HoldIn,
    HoldOut,
    RescheduleIn,
    SoonestOut,
    SoonestQuery,
    StartOut,
    TimesOut,
    TimesQuery,
    facts_of,
)
from server.appointments.shown import show_soonest, show_times
from server.appointments.visits import Wish, find_alternatives
from server.balancing.ranking import Question, expect_everywhere
from server.balancing.rules import ExpectedMinutes
from server.catalog.errors import UnknownItem, UnknownPoint
from server.identity.relatives import access_bound
from server.kit.access import CITIZENS, EVERYBODY
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, RealNameRequired, Rendered
from server.kit.http.limits import Limited
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery
from server.kit.states import moves_of

public = Surface("/public", tag="times")
citizen = Surface("/citizen", tag="appointments")
SURFACES = (
    public,
    citizen,
    *endpoints_challenges.SURFACES,
    *endpoints_offers.SURFACES,
    *endpoints_waitlist.SURFACES,
    *endpoints_draws.SURFACES,
    *endpoints_desk.SURFACES,
    *endpoints_admin.SURFACES,
)

_OWN = (NotFound, RealNameRequired)
_UNKNOWN = (UnknownItem, UnknownPoint, NotAcceptedHere)
_NO_ROOM = (NotBookable, SlotFull)
_LIMITS = (RealNameRequired, AlreadyBooked, TooManyAppointments, BookingPaused)


@public.get("/points/<code>/times", allows=EVERYBODY, refuses=_UNKNOWN)
async def times(call: Call[None, TimesQuery]) -> Rendered[TimesOut]:
    """List the starting times that can be booked at a point, as they were a second ago at most."""
    return await show_times(
        call.path["code"],
        call.query.item_codes,
        (call.query.first_on, call.query.last_on),
        now=call.now,
        settings=call.ports.settings,
    )


@public.get("/soonest", allows=EVERYBODY, refuses=(UnknownItem, NotAcceptedHere))
async def soonest(call: Call[None, SoonestQuery]) -> Rendered[SoonestOut]:
    """List each point's soonest starting time, the soonest first, as they were moments ago."""
    return await show_soonest(call.query.item_codes, now=call.now, settings=call.ports.settings)


@citizen.post(
    "/holds",
    allows=CITIZENS,
    refuses=(*_UNKNOWN, *_NO_ROOM, *_LIMITS),
    status=201,
    limited=Limited.BOOKING,
)
async def hold(call: Call[HoldIn, None]) -> HoldOut:
    """Keep a place for some minutes."""
    kept = await hold_place(
        call.body.point_code,
        call.body.starts_at,
        tuple(call.body.item_codes),
        booker=await _booker(call),
        now=call.now,
        settings=call.ports.settings,
    )
    return HoldOut.of(kept)


@citizen.delete("/holds/<hold_id>", allows=CITIZENS, refuses=(*_OWN, HoldGone, ChangedMeanwhile))
async def release(call: Call[None, None]) -> None:
    """Give a kept place back."""
    kept = await access_own_hold(call.person_id, call.path["hold_id"])
    await release_hold(kept, actor=call.actor, now=call.now, settings=call.ports.settings)


@citizen.post(
    "/appointments",
    allows=CITIZENS,
    refuses=(*_UNKNOWN, *_NO_ROOM, *_LIMITS, HoldGone, HoldDiffers, PreReviewNotUsable, NotFound),
    status=201,
    batch=book_in_batch,
    limited=Limited.BOOKING,
)
async def create(call: Call[BookingIn, None]) -> AppointmentOut:
    """Book a visit: at one point or at any, at a time or at the earliest."""
    wish, booker = await _wish(call), await _booker(call, call.body.relative_id)
    settings = call.ports.settings
    if call.body.hold_id is None:
        made = await book(wish, booker, now=call.now, settings=settings)
    else:
        kept = await access_own_hold(call.person_id, call.body.hold_id)
        made = await book_held(wish, kept, booker, now=call.now, settings=settings)
    return AppointmentOut.of(made)


@citizen.get("/appointments", allows=CITIZENS, refuses=(RealNameRequired,))
async def list_own(call: Call[None, PageQuery]) -> Page[AppointmentOut]:
    """List one's appointments and those booked for relatives, the newest first."""
    own = await own_appointments(call.person_id, call.actor.id)
    return await page_of(own, call.query, AppointmentOut.of)


@citizen.get("/appointments/<appointment_id>", allows=CITIZENS, refuses=_OWN)
async def show(call: Call[None, None]) -> AppointmentDetailOut:
    """Show an appointment, why it is as it is, and other times if it was declined."""
    row = await _access(call)
    starts = []
    if row.state is AppointmentState.DECLINED:
        starts = await find_alternatives(row, now=call.now, settings=call.ports.settings)
    moves = await moves_of(Appointment, row.id)
    return AppointmentDetailOut(
        **facts_of(row),
        reason=moves[-1].reason,
        alternatives=[StartOut.of(start) for start in starts],
    )


@citizen.post(
    "/appointments/<appointment_id>/cancel",
    allows=CITIZENS,
    refuses=(*_OWN, WrongState, TooLateToChange, ChangedMeanwhile),
)
async def cancel_own(call: Call[None, None]) -> AppointmentOut:
    """Cancel a visit before its time."""
    row = await _access(call)
    await cancel(row, actor=call.actor, now=call.now, settings=call.ports.settings)
    return AppointmentOut.of(row)


@citizen.post(
    "/appointments/<appointment_id>/reschedule",
    allows=CITIZENS,
    refuses=(*_OWN, WrongState, TooLateToChange, ChangedMeanwhile, *_UNKNOWN, *_NO_ROOM),
    status=201,
)
async def reschedule_own(call: Call[RescheduleIn, None]) -> AppointmentOut:
    """Move a visit: the new place is taken, or the old one stays."""
    row = await _access(call)
    moved = await reschedule(
        row,
        call.body.starts_at,
        call.body.point_code or row.point_code,
        actor=call.actor,
        now=call.now,
        settings=call.ports.settings,
    )
    return AppointmentOut.of(moved)


async def _access(call: Call[Any, None]) -> Appointment:
    return await access_own_appointment(
        call.person_id, call.path["appointment_id"], account_id=call.actor.id
    )


async def _booker(call: Call[Any, None], relative_id: str | None = None) -> Booker:
    if relative_id is None:
        return await booker_of(call.person_id, call.actor)
    person = await access_bound(call.actor.id, relative_id)
    return Booker(person.id, person.id_digest, call.actor.id, call.actor)


async def _wish(call: Call[BookingIn, None]) -> Wish:
    body, is_any = call.body, call.body.point_code == ANY_POINT
    expected: Mapping[str, ExpectedMinutes] = {}
    if is_any and body.start is not None:
        question = Question(body.item_codes[0], body.start)
        expected = await expect_everywhere(question, call.ports.redis, now=call.now)
    return Wish(
        item_codes=tuple(body.item_codes),
        point_code=None if is_any else body.point_code,
        starts_at=body.starts_at,
        pre_review_id=body.pre_review_id,
        expected=expected,
    )
