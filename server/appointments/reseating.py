"""What becomes of each person whose place is closed: one step, one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from models.appointments import Appointment
from models.closures import Closure, Reseating
from models.states import AppointmentState, ClosureState, OfferState, ReseatingState
from models.waitlist import Offer
from server.appointments.booking import require_changeable
from server.appointments.impact import TO_COME
from server.appointments.notices import show_time
from server.appointments.offers import carry_out, end_offer
from server.appointments.releases import give_place_back
from server.appointments.repository import Place
from server.appointments.rules import Step, next_step
from server.appointments.service import end_visit
from server.catalog.service import get_point
from server.kit.access import ENGINE, Actor
from server.kit.bulk import run_all
from server.kit.states import advance, advance_all
from server.notifications.events import News, notify, notify_all

ONCE = "once"
"""Each line is told of each step but once."""


@dataclass(frozen=True, slots=True)
class Affected:
    """One person of a closure, with all that decides what comes next."""

    row: Reseating
    visit: Appointment
    offer: Offer | None


async def people_of(closure: Closure) -> list[Affected]:
    """Return everybody whom a closure hits and is not done with, in the order of the list."""
    return await _with_all(await Reseating.filter(closure_id=closure.id, open=True).order_by("id"))


async def find_moving(closure: Closure, *, now: datetime) -> list[tuple[str, Step]]:
    """Return for whom something is to be done now, by the id of their line, and what."""
    steps = ((one.row.id, _next_step(closure, one, now)) for one in await people_of(closure))
    return [(line, step) for line, step in steps if step is not Step.REST]


async def tell_offers(reseating_ids: Collection[str], closure: Closure, *, now: datetime) -> None:
    """Tell people together what is held for them; raises `ChangedMeanwhile` if one moves on."""
    people = await _with_all(await Reseating.filter(id__in=reseating_ids).order_by("id"))
    waiting = [one for one in people if _next_step(closure, one, now) is Step.TELL]
    await advance_all([one.row for one in waiting], ReseatingState.OFFERED, actor=ENGINE, now=now)
    news = [await _news_of(closure, one, now) for one in waiting if one.visit.account_id]
    if news:
        await run_all(notify_all(news))


async def follow(reseating_id: str, *, now: datetime, settings: Settings) -> None:
    """Take the next step of one person who was told; raises `ChangedMeanwhile` if they just did."""
    row = await Reseating.get(id=reseating_id)
    closure = await Closure.get(id=row.closure_id)
    [one] = await _with_all([row])
    match _next_step(closure, one, now):
        case Step.MOVE:
            await _move(one, now=now, settings=settings)
        case Step.FOLLOW:
            await _end(one, ReseatingState.MOVED, now)
        case Step.CALL:
            await advance(row, ReseatingState.TO_CALL, actor=ENGINE, now=now)
            await _tell(closure, one, "closure_to_call", now)
        case Step.SPARE:
            await _spare(closure, one, now=now, settings=settings)


async def record_call(
    row: Reseating,
    *,
    note: str,
    is_cancelled: bool,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> None:
    """Record that somebody was called, and cancel the visit if that was agreed.

    Raises `WrongState` if the person is not to be called, or has no visit to come any more.
    """
    await advance(row, ReseatingState.CALLED, actor=actor, now=now, reason=note)
    if not is_cancelled:
        return
    visit = await Appointment.get(id=row.appointment_id)
    require_changeable(visit, AppointmentState.CANCELLED, now)
    await give_place_back(Place.of(visit), settings)
    await end_visit(visit, AppointmentState.CANCELLED, actor=actor, now=now, reason=note)


async def _with_all(rows: Sequence[Reseating]) -> list[Affected]:
    visits = await Appointment.in_bulk([row.appointment_id for row in rows], "id")
    offers = await Offer.in_bulk([row.offer_id for row in rows if row.offer_id], "id")
    return [
        Affected(row, visits[row.appointment_id], offers.get(str(row.offer_id))) for row in rows
    ]


def _next_step(closure: Closure, one: Affected, now: datetime) -> Step:
    return next_step(
        state=one.row.state,
        offer=one.offer.state if one.offer else None,
        has_visit=one.visit.state in TO_COME and one.visit.starts_at > now,
        is_lifted=closure.state is ClosureState.LIFTED,
        is_due=one.offer is not None and one.offer.held_until <= now,
    )


async def _move(one: Affected, *, now: datetime, settings: Settings) -> None:
    assert one.offer is not None  # noqa: S101 - narrows what the step has told
    await carry_out(one.offer, actor=ENGINE, now=now, settings=settings)
    await _end(one, ReseatingState.MOVED, now)


async def _spare(closure: Closure, one: Affected, *, now: datetime, settings: Settings) -> None:
    was_told = one.row.state is not ReseatingState.WAITING
    if one.offer is not None and one.offer.state is OfferState.HELD:
        await end_offer(one.offer, OfferState.WITHDRAWN, actor=ENGINE, now=now, settings=settings)
    await _end(one, ReseatingState.SPARED, now)
    if was_told and closure.state is ClosureState.LIFTED and one.visit.state in TO_COME:
        await _tell(closure, one, "closure_lifted", now)


async def _end(one: Affected, target: ReseatingState, now: datetime) -> None:
    await advance(one.row, target, actor=ENGINE, now=now, open=None)


async def _news_of(closure: Closure, one: Affected, now: datetime) -> News:
    assert one.offer is not None  # noqa: S101 - narrows what the step has told
    there = await get_point(one.offer.point_code)
    offered = {
        "new_point": there.name,
        "new_time": show_time(one.offer.starts_at),
        "until": show_time(one.offer.held_until),
    }
    return News(
        kind="closure_offered",
        account_id=str(one.visit.account_id),
        subject_id=one.row.id,
        key=ONCE,
        at=now,
        data=await _facts_of(closure, one) | offered,
    )


async def _tell(closure: Closure, one: Affected, kind: str, now: datetime) -> None:
    await notify(
        kind=kind,
        account_id=one.visit.account_id,
        subject_id=one.row.id,
        key=ONCE,
        now=now,
        data=await _facts_of(closure, one),
    )


async def _facts_of(closure: Closure, one: Affected) -> dict[str, str]:
    here = await get_point(closure.point_code)
    return {
        "point": here.name,
        "time": show_time(one.visit.starts_at),
        "reason": closure.reason,
    }
