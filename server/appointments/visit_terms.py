"""What a process remembers so that a booking asks the database for nothing but its place."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from config.settings import Settings
from models.catalog import ServiceItem, ServicePoint
from models.states import AppointmentState
from server.appointments.errors import NotBookable
from server.appointments.repository import Place, slots_of_each
from server.appointments.rules import SlotRoom, list_starts
from server.appointments.visits import Plan, Wish, check_accepted, plan_visit, quantum_of
from server.catalog.errors import UnknownPoint
from server.catalog.service import get_items, get_points
from server.kit.batching import NaturalBatch
from server.kit.keeping import Kept
from server.kit.transaction import guard_database

TERMS_KEPT_S = 5.0


@dataclass(frozen=True, slots=True)
class Terms:
    """A visit as a point takes it: how long, how it begins, and what the point is called."""

    plan: Plan
    state: AppointmentState
    point_name: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """Items as they are done now, and how long a visit for them is."""

    items: list[ServiceItem]
    plan: Plan


class _Wanted(NamedTuple):
    place: Place
    quantum: timedelta


async def _look_up_points(codes: Sequence[str]) -> list[ServicePoint | None]:
    found = await guard_database(lambda: get_points(set(codes)))
    return [found.get(code) for code in codes]


async def _look_up_slots(wanted: Sequence[_Wanted]) -> list[list[SlotRoom]]:
    """Return the slots of places; a quantum is the setting of one process, so one for all."""
    places = [one.place for one in wanted]
    found = await guard_database(lambda: slots_of_each(places, wanted[0].quantum))
    return [found[place] for place in places]


_asked: Kept[tuple[tuple[str, ...], int], _Asked] = Kept(TERMS_KEPT_S)
_points: Kept[str, ServicePoint] = Kept(TERMS_KEPT_S)
_slot_ids: Kept[_Wanted, tuple[int, ...]] = Kept()
_point_lookups: NaturalBatch[str, ServicePoint | None] = NaturalBatch(_look_up_points)
_slot_lookups: NaturalBatch[_Wanted, list[SlotRoom]] = NaturalBatch(_look_up_slots)
_asking = asyncio.Lock()
"""Of all who find the items out of date, one asks and the others wait for it."""


def forget_terms() -> None:
    """Ask for everything anew."""
    _asked.clear()
    _points.clear()
    _slot_ids.clear()


async def find_terms(point_code: str, item_codes: tuple[str, ...], settings: Settings) -> Terms:
    """Return how the point took a visit for these items at most `TERMS_KEPT_S` ago.

    Raises `UnknownItem`, `UnknownPoint` or `NotAcceptedHere`.
    """
    point = _points.get(point_code) or await _find_point(point_code)
    key = item_codes, settings.slot_quantum_minutes
    asked = _asked.get(key) or await _find_items(key, settings)
    check_accepted(point, asked.items)
    confirms = point.confirms_by_itself
    state = AppointmentState.CONFIRMED if confirms else AppointmentState.PENDING
    return Terms(asked.plan, state, point.name)


async def find_slot_ids(place: Place, settings: Settings) -> tuple[int, ...]:
    """Return the ids of the slots of a place, full or not; raise `NotBookable` without them.

    A slot once made keeps its id, point, kind and time.
    """
    wanted = _Wanted(place, quantum_of(settings))
    known = _slot_ids.get(wanted)
    if known is not None:
        return known
    slots = await _slot_lookups.submit(wanted)
    starts = list_starts(slots, quanta=place.quanta, quantum=wanted.quantum)
    if not starts:
        raise NotBookable
    return _slot_ids.keep(wanted, starts[0].slot_ids)


async def _find_point(code: str) -> ServicePoint:
    point = await _point_lookups.submit(code)
    if point is None:
        raise UnknownPoint
    return _points.keep(code, point)


async def _find_items(key: tuple[tuple[str, ...], int], settings: Settings) -> _Asked:
    async with _asking:
        return _asked.get(key) or _asked.keep(
            key, await guard_database(lambda: _ask(key[0], settings))
        )


async def _ask(item_codes: tuple[str, ...], settings: Settings) -> _Asked:
    plan = await plan_visit(Wish(item_codes), None, settings)
    return _Asked(await get_items(item_codes), plan)
