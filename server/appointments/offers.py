"""Holding a place for somebody who has not picked it, until they answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.settings import Settings
from models.appointments import Appointment
from models.kinds import OfferCause
from models.states import AppointmentState, OfferState
from models.waitlist import Offer
from server.appointments.booking import (
    Booker,
    Booking,
    give_way,
    require_changeable,
    write_visit,
)
from server.appointments.errors import AlreadyBooked, OfferGone
from server.appointments.releases import free_place
from server.appointments.repository import (
    Place,
    apply_changes,
    live_visits_for,
    take_allowance,
)
from server.appointments.visits import Candidate, Plan
from server.identity.people import get_person
from server.kit.access import Actor
from server.kit.bulk import run_all
from server.kit.states import Made, advance, record_made


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is offered to whom, and until when.

    `replaces_id` is the visit that it is offered for, `entry_id` the wish that it answers.
    """

    cause: OfferCause
    place: Place
    plan: Plan
    booker: Booker
    held_until: datetime
    replaces_id: str | None = None
    entry_id: str | None = None


async def make_offer(proposal: Proposal, found: Candidate, *, now: datetime) -> Offer:
    """Take the place and hold it for the person; raise `SlotFull`.

    It counts among nobody's three visits: accepted, it takes the place of one or is booked anew.
    """
    await apply_changes(dict.fromkeys(found.slot_ids, 1))
    return await write_offer(proposal, now=now)


async def write_offer(proposal: Proposal, *, now: datetime) -> Offer:
    """Hold a place for the person that is taken already."""
    [offer] = await write_offers([proposal], now=now)
    return offer


async def write_offers(proposals: Sequence[Proposal], *, now: datetime) -> list[Offer]:
    """Do the same for many, one at least, in two statements."""
    offers = [
        Offer(**_columns(proposal), state=OfferState.HELD, created_at=now) for proposal in proposals
    ]
    await Offer.bulk_create(offers)
    moves = [
        Made(offer.id, OfferState.HELD, proposal.booker.actor, now)
        for offer, proposal in zip(offers, proposals, strict=True)
    ]
    await run_all([record_made(Offer, moves)])
    return offers


async def accept_offer(
    offer: Offer, *, actor: Actor, now: datetime, settings: Settings
) -> Appointment:
    """Do what `carry_out` does while the offer stands; raise `OfferGone` when it does not."""
    if offer.held_until <= now:
        raise OfferGone
    return await carry_out(offer, actor=actor, now=now, settings=settings)


async def carry_out(
    offer: Offer, *, actor: Actor, now: datetime, settings: Settings
) -> Appointment:
    """Make the held place a visit, in place of the person's live one for these items if any.

    The district has said yes where a closure is the cause.

    Raises `OfferGone`; `AlreadyBooked` where one of the items is part of another visit;
    `WrongState` or `TooLateToChange` where the old visit has begun; and what booking raises.
    """
    _require_held(offer)
    await advance(offer, OfferState.ACCEPTED, actor=actor, now=now)
    person = await get_person(offer.person_id)
    booker = Booker(person.id, person.id_digest, offer.account_id, actor)
    old = await _own_visit(offer, person.id_digest)
    if old is None:
        await take_allowance(person.id_digest, now=now)
    else:
        require_changeable(old, AppointmentState.RESCHEDULED, now)
        await give_way(old, actor=actor, now=now)
        await free_place(Place.of(old), actor=actor, now=now, settings=settings)
    made = Booking(
        Place.of(offer),
        Plan.of(offer),
        booker,
        replaced_id=old.id if old else None,
        is_confirmed=offer.cause is OfferCause.CLOSURE,
    )
    return await write_visit(made, now=now, settings=settings)


async def end_offer(
    offer: Offer, target: OfferState, *, actor: Actor, now: datetime, settings: Settings
) -> None:
    """Give the held place back: declined, lapsed or withdrawn. Raises `OfferGone`."""
    _require_held(offer)
    await advance(offer, target, actor=actor, now=now)
    await free_place(Place.of(offer), actor=actor, now=now, settings=settings)


def _require_held(offer: Offer) -> None:
    if offer.state is not OfferState.HELD:
        raise OfferGone


async def _own_visit(offer: Offer, person_digest: str) -> Appointment | None:
    live = await live_visits_for(person_digest, offer.item_codes)
    if not live:
        return None
    if len(live) > 1 or set(live[0].item_codes) != set(offer.item_codes):
        raise AlreadyBooked(item_code=live[0].item_codes[0])
    return live[0]


def _columns(proposal: Proposal) -> dict[str, Any]:
    place, plan = proposal.place, proposal.plan
    return {
        "cause": proposal.cause,
        "person_id": proposal.booker.person_id,
        "account_id": proposal.booker.account_id,
        "replaces_id": proposal.replaces_id,
        "entry_id": proposal.entry_id,
        "point_code": place.point_code,
        "kind": place.kind,
        "starts_at": place.starts_at,
        "quanta": place.quanta,
        "minutes": plan.minutes,
        "item_codes": list(plan.item_codes),
        "pre_review_id": plan.pre_review_id,
        "held_until": proposal.held_until,
    }
