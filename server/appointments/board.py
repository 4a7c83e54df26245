"""What of the slots is shown: the starts of each point on each day, as the last look found them.

It only shows: a booking judges for itself, by the same rules. The database tells the room of a
point's day in one line of text; a day is worked out anew only when its line has changed.

Cost of showing d days of a point: O(d). Once in `KEPT_S`, for all points that were asked for, one
statement reads the slots of the days asked for, and each day that changed costs
O(slots of a day x quanta of the visit).
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from time import monotonic

from pydantic import TypeAdapter

from server.appointments.repository import rooms_by_day
from server.appointments.rules import SlotRoom, Start, list_starts, with_room
from server.appointments.schemas import StartOut
from server.appointments.visits import BOOKED_KIND, day_span
from server.kit.batching import NaturalBatch
from server.kit.transaction import guard_database, run_apart

KEPT_S = 1.0
"""After that, whoever looks is shown what is known, and it is asked for anew meanwhile."""
LOOKED_EVERY_S = 0.05
LONGEST_KEPT_S = 3.0
"""After that, whoever looks waits until it is known anew."""

POINTS_AT_ONCE = 16
"""In one statement: reading its answer holds the process up for some milliseconds."""
MOST_LENGTHS = 6
"""Of visits, whose starts are kept for one day."""

NEVER_S = float("-inf")
FOR_EVER = datetime.max.replace(tzinfo=UTC)
TAG_BYTES = 8
_STARTS = TypeAdapter(list[StartOut])


@dataclass(frozen=True, slots=True)
class Days:
    """The days from the first to the last."""

    first_on: date
    last_on: date

    def __iter__(self) -> Iterator[date]:
        """Yield each day."""
        for ahead in range((self.last_on - self.first_on).days + 1):
            yield self.first_on + timedelta(days=ahead)


@dataclass(frozen=True, slots=True)
class Length:
    """How long a visit is."""

    quanta: int
    quantum: timedelta


@dataclass(frozen=True, slots=True)
class Shown:
    """The starts of a visit on one day: the first, and all as the JSON of a list without brackets.

    `tag` differs where the JSON does; at `until` the first start is past.
    """

    first: Start | None
    json: bytes
    tag: bytes
    until: datetime


@dataclass(slots=True)
class _Day:
    rooms: str
    asked_at_s: float
    shown: dict[Length, Shown] = field(default_factory=dict)


_Wanted = tuple[tuple[str, ...], Days]


class Board:
    """The days of all points that somebody of this process has looked at."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, date], _Day] = {}
        self._today = date.min
        self._asking: NaturalBatch[_Wanted, None] = NaturalBatch(self._ask)
        self._asked: dict[_Wanted, asyncio.Task[None]] = {}
        self._looked_at: dict[Days, set[str]] = defaultdict(set)

    def forget(self) -> None:
        """Know nothing."""
        self._days.clear()
        self._today = date.min

    def forget_before(self, today: date) -> None:
        """Drop the days that are over."""
        if today > self._today:
            self._days = {key: day for key, day in self._days.items() if key[1] >= today}
            self._today = today

    async def look(self, point_codes: Iterable[str], days: Days) -> float:
        """Know these days as they were `KEPT_S` ago, `LONGEST_KEPT_S` at most; raises `Busy`.

        Returns until when, by the monotonic clock in seconds, they need not be looked at again.
        """
        codes, now_s = list(point_codes), monotonic()
        self._looked_at[days].update(codes)
        known_at_s = {code: self._known_at_s(code, days) for code in codes}
        stale = tuple(code for code in codes if known_at_s[code] < now_s - KEPT_S)
        if stale:
            asking = self._ask_soon((stale, days))
            if min(known_at_s.values()) < now_s - LONGEST_KEPT_S:
                await asyncio.shield(asking)
                return monotonic() + KEPT_S
        return max(min(known_at_s.values(), default=now_s) + KEPT_S, now_s + LOOKED_EVERY_S)

    def show(self, point_code: str, day: date, length: Length, *, now: datetime) -> Shown:
        """Return the starts that can be booked on a day that was looked at."""
        known = self._days[point_code, day]
        shown = known.shown.get(length)
        if shown is None or now >= shown.until:
            if len(known.shown) >= MOST_LENGTHS:
                known.shown.pop(next(iter(known.shown)))
            shown = known.shown[length] = _work_out(known.rooms, length, now)
        return shown

    def _known_at_s(self, point_code: str, days: Days) -> float:
        found = (self._days.get((point_code, day)) for day in days)
        return min((day.asked_at_s if day else NEVER_S for day in found), default=monotonic())

    def _ask_soon(self, wanted: _Wanted) -> asyncio.Task[None]:
        """Ask, unless that is under way."""
        asking = self._asked.get(wanted)
        if asking is None:
            asking = self._asked[wanted] = run_apart(self._asking.submit(wanted))
            asking.add_done_callback(lambda _: self._asked.pop(wanted))
        return asking

    async def _ask(self, wanted: Sequence[_Wanted]) -> list[None]:
        """Ask for what is wanted and, with it, for what will be: all that was looked at lately."""
        by_days: dict[Days, set[str]] = {}
        for point_codes, days in wanted:
            by_days.setdefault(days, self._looked_at.pop(days, set())).update(point_codes)
        for days, codes in by_days.items():
            oldest_s = monotonic() - KEPT_S / 2
            ordered = sorted(one for one in codes if self._known_at_s(one, days) < oldest_s)
            for first in range(0, len(ordered), POINTS_AT_ONCE):
                await self._learn(ordered[first : first + POINTS_AT_ONCE], days)
        return [None] * len(wanted)

    async def _learn(self, point_codes: Sequence[str], days: Days) -> None:
        asked_at_s = monotonic()
        span = day_span(days.first_on)[0], day_span(days.last_on)[1]
        found = await guard_database(lambda: rooms_by_day(point_codes, BOOKED_KIND, *span))
        for key in ((code, day) for code in point_codes for day in days):
            rooms = found.get(key, "")
            known = self._days.get(key)
            if known is not None and known.rooms == rooms:
                known.asked_at_s = asked_at_s
            else:
                self._days[key] = _Day(rooms, asked_at_s)


def _work_out(rooms: str, length: Length, now: datetime) -> Shown:
    starts = list_starts(_read(rooms), quanta=length.quanta, quantum=length.quantum)
    bookable = with_room(starts, after=now)
    json = _STARTS.dump_json([StartOut.of(start) for start in bookable])[1:-1]
    first = bookable[0] if bookable else None
    tag = blake2b(json, digest_size=TAG_BYTES).digest()
    return Shown(first, json, tag, first.starts_at if first else FOR_EVER)


def _read(rooms: str) -> list[SlotRoom]:
    slots = (map(int, slot.split(" ")) for slot in rooms.split(",") if slot)
    return sorted(
        (
            SlotRoom(slot_id, datetime.fromtimestamp(begins_s, UTC), room)
            for slot_id, begins_s, room in slots
        ),
        key=lambda slot: slot.starts_at,
    )
