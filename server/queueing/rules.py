"""Who is next, who may take a number from afar, when to leave: values in, decision out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.kinds import Lane

MOST_FIRST_IN_A_ROW = 2
"""Bookings and green numbers together; then a plain number is called while one waits.

So of any three calls in a row one is a plain number: whoever has n plain numbers before them is
called with the 3 (n + 1)th call at the latest, however many bookings and green numbers come.
"""

BACK_AFTER = 3
MOST_MISSES = 2
"""Whoever misses the call twice has left."""

LATE_AFTER = timedelta(minutes=10)

TICK = timedelta(microseconds=1)

HERE_KM = 0.3
"""Whoever is this near stands in the hall: a phone in a building errs by as much."""

ARRIVAL_GRACE = timedelta(minutes=20)
"""How long the place of one who is on the way is kept after it would have been their turn."""

LEAVE_MARGIN_MINUTES = 5.0
"""People are told to leave so much earlier than the way alone asks for."""


class Standing(StrEnum):
    """When one is called: before plain numbers, as one of them, or after all, being early."""

    FIRST = "first"
    PLAIN = "plain"
    EARLY = "early"


Line = Counter[Standing]
"""How many wait, by when they are called."""


def standing_of(lane: Lane, *, is_due: bool) -> Standing:
    """Return when one of a lane is called; `is_due`: the time that was booked has come."""
    if lane is Lane.PLAIN:
        return Standing.PLAIN
    return Standing.FIRST if lane is Lane.GREEN or is_due else Standing.EARLY


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that waits."""

    id: str
    rank_at: datetime
    lane: Lane

    def standing(self, now: datetime) -> Standing:
        """Return when they are called."""
        return standing_of(self.lane, is_due=self.rank_at <= now)


def rank_of_booking(starts_at: datetime, *, now: datetime) -> datetime:
    """Return the rank of a booking at check-in: its own time; now for one who is late."""
    return now if now > starts_at + LATE_AFTER else starts_at


def lane_of_booking(starts_at: datetime, *, now: datetime, is_green: bool) -> Lane:
    """Return where one who comes for a booking stands; whoever is late is as one who walks in."""
    return Lane.BOOKED if now <= starts_at + LATE_AFTER else lane_of_walk_in(is_green=is_green)


def lane_of_walk_in(*, is_green: bool) -> Lane:
    """Return where one without a booking stands."""
    return Lane.GREEN if is_green else Lane.PLAIN


def lane_elsewhere(lane: Lane) -> Lane:
    """Return where one stands who chose another point than that of the booking."""
    return lane_of_walk_in(is_green=lane is Lane.GREEN)


def call_order(waiting: Iterable[Waiting], *, now: datetime, first_in_a_row: int) -> list[Waiting]:
    """Return everybody in the order in which they will be called.

    Bookings whose time has come and green numbers go first, two to each plain number; bookings
    before their time go last.
    """
    standing: defaultdict[Standing, list[Waiting]] = defaultdict(list)
    for one in sorted(waiting, key=lambda one: (one.rank_at, one.id)):
        standing[one.standing(now)].append(one)
    first, plain = standing[Standing.FIRST], standing[Standing.PLAIN]
    return [*_alternate(first, plain, first_in_a_row), *standing[Standing.EARLY]]


def _alternate(
    first: Sequence[Waiting], plain: Sequence[Waiting], first_in_a_row: int
) -> list[Waiting]:
    order: list[Waiting] = []
    preferred, others, streak = list(first), list(plain), first_in_a_row
    while preferred and others:
        is_preferred = streak < MOST_FIRST_IN_A_ROW
        order.append((preferred if is_preferred else others).pop(0))
        streak = streak + 1 if is_preferred else 0
    return [*order, *preferred, *others]


def people_before(standing: Standing, ahead: Line, waiting: Line, *, first_in_a_row: int) -> int:
    """Return how many are called before one, as in the `call_order`, from counts alone.

    `waiting` are all, `ahead` those of them who rank before that one.
    """
    if standing is Standing.EARLY:
        return waiting[Standing.FIRST] + waiting[Standing.PLAIN] + ahead[Standing.EARLY]
    still_first = MOST_FIRST_IN_A_ROW - first_in_a_row
    if standing is Standing.FIRST:
        turns = (ahead[Standing.FIRST] - still_first) // MOST_FIRST_IN_A_ROW + 1
        return ahead[Standing.FIRST] + min(waiting[Standing.PLAIN], max(0, turns))
    turns = still_first + MOST_FIRST_IN_A_ROW * ahead[Standing.PLAIN]
    return ahead[Standing.PLAIN] + min(waiting[Standing.FIRST], turns)


def before_newcomer(waiting: Sequence[Waiting], *, now: datetime) -> list[Waiting]:
    """Return those who are called before one who takes a plain number, in their order.

    Which lane was called last is forgotten by the time that somebody has come.
    """
    line = Line(one.standing(now) for one in waiting)
    count = people_before(Standing.PLAIN, line, line, first_in_a_row=0)
    return call_order(waiting, now=now, first_in_a_row=0)[:count]


def count_streak(recent: Iterable[Lane]) -> int:
    """Return how many were called first in a row; `recent` are their lanes, the newest first."""
    streak = 0
    for lane in recent:
        if lane is Lane.PLAIN:
            break
        streak += 1
    return streak


def rank_after_miss(plain: Sequence[Waiting], *, now: datetime) -> datetime:
    """Return the rank of one who missed the call: behind those who are next of the plain ones.

    `plain` are the next `BACK_AFTER` in order, or as many as there are.
    """
    return plain[-1].rank_at + TICK if plain else now


def arrive_by(*, now: datetime, travel_minutes: float, wait_minutes: float | None) -> datetime:
    """Return until when the place of one who is on the way is kept."""
    minutes = max(travel_minutes, wait_minutes or 0.0)
    return now + timedelta(minutes=minutes) + ARRIVAL_GRACE


def must_leave(minutes_left: float, *, travel_minutes: float) -> bool:
    """Tell whether one whose turn comes in `minutes_left` has to set out now."""
    return minutes_left <= travel_minutes + LEAVE_MARGIN_MINUTES


def label_of(series: str, number: int) -> str:
    """Return a ticket's number as it is called: `A007`."""
    return f"{series}{number:03d}"
