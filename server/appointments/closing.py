"""Closing: the capacity, the places and the lists in one step; and opening again."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from config.settings import Settings
from models.appointments import Appointment
from models.closures import Closure, Reseating
from models.kinds import OfferCause
from models.states import ClosureState, ReseatingState
from server.appointments.booking import Booker
from server.appointments.errors import SituationChanged, SlotFull
from server.appointments.following import require_clear
from server.appointments.generation import on_sale, regenerate
from server.appointments.impact import Impact, judge_impact, slots_within
from server.appointments.matching import Hit, seat_all
from server.appointments.offers import Proposal, write_offers
from server.appointments.repository import apply_changes
from server.appointments.visits import Plan, quantum_of
from server.catalog.service import lock_points
from server.identity.people import find_digests
from server.kit.access import ENGINE, Actor
from server.kit.bulk import run_all
from server.kit.errors import ChangedMeanwhile
from server.kit.states import Made, advance, record_made, record_move

LEAST_TIME_TO_ANSWER = timedelta(minutes=30)
"""Of somebody who comes onto the list when its deadline is near or over."""


async def close(
    closure: Closure, version: str, *, actor: Actor, now: datetime, settings: Settings
) -> Impact:
    """Do what was shown as `version`: nothing new enters, and every place found is held.

    Raises `SituationChanged` if that is no longer what it would do.
    """
    await lock_points([closure.point_code])
    impact = await judge_impact(closure, now=now, settings=settings, is_locking=True)
    if impact.version != version:
        raise SituationChanged
    await _take_places(impact.hits)
    closure.state = ClosureState.IN_FORCE
    await closure.save(force_create=True)
    await record_move(closure, from_state=None, to_state=closure.state, actor=actor, now=now)
    await regenerate([closure.point_code], on_sale(now, settings), now=now, settings=settings)
    await list_people(closure, impact.hits, until=closure.deadline_at, actor=actor, now=now)
    return impact


async def lift(closure: Closure, *, actor: Actor, now: datetime, settings: Settings) -> None:
    """End a closure before its time: what it closed is on sale again.

    Raises `WrongState`, or `VisitsInTheWay` if those whom it lists would be left where hours, the
    calendar or the point itself are closed by now.
    """
    await advance(closure, ClosureState.LIFTED, actor=actor, now=now)
    await regenerate([closure.point_code], on_sale(now, settings), now=now, settings=settings)
    slots = await slots_within(closure, quantum_of(settings))
    await require_clear(closure.point_code, slots, now=now, settings=settings)


async def list_people(
    closure: Closure, hits: Sequence[Hit], *, until: datetime, actor: Actor, now: datetime
) -> None:
    """Put people on the list of a closure.

    Whoever has a seat is offered it, taken already, until somebody has to have answered.
    """
    if not hits:
        return
    offered = await _offer_places(hits, until=until, actor=actor, now=now)
    rows = [
        Reseating(
            closure_id=closure.id,
            appointment_id=hit.visit.id,
            offer_id=offered.get(hit.visit.id),
            state=ReseatingState.WAITING,
            created_at=now,
        )
        for hit in hits
    ]
    await Reseating.bulk_create(rows)
    made = (Made(row.id, ReseatingState.WAITING, actor, now) for row in rows)
    await run_all([record_made(Reseating, made)])


async def list_late(
    closure: Closure, visit: Appointment, *, now: datetime, settings: Settings
) -> None:
    """Put somebody on the list who stands in the way of a closure in force.

    Raises `SituationChanged` if the place found is gone, `ChangedMeanwhile` if somebody did so.
    """
    until = max(closure.deadline_at, now + LEAST_TIME_TO_ANSWER)
    hits = await seat_all([visit], closure, now=now, settings=settings)
    await _take_places(hits)
    try:
        await list_people(closure, hits, until=until, actor=ENGINE, now=now)
    except IntegrityError:
        raise ChangedMeanwhile from None


async def _take_places(hits: Collection[Hit]) -> None:
    seats = [hit.seat for hit in hits if hit.seat is not None]
    try:
        await apply_changes(Counter(slot_id for seat in seats for slot_id in seat.slot_ids))
    except SlotFull:
        raise SituationChanged from None


async def _offer_places(
    hits: Sequence[Hit], *, until: datetime, actor: Actor, now: datetime
) -> dict[str, str]:
    """Return the offers by visit."""
    digests = await find_digests({hit.visit.person_id for hit in hits})
    proposals = [
        Proposal(
            cause=OfferCause.CLOSURE,
            place=hit.seat.place,
            plan=Plan.of(hit.visit),
            booker=Booker(
                hit.visit.person_id, digests[hit.visit.person_id], hit.visit.account_id, actor
            ),
            held_until=until,
            replaces_id=hit.visit.id,
        )
        for hit in hits
        if hit.seat is not None
    ]
    if not proposals:
        return {}
    offers = await write_offers(proposals, now=now)
    return {str(offer.replaces_id): offer.id for offer in offers}
