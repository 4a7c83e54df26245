"""Booking, moving and cancelling a visit."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.settings import Settings
from models.appointments import Appointment, Hold
from models.states import AppointmentState, HoldState
from server.appointments.errors import HoldDiffers, HoldGone, TooLateToChange
from server.appointments.events import VisitBooked
from server.appointments.notices import tell
from server.appointments.releases import free_place
from server.appointments.repository import (
    Place,
    add_items,
    apply_changes,
    end_items,
    person_digest_of,
    slots_of,
    take_allowance,
    try_changes,
)
from server.appointments.rules import confirm_by
from server.appointments.service import end_visit, require_move
from server.appointments.visits import (
    Candidate,
    Plan,
    Wish,
    find_at,
    find_candidates,
    plan_visit,
    quantum_of,
    require_accepted,
)
from server.catalog.service import get_point
from server.identity.people import get_person
from server.kit.access import Actor
from server.kit.outbox import emit
from server.kit.states import advance, record_move


@dataclass(frozen=True, slots=True)
class Booker:
    """For whom a visit is booked, and who books it; `account_id` is where news goes."""

    person_id: str
    person_digest: str
    account_id: str | None
    actor: Actor


async def booker_of(person_id: str, actor: Actor) -> Booker:
    """Return a citizen who books for themself."""
    person = await get_person(person_id)
    return Booker(person.id, person.id_digest, actor.id, actor)


@dataclass(frozen=True, slots=True)
class Booking:
    """A visit whose place has been taken, to be written down."""

    place: Place
    plan: Plan
    booker: Booker
    replaced_id: str | None = None
    is_confirmed: bool = False
    news: str | None = None
    """What the person is told instead of that it was received or confirmed."""


async def book(
    wish: Wish, booker: Booker, *, now: datetime, settings: Settings, is_confirmed: bool = False
) -> Appointment:
    """Book a visit.

    Raises `NotAcceptedHere`, `NotBookable`, `SlotFull`, `PreReviewNotUsable`, `AlreadyBooked`,
    `TooManyAppointments` or `BookingPaused`.
    """
    plan = await plan_visit(wish, booker.person_id, settings)
    candidates = await find_candidates(wish, plan, now=now, settings=settings)
    taken = await _take_one_of(candidates)
    await take_allowance(booker.person_digest, now=now)
    booking = Booking(taken.place, plan, booker, is_confirmed=is_confirmed)
    return await write_visit(booking, now=now, settings=settings)


async def book_held(
    wish: Wish, hold: Hold, booker: Booker, *, now: datetime, settings: Settings
) -> Appointment:
    """Book the place that `hold` keeps; what the visit does not need of it is given back.

    Raises `HoldGone`, `HoldDiffers`, and what `book` raises.
    """
    _require_fitting(hold, wish, now)
    plan = await plan_visit(wish, booker.person_id, settings)
    held = await _slot_ids(Place.of(hold), quantum_of(settings))
    place = Place(hold.point_code, hold.kind, hold.starts_at, plan.quanta)
    found = await find_at(place, now=now, settings=settings, own=held)
    await _take_beyond(held, found)
    await advance(hold, HoldState.TURNED_INTO_APPOINTMENT, actor=booker.actor, now=now)
    await free_place(Place.of(hold), kept=place, actor=booker.actor, now=now, settings=settings)
    return await write_visit(Booking(place, plan, booker), now=now, settings=settings)


async def reschedule(
    appointment: Appointment,
    starts_at: datetime,
    point_code: str,
    *,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> Appointment:
    """Move a visit in one step and return the new one: its place is taken, or the old one stays.

    Raises `WrongState`, `TooLateToChange`, `NotAcceptedHere`, `NotBookable` or `SlotFull`.
    """
    require_changeable(appointment, AppointmentState.RESCHEDULED, now)
    await require_accepted(point_code, appointment.item_codes)
    plan = Plan.of(appointment)
    own = await _slot_ids(Place.of(appointment), quantum_of(settings))
    place = Place(point_code, appointment.kind, starts_at, plan.quanta)
    found = await find_at(place, now=now, settings=settings, own=own)
    await _take_beyond(own, found)
    digest = await person_digest_of(appointment.id)
    await give_way(appointment, actor=actor, now=now)
    await free_place(Place.of(appointment), kept=place, actor=actor, now=now, settings=settings)
    booker = Booker(appointment.person_id, digest, appointment.account_id, actor)
    moved = Booking(place, plan, booker, replaced_id=appointment.id)
    return await write_visit(moved, now=now, settings=settings)


async def cancel(
    appointment: Appointment, *, actor: Actor, now: datetime, settings: Settings
) -> None:
    """Cancel a visit before its time; raises `WrongState` or `TooLateToChange`."""
    require_changeable(appointment, AppointmentState.CANCELLED, now)
    await end_visit(appointment, AppointmentState.CANCELLED, actor=actor, now=now)
    await free_place(Place.of(appointment), actor=actor, now=now, settings=settings)


def require_changeable(appointment: Appointment, target: AppointmentState, now: datetime) -> None:
    """Raise `WrongState` or `TooLateToChange` unless the visit can still be moved so."""
    require_move(appointment, target)
    if appointment.starts_at <= now:
        raise TooLateToChange


async def give_way(appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """End a visit in favour of another one of the same person, which takes over its allowance."""
    await advance(appointment, AppointmentState.RESCHEDULED, actor=actor, now=now)
    await end_items(appointment.id)


async def _take_one_of(candidates: list[Candidate]) -> Candidate:
    *others, last = candidates
    for candidate in others:
        if await try_changes(dict.fromkeys(candidate.slot_ids, 1)):
            return candidate
    await apply_changes(dict.fromkeys(last.slot_ids, 1))
    return last


async def _take_beyond(own: frozenset[int], found: Candidate) -> None:
    await apply_changes({slot_id: 1 for slot_id in found.slot_ids if slot_id not in own})


async def _slot_ids(place: Place, quantum: timedelta) -> frozenset[int]:
    return frozenset(slot.id for slot in await slots_of(place, quantum))


def _require_fitting(hold: Hold, wish: Wish, now: datetime) -> None:
    if hold.state is not HoldState.HELD or hold.expires_at <= now:
        raise HoldGone
    is_there = wish.point_code in {None, hold.point_code}
    is_then = wish.starts_at in {None, hold.starts_at}
    if not (is_there and is_then and _same(wish.item_codes, hold.item_codes)):
        raise HoldDiffers


def _same(codes: Collection[str], others: Collection[str]) -> bool:
    return set(codes) == set(others)


async def write_visit(booking: Booking, *, now: datetime, settings: Settings) -> Appointment:
    """Write a visit down whose place and allowance are its person's; raise `AlreadyBooked`."""
    point = await get_point(booking.place.point_code)
    is_confirmed = booking.is_confirmed or point.confirms_by_itself
    appointment = _make(booking, now, settings)
    appointment.state = AppointmentState.CONFIRMED if is_confirmed else AppointmentState.PENDING
    await appointment.save(force_create=True)
    await add_items(appointment.id, booking.booker.person_digest, booking.plan.item_codes)
    actor = booking.booker.actor
    await record_move(
        appointment, from_state=None, to_state=appointment.state, actor=actor, now=now
    )
    if booking.news is None:
        await emit(VisitBooked(aggregate_id=appointment.id), now=now)
    else:
        await tell(appointment, booking.news, now=now, point_name=point.name)
    return appointment


def _make(booking: Booking, now: datetime, settings: Settings) -> Appointment:
    within = timedelta(minutes=settings.confirm_after_minutes)
    place, plan, booker = booking.place, booking.plan, booking.booker
    return Appointment(
        person_id=booker.person_id,
        account_id=booker.account_id,
        point_code=place.point_code,
        kind=place.kind,
        starts_at=place.starts_at,
        quanta=place.quanta,
        minutes=plan.minutes,
        item_codes=list(plan.item_codes),
        pre_review_id=plan.pre_review_id,
        confirm_by=confirm_by(place.starts_at, now=now, within=within),
        booked_by=booker.actor.name,
        replaced_id=booking.replaced_id,
        created_at=now,
    )
