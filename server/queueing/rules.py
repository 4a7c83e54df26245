"""Who is next, and how long it will take: values in, decision out."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_BOOKED_IN_A_ROW = 2
"""Then a walk-in is called, so that bookings do not keep them waiting for ever."""

BACK_AFTER = 3
MOST_MISSES = 2
"""Whoever misses the call twice has left."""

LATE_AFTER = timedelta(minutes=10)


USUAL_MINUTES = 8.0
"""Service time of a point that has served nobody yet today."""

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that waits; `is_booked` while the booking's turn was not missed."""

    id: str
    rank_at: datetime
    is_booked: bool


def rank_of_booking(starts_at: datetime, *, now: datetime) -> datetime:
    """Return the rank of a booking at check-in: its own time; now for one who is late."""
    return now if now > starts_at + LATE_AFTER else starts_at


def call_order(waiting: Iterable[Waiting], *, now: datetime, booked_in_a_row: int) -> list[Waiting]:
    """Return everybody in the order in which they will be called.

    Bookings whose time has come go first, two to each walk-in; those who came early go last.
    """
    ranked = sorted(waiting, key=lambda one: (one.rank_at, one.id))
    due = [one for one in ranked if one.is_booked and one.rank_at <= now]
    early = [one for one in ranked if one.is_booked and one.rank_at > now]
    walk_ins = [one for one in ranked if not one.is_booked]
    return [*_alternate(due, walk_ins, booked_in_a_row), *early]


def _alternate(
    due: Sequence[Waiting], walk_ins: Sequence[Waiting], booked_in_a_row: int
) -> list[Waiting]:
    order: list[Waiting] = []
    booked, others, streak = list(due), list(walk_ins), booked_in_a_row
    while booked and others:
        is_booked_turn = streak < MOST_BOOKED_IN_A_ROW
        order.append((booked if is_booked_turn else others).pop(0))
        streak = streak + 1 if is_booked_turn else 0
    return [*order, *booked, *others]


def count_streak(recent: Iterable[bool]) -> int:
    """Return how many bookings were called in a row; `recent` is the newest first."""
    streak = 0
    for is_booked in recent:
        if not is_booked:
            break
        streak += 1
    return streak


def rank_after_miss(walk_ins: Iterable[Waiting], *, now: datetime) -> datetime:
    """Return the rank of one who missed the call: behind three walk-ins, or behind them all."""
    ranks = sorted(one.rank_at for one in walk_ins)[:BACK_AFTER]
    return ranks[-1] + TICK if ranks else now


def predict_wait_minutes(people: int, *, open_windows: int, minutes_each: float) -> int | None:
    """Return the minutes until so many people were served; None while no window is open."""
    if open_windows == 0:
        return None
    return math.ceil(people * minutes_each / open_windows)


def mean_minutes(spans: Sequence[tuple[datetime, datetime]]) -> float:
    """Return the mean of measured service times in minutes, or the usual one."""
    if not spans:
        return USUAL_MINUTES
    total = sum((end - start for start, end in spans), timedelta())
    return total / timedelta(minutes=1) / len(spans)


def label_of(series: str, number: int) -> str:
    """Return a ticket's number as it is called: `A007`."""
    return f"{series}{number:03d}"
