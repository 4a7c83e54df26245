"""Which visits fit where and what a person may have at once: values in, decision out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from models.states import AppointmentState, OfferState, ReseatingState

MOST_LIVE = 3
"""Live appointments and holds of one identity together."""

NO_SHOWS_TO_PAUSE = 3
NO_SHOWS_COUNT_FOR = timedelta(days=90)
PAUSE = timedelta(days=30)

REVIEWED_SHARE = 0.5
"""Window time that remains of an item whose materials passed the pre-review."""

SHORTEST_ITEM_MINUTES = 5

EARLIEST_CHECK_IN = timedelta(minutes=60)

APART = timedelta(hours=1)
"""Other times are worth offering only if they differ."""

GIVEN_BACK = frozenset(
    {AppointmentState.CANCELLED, AppointmentState.DECLINED, AppointmentState.RESCHEDULED}
)
"""Appointments in these states hold no place; a visit that is over keeps the place it used."""


@dataclass(frozen=True, slots=True)
class SlotRoom:
    """A slot and how many more it takes."""

    id: int
    starts_at: datetime
    room: int


@dataclass(frozen=True, slots=True)
class Start:
    """A starting time, the neighbouring slots that a visit would use, the least room in them."""

    starts_at: datetime
    room: int
    slot_ids: tuple[int, ...]


def count_minutes(minutes_by_item: Mapping[str, int], reviewed: AbstractSet[str]) -> int:
    """Return how many minutes a visit for these items takes at the window."""
    return sum(
        _shorten(minutes) if item_code in reviewed else minutes
        for item_code, minutes in minutes_by_item.items()
    )


def _shorten(minutes: int) -> int:
    return max(math.ceil(minutes * REVIEWED_SHARE), min(minutes, SHORTEST_ITEM_MINUTES))


def count_quanta(minutes: int, quantum_minutes: int) -> int:
    """Return how many neighbouring slots hold a visit of `minutes`; at least one."""
    return max(1, math.ceil(minutes / quantum_minutes))


def list_starts(slots: Sequence[SlotRoom], *, quanta: int, quantum: timedelta) -> list[Start]:
    """Return every start with `quanta` neighbouring slots, full or not, of `slots` in time order.

    Whoever lists times and whoever books one both ask here.
    """
    reach = quantum * (quanta - 1)
    lasts = enumerate(slots[quanta - 1 :])
    return [
        _start_of(slots[first : first + quanta])
        for first, last in lasts
        if last.starts_at - slots[first].starts_at == reach
    ]


def with_room(starts: Iterable[Start], *, after: datetime) -> list[Start]:
    """Keep the starts that can be booked: later than `after`, room in every slot."""
    return [start for start in starts if start.room > 0 and start.starts_at > after]


def nearest(starts: Iterable[Start], wanted: datetime, *, count: int) -> list[Start]:
    """Return up to `count` starts close to `wanted`, at least an hour apart, in time order."""
    chosen: list[Start] = []
    closest = sorted(starts, key=lambda start: (abs(start.starts_at - wanted), start.starts_at))
    for start in closest:
        apart = all(abs(start.starts_at - other.starts_at) >= APART for other in chosen)
        if apart and len(chosen) < count:
            chosen.append(start)
    return sorted(chosen, key=lambda start: start.starts_at)


def admit(wanted: Sequence[Sequence[int]], rooms: dict[int, int]) -> list[bool]:
    """Tell in order of arrival who gets one place in each of the wanted slots.

    `rooms` is how many more each slot takes; it is lowered to what is left.
    """
    return [_admit_one(slot_ids, rooms) for slot_ids in wanted]


def _admit_one(slot_ids: Sequence[int], rooms: dict[int, int]) -> bool:
    if any(rooms[slot_id] <= 0 for slot_id in slot_ids):
        return False
    for slot_id in slot_ids:
        rooms[slot_id] -= 1
    return True


def free_own(slots: Iterable[SlotRoom], own: AbstractSet[int]) -> list[SlotRoom]:
    """Return the slots as they are for somebody who would give `own` back."""
    return [replace(slot, room=slot.room + 1) if slot.id in own else slot for slot in slots]


def _start_of(run: Sequence[SlotRoom]) -> Start:
    return Start(
        starts_at=run[0].starts_at,
        room=min([slot.room for slot in run]),
        slot_ids=tuple([slot.id for slot in run]),
    )


def runs_of(starts: Iterable[datetime], quantum: timedelta) -> list[tuple[datetime, int]]:
    """Return the runs of neighbouring slots that begin at `starts`: first start and length."""
    runs: list[tuple[datetime, int]] = []
    for starts_at in sorted(starts):
        if runs and runs[-1][0] + runs[-1][1] * quantum == starts_at:
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((starts_at, 1))
    return runs


def release_at(
    starts_at: datetime, *, now: datetime, delays: tuple[timedelta, timedelta], luck: float
) -> datetime:
    """Return when a freed place goes back on sale: `luck`, 0 to 1, between the two delays.

    A place that begins soon waits for half of what is left at most, but never less than the least.
    """
    least, most = delays
    useful = max(least, min(most, (starts_at - now) / 2))
    return now + least + (useful - least) * luck


def confirm_by(starts_at: datetime, *, now: datetime, within: timedelta) -> datetime:
    """Return until when a point may answer: never later than the visit itself."""
    return min(now + within, starts_at)


def paused_until(no_shows: int, *, now: datetime) -> datetime | None:
    """Return until when booking rests after so many no-shows in 90 days; None: it does not."""
    return now + PAUSE if no_shows >= NO_SHOWS_TO_PAUSE else None


class Step(StrEnum):
    """What comes next for somebody whose place is closed."""

    REST = "rest"
    TELL = "tell"
    MOVE = "move"
    FOLLOW = "follow"
    CALL = "call"
    SPARE = "spare"


def next_step(
    *,
    state: ReseatingState,
    offer: OfferState | None,
    has_visit: bool,
    is_lifted: bool,
    is_due: bool,
) -> Step:
    """Return what to do for a person of a closure.

    `offer` is how the offered place stands, None without one; `has_visit` whether the old place is
    still theirs and to come; `is_due` whether the time to answer is over.
    """
    if offer is OfferState.ACCEPTED:
        return Step.FOLLOW
    if is_lifted or not has_visit:
        return Step.SPARE
    if state not in {ReseatingState.WAITING, ReseatingState.OFFERED}:
        return Step.REST
    if offer is not OfferState.HELD:
        return Step.CALL
    if state is ReseatingState.WAITING:
        return Step.TELL
    return Step.MOVE if is_due else Step.REST
