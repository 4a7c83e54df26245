"""What a process remembers so that a booking asks the database for nothing but its place."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from config.settings import Settings
from models.states import AppointmentState
from server.appointments.errors import NotBookable
from server.appointments.repository import Place, slots_of
from server.appointments.rules import list_starts
from server.appointments.visits import Plan, Wish, plan_visit, quantum_of, require_accepted
from server.kit.keeping import Kept
from server.kit.transaction import guard_database

TERMS_KEPT_S = 5.0


@dataclass(frozen=True, slots=True)
class Terms:
    """A visit as a point takes it: how long, how it begins, and what the point is called."""

    plan: Plan
    state: AppointmentState
    point_name: str


_terms: Kept[tuple[str, tuple[str, ...], int], Terms] = Kept(TERMS_KEPT_S)
_slot_ids: Kept[tuple[Place, timedelta], tuple[int, ...]] = Kept()
_asking = asyncio.Lock()
"""Of all who find terms out of date, one asks and the others wait for it."""


def forget_terms() -> None:
    """Ask for everything anew."""
    _terms.clear()
    _slot_ids.clear()


async def find_terms(point_code: str, item_codes: tuple[str, ...], settings: Settings) -> Terms:
    """Return how the point took a visit for these items at most `TERMS_KEPT_S` ago.

    Raises `UnknownItem`, `UnknownPoint` or `NotAcceptedHere`.
    """
    key = point_code, item_codes, settings.slot_quantum_minutes
    known = _terms.get(key)
    if known is not None:
        return known
    async with _asking:
        return _terms.get(key) or _terms.keep(
            key, await guard_database(lambda: _ask(point_code, item_codes, settings))
        )


async def find_slot_ids(place: Place, settings: Settings) -> tuple[int, ...]:
    """Return the ids of the slots of a place, full or not; raise `NotBookable` without them.

    A slot once made keeps its id, point, kind and time.
    """
    quantum = quantum_of(settings)
    key = place, quantum
    known = _slot_ids.get(key)
    if known is not None:
        return known
    slots = await guard_database(lambda: slots_of(place, quantum))
    starts = list_starts(slots, quanta=place.quanta, quantum=quantum)
    if not starts:
        raise NotBookable
    return _slot_ids.keep(key, starts[0].slot_ids)


async def _ask(point_code: str, item_codes: tuple[str, ...], settings: Settings) -> Terms:
    point = await require_accepted(point_code, item_codes)
    plan = await plan_visit(Wish(item_codes), None, settings)
    confirms = point.confirms_by_itself
    state = AppointmentState.CONFIRMED if confirms else AppointmentState.PENDING
    return Terms(plan, state, point.name)
