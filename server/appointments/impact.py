"""Whom a closure hits, and where each could go: shown before anything is done."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from config.settings import Settings
from models.appointments import Appointment, Slot
from models.closures import Closure, Reseating
from models.kinds import WindowKind
from models.states import AppointmentState
from server.appointments.closures import closures_in_force, is_touched, left_open
from server.appointments.errors import ClosureTooLate, ClosureTooWide
from server.appointments.matching import Hit, seat_all
from server.appointments.reconciling import LONGEST_VISIT
from server.appointments.rules import admit
from server.appointments.visits import quantum_of

TO_COME = (AppointmentState.PENDING, AppointmentState.CONFIRMED)

MOST_HIT = 2000
"""Whose places are held in one transaction, within its time."""

KindAndTime = tuple[WindowKind, datetime]


@dataclass(frozen=True, slots=True)
class Impact:
    """What a closure would do as things stand."""

    closure: Closure
    others: Sequence[str]
    hits: Sequence[Hit]

    @property
    def version(self) -> str:
        """A digest of the closure, of others in force, of everybody hit and every place found."""
        closure = self.closure
        facts = [closure.point_code, closure.kind, closure.windows, closure.reason]
        times = [closure.starts_at, closure.ends_at, closure.deadline_at, *self.others]
        told = json.dumps([*facts, *times, *map(_facts_of, self.hits)], default=str)
        return sha256(told.encode()).hexdigest()


def _facts_of(hit: Hit) -> list[object]:
    place = hit.seat and [hit.seat.place.point_code, hit.seat.place.starts_at]
    return [hit.visit.id, hit.visit.version, place]


async def judge_impact(
    closure: Closure, *, now: datetime, settings: Settings, is_locking: bool = False
) -> Impact:
    """Work out what a closure that is not written yet would do.

    With `is_locking` nobody enters or leaves its slots until the transaction ends. Raises
    `ClosureTooLate` or `ClosureTooWide`.
    """
    if min(closure.ends_at, closure.deadline_at) <= now:
        raise ClosureTooLate
    slots = await slots_within(closure, quantum_of(settings), is_locking=is_locking)
    rooms = {slot.id: left_open(slot.capacity, [closure]) - slot.taken for slot in slots}
    visits = await _find_hit(closure, slots, rooms, now=now, settings=settings)
    if len(visits) > MOST_HIT:
        raise ClosureTooWide(limit=MOST_HIT)
    others = await closures_in_force(closure.point_code, after=now)
    hits = await seat_all(visits, closure, now=now, settings=settings)
    return Impact(closure, sorted(one.id for one in others), hits)


async def find_unlisted(
    closure: Closure, *, now: datetime, settings: Settings
) -> list[Appointment]:
    """Return who stands in the way of a closure in force and is on no list yet.

    Such as somebody whose place was held when it began.
    """
    slots = await slots_within(closure, quantum_of(settings))
    rooms = {slot.id: slot.capacity - slot.taken for slot in slots}
    return await _find_hit(closure, slots, rooms, now=now, settings=settings)


async def slots_within(
    closure: Closure, quantum: timedelta, *, is_locking: bool = False
) -> list[Slot]:
    """Return the slots that a closure touches, by id."""
    slots = Slot.filter(
        point_code=closure.point_code,
        starts_at__gt=closure.starts_at - quantum,
        starts_at__lt=closure.ends_at,
    ).order_by("id")
    found = await (slots.select_for_update() if is_locking else slots)
    return [
        slot for slot in found if is_touched(closure, slot.kind, slot.starts_at, length=quantum)
    ]


async def _find_hit(
    closure: Closure,
    slots: Sequence[Slot],
    rooms: dict[int, int],
    *,
    now: datetime,
    settings: Settings,
) -> list[Appointment]:
    quantum = quantum_of(settings)
    visits = await _visits_within(closure, quantum, now=now)
    listed = await _listed(visits)
    unlisted = [visit for visit in visits if visit.id not in listed]
    if closure.windows is None:
        return unlisted
    slot_ids = {(slot.kind, slot.starts_at): slot.id for slot in slots}
    wanted = {visit.id: _slot_ids(visit, slot_ids, quantum) for visit in visits}
    for slot_id in (slot_id for ids in wanted.values() for slot_id in ids):
        rooms[slot_id] += 1
    stays = admit([wanted[visit.id] for visit in unlisted], rooms)
    return [visit for visit, may_stay in zip(unlisted, stays, strict=True) if not may_stay]


async def _visits_within(
    closure: Closure, quantum: timedelta, *, now: datetime
) -> list[Appointment]:
    """Return the visits to come that a closure touches, in the order in which they were made."""
    begun = max(now, closure.starts_at - LONGEST_VISIT)
    visits = await Appointment.filter(
        point_code=closure.point_code,
        state__in=TO_COME,
        starts_at__gt=begun,
        starts_at__lt=closure.ends_at,
    ).order_by("id")
    return [
        visit
        for visit in visits
        if is_touched(closure, visit.kind, visit.starts_at, length=visit.quanta * quantum)
    ]


async def _listed(visits: Sequence[Appointment]) -> set[str]:
    ids = [visit.id for visit in visits]
    rows = await Reseating.filter(appointment_id__in=ids, open=True).values_list(
        "appointment_id", flat=True
    )
    return {str(one) for one in rows}


def _slot_ids(
    visit: Appointment, slot_ids: dict[KindAndTime, int], quantum: timedelta
) -> list[int]:
    times = (visit.starts_at + number * quantum for number in range(visit.quanta))
    found = (slot_ids.get((visit.kind, at)) for at in times)
    return [slot_id for slot_id in found if slot_id is not None]
