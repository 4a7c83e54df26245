"""Keeping a place for a person for minutes."""

from datetime import datetime, timedelta

from config.settings import Settings
from models.appointments import Hold
from models.states import HoldState
from server.appointments.booking import Booker
from server.appointments.errors import HoldGone
from server.appointments.releases import free_place
from server.appointments.repository import (
    Place,
    apply_changes,
    give_allowance_back,
    take_allowance,
)
from server.appointments.visits import BOOKED_KIND, Wish, find_at, plan_visit, require_accepted
from server.identity.people import get_person
from server.kit.access import Actor
from server.kit.states import advance, record_move


async def hold_place(
    point_code: str,
    starts_at: datetime,
    item_codes: tuple[str, ...],
    *,
    booker: Booker,
    now: datetime,
    settings: Settings,
) -> Hold:
    """Keep a place; raises what booking it would raise."""
    await require_accepted(point_code, item_codes)
    plan = await plan_visit(Wish(item_codes), booker.person_id, settings)
    place = Place(point_code, BOOKED_KIND, starts_at, plan.quanta)
    found = await find_at(place, now=now, settings=settings)
    await apply_changes(dict.fromkeys(found.slot_ids, 1))
    await take_allowance(booker.person_digest, now=now)
    hold = await Hold.create(
        person_id=booker.person_id,
        point_code=point_code,
        kind=BOOKED_KIND,
        starts_at=starts_at,
        quanta=plan.quanta,
        item_codes=list(item_codes),
        state=HoldState.HELD,
        expires_at=now + timedelta(minutes=settings.hold_minutes),
        created_at=now,
    )
    await record_move(hold, from_state=None, to_state=HoldState.HELD, actor=booker.actor, now=now)
    return hold


async def release_hold(hold: Hold, *, actor: Actor, now: datetime, settings: Settings) -> None:
    """Give the place back; a hold that was released already stays so. Raises `HoldGone`."""
    if hold.state is HoldState.RELEASED:
        return
    if hold.state is not HoldState.HELD:
        raise HoldGone
    await _end(hold, HoldState.RELEASED, actor=actor, now=now, settings=settings)


async def expire_hold(hold: Hold, *, actor: Actor, now: datetime, settings: Settings) -> None:
    """Give the place of a hold back whose minutes are over."""
    if hold.state is HoldState.HELD and hold.expires_at <= now:
        await _end(hold, HoldState.EXPIRED, actor=actor, now=now, settings=settings)


async def _end(
    hold: Hold, target: HoldState, *, actor: Actor, now: datetime, settings: Settings
) -> None:
    person = await get_person(hold.person_id)
    await give_allowance_back(person.id_digest)
    await advance(hold, target, actor=actor, now=now)
    await free_place(Place.of(hold), actor=actor, now=now, settings=settings)
