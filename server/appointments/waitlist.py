"""Waiting for a place that somebody else gives up: first come, first offered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from config.settings import Settings
from models.appointments import Appointment
from models.states import OfferState, WaitlistState
from models.waitlist import Offer, WaitlistEntry
from server.appointments.booking import Booker
from server.appointments.errors import AlreadyBooked, NotAcceptedHere, TooLateToWait, TooManyWaiting
from server.appointments.offers import accept_offer, end_offer
from server.appointments.repository import live_visits_for
from server.appointments.visits import Plan, Wish, plan_visit, require_accepted
from server.appointments.wishes import Times
from server.catalog.rules import local_day
from server.catalog.service import find_points_for
from server.kit.access import ENGINE, Actor
from server.kit.errors import ChangedMeanwhile
from server.kit.states import advance, record_move
from server.notifications.events import notify

MOST_WAITING = 3
"""Live wishes of one identity."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for; no `point_codes` is any point that takes the items."""

    item_codes: tuple[str, ...]
    point_codes: tuple[str, ...]
    times: Times

    def columns(self, plan: Plan, booker: Booker) -> dict[str, Any]:
        """Return what every kind of wish keeps: whose it is, what for, where, at which hours."""
        return {
            "person_id": booker.person_id,
            "person_digest": booker.person_digest,
            "account_id": booker.account_id,
            "item_codes": list(plan.item_codes),
            "minutes": plan.minutes,
            "quanta": plan.quanta,
            "point_codes": list(self.point_codes),
            "hours": [list(span) for span in self.times.hours],
        }


async def join_waitlist(
    wanted: Wanted, booker: Booker, *, now: datetime, settings: Settings
) -> WaitlistEntry:
    """Let somebody wait; a live visit for the same items stays until an offer takes its place.

    Raises `UnknownItem`, `UnknownPoint`, `NotAcceptedHere`, `TooLateToWait`, `AlreadyBooked` where
    one of the items is part of another visit, or `TooManyWaiting`.
    """
    if wanted.times.last_on < local_day(now):
        raise TooLateToWait
    await require_takers(wanted.item_codes, wanted.point_codes)
    plan = await plan_for(wanted.item_codes, booker, settings)
    entry = WaitlistEntry(
        **wanted.columns(plan, booker),
        live_no=await _free_number(booker.person_digest),
        pre_review_id=plan.pre_review_id,
        first_on=wanted.times.first_on,
        last_on=wanted.times.last_on,
        state=WaitlistState.WAITING,
        created_at=now,
    )
    try:
        await entry.save(force_create=True)
    except IntegrityError as error:
        raise ChangedMeanwhile from error
    waiting = WaitlistState.WAITING
    await record_move(entry, from_state=None, to_state=waiting, actor=booker.actor, now=now)
    return entry


async def require_takers(item_codes: tuple[str, ...], point_codes: tuple[str, ...]) -> None:
    """Raise `NotAcceptedHere` unless each point named takes the items, or any if none is."""
    for point_code in point_codes:
        await require_accepted(point_code, item_codes)
    if not point_codes and not await find_points_for(list(item_codes)):
        raise NotAcceptedHere


async def plan_for(item_codes: tuple[str, ...], booker: Booker, settings: Settings) -> Plan:
    """Return how a visit for these items would be: as the one that the person has, if any.

    Raises `UnknownItem`, or `AlreadyBooked` where an item is part of a visit for other items too.
    """
    live = await live_visits_for(booker.person_digest, item_codes)
    if not live:
        return await plan_visit(Wish(item_codes), booker.person_id, settings)
    if len(live) > 1 or set(live[0].item_codes) != set(item_codes):
        raise AlreadyBooked(item_code=live[0].item_codes[0])
    return Plan.of(live[0])


async def withdraw(
    entry: WaitlistEntry, *, actor: Actor, now: datetime, settings: Settings
) -> None:
    """Wait no longer, and give up what is offered; once withdrawn stays so. Raises `WrongState`."""
    if entry.state is WaitlistState.WITHDRAWN:
        return
    offer = await Offer.get_or_none(entry_id=entry.id, state=OfferState.HELD)
    if offer is not None:
        await end_offer(offer, OfferState.WITHDRAWN, actor=actor, now=now, settings=settings)
    await _end(entry, WaitlistState.WITHDRAWN, actor=actor, now=now)


async def accept(offer: Offer, *, actor: Actor, now: datetime, settings: Settings) -> Appointment:
    """Take an offered place; other wishes for the same items are withdrawn.

    Raises what `accept_offer` does.
    """
    made = await accept_offer(offer, actor=actor, now=now, settings=settings)
    entry = await _answered(offer)
    if entry is not None:
        await _end(entry, WaitlistState.ACCEPTED, actor=actor, now=now)
        await _withdraw_twins(entry, now=now)
    return made


async def decline(offer: Offer, *, actor: Actor, now: datetime, settings: Settings) -> None:
    """Leave an offered place to the next; raises `OfferGone`."""
    await end_offer(offer, OfferState.DECLINED, actor=actor, now=now, settings=settings)
    entry = await _answered(offer)
    if entry is not None:
        await _end(entry, WaitlistState.DECLINED, actor=actor, now=now)


async def lapse(offer: Offer, *, now: datetime, settings: Settings) -> None:
    """Leave a place to the next that its person did not answer for; raises `OfferGone`."""
    await end_offer(offer, OfferState.LAPSED, actor=ENGINE, now=now, settings=settings)
    entry = await _answered(offer)
    if entry is not None:
        await _end(entry, WaitlistState.LAPSED, actor=ENGINE, now=now)
        await _tell(entry, "offer_lapsed", now=now)


async def give_up(entry: WaitlistEntry, *, now: datetime) -> None:
    """End a wish whose days have passed; raises `WrongState`."""
    await _end(entry, WaitlistState.LAPSED, actor=ENGINE, now=now)
    await _tell(entry, "waitlist_lapsed", now=now)


async def _free_number(person_digest: str) -> int:
    live = WaitlistEntry.filter(person_digest=person_digest, live_no__not_isnull=True)
    used = set(await live.values_list("live_no", flat=True))
    free = set(range(1, MOST_WAITING + 1)) - used
    if not free:
        raise TooManyWaiting(limit=MOST_WAITING)
    return min(free)


async def _answered(offer: Offer) -> WaitlistEntry | None:
    return await WaitlistEntry.get(id=offer.entry_id) if offer.entry_id else None


async def _end(entry: WaitlistEntry, target: WaitlistState, *, actor: Actor, now: datetime) -> None:
    await advance(entry, target, actor=actor, now=now, live_no=None)


async def _withdraw_twins(entry: WaitlistEntry, *, now: datetime) -> None:
    waiting = WaitlistEntry.filter(person_digest=entry.person_digest, state=WaitlistState.WAITING)
    for other in await waiting.order_by("id"):
        if set(other.item_codes) == set(entry.item_codes):
            await _end(other, WaitlistState.WITHDRAWN, actor=ENGINE, now=now)


async def _tell(entry: WaitlistEntry, kind: str, *, now: datetime) -> None:
    await notify(kind=kind, account_id=entry.account_id, subject_id=entry.id, key="1", now=now)
