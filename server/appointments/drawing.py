"""The draw itself: values in, decision out; anybody can do it again from what is published."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from server.appointments.rules import SlotRoom, Start, admit, list_starts
from server.appointments.wishes import Times


@dataclass(frozen=True, slots=True)
class Lot:
    """One wish in the draw: a visit of `quanta` slots at any of the points, when it suits."""

    id: str
    quanta: int
    point_codes: tuple[str, ...]
    times: Times


@dataclass(frozen=True, slots=True)
class Prize:
    """Where and when a drawn visit begins."""

    point_code: str
    starts_at: datetime


def hash_of(seed: str) -> str:
    """Return what is published of a seed before: its SHA-256 in hex."""
    return sha256(seed.encode()).hexdigest()


def in_drawn_order(seed: str, ids: Iterable[str]) -> list[str]:
    """Return the wishes' ids by the SHA-256 of `seed:id`, the lowest first."""
    return sorted(ids, key=lambda one: hash_of(f"{seed}:{one}"))


def share_places(
    lots: Iterable[Lot], slots: Mapping[str, Sequence[SlotRoom]], *, quantum: timedelta
) -> dict[str, Prize]:
    """Give each lot in turn the earliest start that is left, at the first of equal points.

    `slots` are those of the points to open; the ids in them are all different.
    """
    rooms = {slot.id: slot.room for day in slots.values() for slot in day}
    left: dict[tuple[object, ...], deque[tuple[Prize, Start]]] = {}
    prizes: dict[str, Prize] = {}
    for lot in lots:
        hours = tuple(map(tuple, lot.times.hours))
        kind = lot.quanta, lot.point_codes, hours
        if kind not in left:
            left[kind] = _choices(lot, slots, quantum)
        prize = _draw_from(left[kind], rooms)
        if prize is not None:
            prizes[lot.id] = prize
    return prizes


def _choices(
    lot: Lot, slots: Mapping[str, Sequence[SlotRoom]], quantum: timedelta
) -> deque[tuple[Prize, Start]]:
    found = [
        (Prize(point_code, start.starts_at), start)
        for point_code in sorted(set(lot.point_codes) & slots.keys())
        for start in list_starts(slots[point_code], quanta=lot.quanta, quantum=quantum)
        if lot.times.suit(start.starts_at)
    ]
    return deque(sorted(found, key=lambda one: (one[0].starts_at, one[0].point_code)))


def _draw_from(choices: deque[tuple[Prize, Start]], rooms: dict[int, int]) -> Prize | None:
    while choices:
        prize, start = choices[0]
        if admit([start.slot_ids], rooms) == [True]:
            return prize
        # What is full once stays full: nobody after has to look there again.
        choices.popleft()
    return None
