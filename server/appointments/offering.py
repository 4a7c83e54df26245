"""Freed places to those who wait: the oldest wish that a run of slots fits is offered it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import structlog

from config.settings import Settings
from models.kinds import OfferCause, WindowKind
from models.states import OfferState, ReleaseState, WaitlistState
from models.waitlist import Offer, Release, WaitlistEntry
from server.appointments.booking import Booker
from server.appointments.errors import NotAcceptedHere
from server.appointments.notices import show_time
from server.appointments.offers import Proposal, write_offer
from server.appointments.releases import keep_back
from server.appointments.repository import (
    Place,
    apply_changes,
    ask_rooms,
    find_live_items,
    find_restrained,
    slots_between,
)
from server.appointments.rules import SlotRoom, Start, list_starts, with_room
from server.appointments.visits import Plan, day_span, quantum_of, require_accepted
from server.appointments.wishes import (
    Times,
    count_freed,
    first_suiting,
    share_out,
    with_freed,
)
from server.catalog.errors import UnknownItem
from server.catalog.rules import local_day
from server.catalog.service import get_point
from server.kit.access import ENGINE
from server.kit.bulk import fetch_all
from server.kit.errors import ChangedMeanwhile, Refusal
from server.kit.ports import Ports
from server.kit.states import advance
from server.kit.transaction import in_transaction
from server.notifications.events import notify

log = structlog.get_logger(__name__)

Spot = tuple[str, WindowKind, date]
"""One kind of window at one point on one day."""


@dataclass(frozen=True)
class Board:
    """The slots of a spot, with the freed places that somebody could be offered."""

    slots: list[SlotRoom]
    freed: list[Release]
    quantum: timedelta

    @cached_property
    def freed_ids(self) -> frozenset[int]:
        """The ids of the slots that have a freed place."""
        places = count_freed(Place.of(one).starts(self.quantum) for one in self.freed)
        return frozenset(slot.id for slot in self.slots if slot.starts_at in places)

    def find(self, entry: WaitlistEntry, *, after: datetime) -> Start | None:
        """Return the first start that fits a wish."""
        places = count_freed(Place.of(one).starts(self.quantum) for one in self.freed)
        starts = list_starts(
            with_freed(self.slots, places), quanta=entry.quanta, quantum=self.quantum
        )
        times = Times(entry.first_on, entry.last_on, entry.hours)
        return first_suiting(with_room(starts, after=after), times, freed_ids=self.freed_ids)


async def offer_freed(ports: Ports) -> None:
    """Offer every freed place that fits a wish to the oldest one; one transaction an offer."""
    pending = Release.filter(state=ReleaseState.PENDING, starts_at__gt=ports.now())
    spots = {(one.point_code, one.kind, local_day(one.starts_at)) for one in await pending}
    for spot in sorted(spots):
        await _offer_at(spot, ports)


async def _offer_at(spot: Spot, ports: Ports) -> None:
    entries = await _waiting_for(spot, now=ports.now())
    if not entries:
        return
    after = ports.now() + timedelta(minutes=ports.settings.offer_minutes)
    board = await _look(spot, ports.settings)
    served: set[str] = set()
    for entry in entries:
        start = None if entry.person_id in served else board.find(entry, after=after)
        if start is not None and await _try(entry, spot, start, ports):
            served.add(entry.person_id)
            board = await _look(spot, ports.settings)


async def _look(spot: Spot, settings: Settings) -> Board:
    point_code, kind, day = spot
    span = day_span(day)
    freed = await _freed_between(point_code, kind, *span)
    return Board(await slots_between(point_code, kind, *span), freed, quantum_of(settings))


async def _freed_between(
    point_code: str, kind: WindowKind, first_at: datetime, until: datetime
) -> list[Release]:
    return await Release.filter(
        state=ReleaseState.PENDING,
        point_code=point_code,
        kind=kind,
        starts_at__gte=first_at,
        starts_at__lt=until,
    ).order_by("id")


async def _waiting_for(spot: Spot, *, now: datetime) -> list[WaitlistEntry]:
    """Return the wishes that may be offered something there, the oldest first.

    Whoever is offered a place already, or may not book now, is passed over.
    """
    point_code, _, day = spot
    waiting = WaitlistEntry.filter(state=WaitlistState.WAITING, first_on__lte=day, last_on__gte=day)
    entries = [
        one
        for one in await waiting.order_by("created_at", "id")
        if not one.point_codes or point_code in one.point_codes
    ]
    busy = await _offered_to({one.person_id for one in entries})
    barred = await _barred({one.person_digest for one in entries}, now=now)
    return [
        one
        for one in entries
        if one.person_id not in busy
        and one.person_digest not in barred
        and await _is_taken_there(point_code, one.item_codes)
    ]


async def _offered_to(person_ids: Iterable[str]) -> set[str]:
    held = Offer.filter(person_id__in=person_ids, cause=OfferCause.WAITLIST, state=OfferState.HELD)
    return {str(one) for one in await held.values_list("person_id", flat=True)}


async def _barred(digests: set[str], *, now: datetime) -> set[str]:
    """Who has a visit to swap is not barred for having three."""
    restrained = await find_restrained(digests, now=now)
    with_visit = {digest for digest, _ in await find_live_items(restrained)}
    return restrained - with_visit


async def _is_taken_there(point_code: str, item_codes: list[str]) -> bool:
    try:
        await require_accepted(point_code, item_codes)
    except (NotAcceptedHere, UnknownItem):
        return False
    return True


async def _try(entry: WaitlistEntry, spot: Spot, start: Start, ports: Ports) -> bool:
    place = Place(spot[0], spot[1], start.starts_at, entry.quanta)

    async def work() -> None:
        mine = await WaitlistEntry.get(id=entry.id)
        await offer_run(mine, place, start, now=ports.now(), settings=ports.settings)

    try:
        await in_transaction(work)
    except Refusal as refusal:
        log.info("offer_not_made", entry=entry.id, reason=refusal.code)
        return False
    return True


async def offer_run(
    entry: WaitlistEntry, place: Place, start: Start, *, now: datetime, settings: Settings
) -> Offer:
    """Offer a wish the run of slots: freed places as they are, the rest taken anew.

    Raises `SlotFull` or `ChangedMeanwhile`.
    """
    await _take_run(place, start, now=now, settings=settings)
    booker = Booker(entry.person_id, entry.person_digest, entry.account_id, ENGINE)
    held_until = now + timedelta(minutes=settings.offer_minutes)
    proposal = Proposal(
        OfferCause.WAITLIST, place, Plan.of(entry), booker, held_until, entry_id=entry.id
    )
    await advance(entry, WaitlistState.OFFERED, actor=ENGINE, now=now)
    offer = await write_offer(proposal, now=now)
    await _tell(offer, now=now)
    return offer


async def _take_run(place: Place, start: Start, *, now: datetime, settings: Settings) -> None:
    quantum = quantum_of(settings)
    run = place.starts(quantum)
    ids = dict(zip(run, start.slot_ids, strict=True))
    [found] = await fetch_all([ask_rooms(start.slot_ids, is_locking=True)])
    rooms = dict(found)
    span = day_span(local_day(place.starts_at))
    releases = await _freed_between(place.point_code, place.kind, *span)
    freed = {one.id: Place.of(one).starts(quantum) for one in releases}
    given = share_out(run, freed)
    counts = count_freed(freed.values())
    handed = {at for starts in given.values() for at in starts}
    if not handed or any(rooms[ids[at]] + counts[at] <= 0 for at in handed):
        raise ChangedMeanwhile
    await apply_changes({ids[at]: 1 for at in run if at not in handed})
    for release in releases:
        if release.id in given:
            rest = set(freed[release.id]) - given[release.id]
            await _hand_over(release, rest, quantum=quantum, now=now)


async def _hand_over(
    release: Release, rest: set[datetime], *, quantum: timedelta, now: datetime
) -> None:
    await advance(release, ReleaseState.OFFERED, actor=ENGINE, now=now)
    freed = release.point_code, release.kind, release.release_at
    await keep_back(rest, freed, quantum=quantum, actor=ENGINE, now=now)


async def _tell(offer: Offer, *, now: datetime) -> None:
    point = await get_point(offer.point_code)
    await notify(
        kind="offer_made",
        account_id=offer.account_id,
        subject_id=offer.id,
        key="1",
        now=now,
        data={
            "point": point.name,
            "time": show_time(offer.starts_at),
            "until": show_time(offer.held_until),
        },
    )
