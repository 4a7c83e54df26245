"""Proof that the counter tells the truth: every move of every visit, replayed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from config.settings import Settings
from models.appointments import Appointment, Hold, Slot
from models.bookkeeping import Transition
from models.kinds import WindowKind
from models.waitlist import Offer, Release
from server.appointments.repository import Occupant, count_occupied
from server.appointments.rules import GIVEN_BACK
from server.appointments.visits import quantum_of
from server.kit.errors import NotFound
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

log = structlog.get_logger(__name__)

LONGEST_VISIT = timedelta(hours=12)
"""How far before a slot a visit that spans it can have begun; no opening hours are longer."""

OCCUPANTS: tuple[type[Occupant], ...] = (Appointment, Hold, Offer, Release)


@dataclass(frozen=True, slots=True)
class Replay:
    """What the moves say of one slot: how many have it now, and the most that ever had it."""

    taken: int
    counted: int
    peak: int

    @property
    def agrees(self) -> bool:
        """Whether the counter is what the moves add up to."""
        return self.taken == self.counted


async def replay(slot: Slot, *, settings: Settings) -> Replay:
    """Run all moves of whatever spans `slot`, in their order."""
    moves = await _moves_over(slot, quantum_of(settings))
    rests = await _rests_among({move.aggregate_id for move in moves})
    counted = peak = 0
    for move in moves:
        counted += change_of(move, rests)
        peak = max(peak, counted)
    return Replay(taken=slot.taken, counted=counted, peak=peak)


async def find_differences(ports: Ports) -> list[int]:
    """Return the ids of future slots whose counter is wrong, each judged under its lock."""
    now = ports.now()
    suspects = await _suspects(now, quantum_of(ports.settings))
    wrong = [
        slot_id
        for slot_id in suspects
        if await in_transaction(lambda one=slot_id: _is_wrong(one, ports.settings))  # type: ignore[misc]
    ]
    for slot_id in wrong:
        log.error("slot_count_differs", slot=slot_id)
    return wrong


def change_of(move: Transition, rests: Collection[str]) -> int:
    """Return by how much one move of whatever has a place changes its slots.

    The rest of a visit that ended early, one of `rests`, is counted with the visit until it goes.
    """
    if not move.from_state:
        return 0 if move.aggregate_id in rests else 1
    if move.aggregate != Appointment.__name__:
        return -1
    return -1 if move.to_state in GIVEN_BACK else 0


async def _moves_over(slot: Slot, quantum: timedelta) -> Sequence[Transition]:
    moves = [
        move
        for model in OCCUPANTS
        for move in await _moves_of(model.__name__, await _spanning(model, slot, quantum))
    ]
    return sorted(moves, key=lambda move: move.id)


async def _spanning(model: type[Occupant], slot: Slot, quantum: timedelta) -> list[str]:
    rows = await model.filter(
        point_code=slot.point_code,
        kind=slot.kind,
        starts_at__lte=slot.starts_at,
        starts_at__gt=slot.starts_at - LONGEST_VISIT,
    ).values_list("id", "starts_at", "quanta")
    return [
        row_id
        for row_id, starts_at, quanta in rows
        if slot.starts_at < starts_at + quanta * quantum
    ]


async def _moves_of(aggregate: str, ids: Iterable[str]) -> list[Transition]:
    return await Transition.filter(aggregate=aggregate, aggregate_id__in=list(ids))


async def _rests_among(ids: Collection[str]) -> set[str]:
    rests = Release.filter(id__in=ids, visit_id__isnull=False)
    return {str(one) for one in await rests.values_list("id", flat=True)}


async def _suspects(now: datetime, quantum: timedelta) -> list[int]:
    occupied = await count_occupied(now - LONGEST_VISIT, quantum)
    rows = await Slot.filter(starts_at__gte=now, taken__gt=0).values_list(
        "id", "point_code", "kind", "starts_at", "taken"
    )
    counted = {(*key,): (slot_id, taken) for slot_id, *key, taken in rows}
    differing = [slot_id for key, (slot_id, taken) in counted.items() if occupied[key] != taken]
    uncounted = [key for key in occupied if key not in counted and key[2] >= now]
    return sorted([*differing, *[slot_id for key in uncounted for slot_id in await _ids_of(key)]])


async def _ids_of(key: tuple[str, WindowKind, datetime]) -> list[int]:
    point_code, kind, starts_at = key
    rows = await Slot.filter(point_code=point_code, kind=kind, starts_at=starts_at)
    return [slot.id for slot in rows]


async def _is_wrong(slot_id: int, settings: Settings) -> bool:
    slot = await Slot.filter(id=slot_id).select_for_update().first()
    if slot is None:
        raise NotFound
    return not (await replay(slot, settings=settings)).agrees
