"""Every move that took a place or gave one back, run again in the order in which they were done.

A slot's row is locked from the change of its counter to the commit, and the moves are written in
between: over one slot, their ids are in the order of the commits.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from models.appointments import Slot
from models.bookkeeping import Transition
from models.waitlist import Release
from server.appointments.reconciling import OCCUPANTS, change_of

COLUMNS = ("id", "point_code", "kind", "starts_at", "quanta")


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many moves were run again, and by how many places the fullest slot missed its limit."""

    moves: int
    least_left: int


async def replay_all(quantum: timedelta, *, limit: int | None = None) -> Replayed:
    """Assert that no move ever took a place that was not there, and that all add up to `taken`.

    `limit` is what no slot ever held more of; its capacity unless that was changed.
    """
    spans = await _spans(quantum)
    counted: Counter = Counter()
    peaks: Counter = Counter()
    names = [one.__name__ for one in OCCUPANTS]
    moves = await Transition.filter(aggregate__in=names).order_by("id")
    rests = set(await Release.filter(visit_id__isnull=False).values_list("id", flat=True))
    for move in moves:
        change = change_of(move, rests)
        for key in spans[move.aggregate, move.aggregate_id]:
            counted[key] += change
            peaks[key] = max(peaks[key], counted[key])
            assert counted[key] >= 0, f"{key} was given back more often than taken"
    lefts = [0]
    for slot in await Slot.all():
        key = slot.point_code, slot.kind, slot.starts_at
        most = slot.capacity if limit is None else limit
        assert counted[key] == slot.taken, f"{key}: {slot.taken} taken, {counted[key]} by its moves"
        assert peaks[key] <= most, f"{key} once held {peaks[key]} of {most}"
        lefts.append(most - peaks[key])
    return Replayed(len(moves), min(lefts[1:], default=0))


async def _spans(quantum: timedelta) -> dict[tuple[str, str], list[tuple]]:
    return {
        (model.__name__, row_id): [
            (point_code, kind, starts_at + place * quantum) for place in range(quanta)
        ]
        for model in OCCUPANTS
        for row_id, point_code, kind, starts_at, quanta in await model.all().values_list(*COLUMNS)
    }
