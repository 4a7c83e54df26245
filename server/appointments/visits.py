"""What a wish comes to: how long the visit is, where it is taken, when it can begin."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from config.settings import Settings
from models.appointments import Appointment
from models.catalog import ServiceItem, ServicePoint
from models.draws import DrawWish
from models.kinds import WindowKind
from models.waitlist import Offer, WaitlistEntry
from server.appointments.errors import NotAcceptedHere, NotBookable, PreReviewNotUsable, SlotFull
from server.appointments.repository import Place, slots_between, slots_by_point
from server.appointments.reviewed import reviewed_items
from server.appointments.rules import (
    Start,
    count_minutes,
    count_quanta,
    free_own,
    list_starts,
    nearest,
    with_room,
)
from server.balancing.rules import ExpectedMinutes
from server.catalog.rules import SHANGHAI, local_day
from server.catalog.service import find_points_for, get_items, get_point

BOOKED_KIND = WindowKind.ACCEPT
"""Visits are booked at the windows that accept; advice and handing out need no booking."""

MOST_CANDIDATES = 3
NOTHING_KNOWN = ExpectedMinutes(0.0, 0.0, 0.0)
MOST_ALTERNATIVES = 3

FIRST_STEP = timedelta(minutes=30)
"""How far is searched for the earliest time at first; each next step is twice as long."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; no `point_code` is any point, no `starts_at` the earliest time.

    `expected` is what balancing expects of the way and the wait at each point, if anything.
    """

    item_codes: tuple[str, ...]
    point_code: str | None = None
    starts_at: datetime | None = None
    pre_review_id: str | None = None
    expected: Mapping[str, ExpectedMinutes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A visit without its place and time."""

    item_codes: tuple[str, ...]
    minutes: int
    quanta: int
    pre_review_id: str | None = None

    @classmethod
    def of(cls, row: "Appointment | Offer | WaitlistEntry | DrawWish") -> "Plan":
        """Return the plan that a visit was made from, or will be."""
        return cls(tuple(row.item_codes), row.minutes, row.quanta, row.pre_review_id)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that seemed free when it was looked up, and the slots it spans."""

    place: Place
    slot_ids: tuple[int, ...]


def quantum_of(settings: Settings) -> timedelta:
    """Return how long a slot is."""
    return timedelta(minutes=settings.slot_quantum_minutes)


def day_span(day: date, days: int = 1) -> tuple[datetime, datetime]:
    """Return when so many days begin and end in Fuzhou, in UTC."""
    first_at = datetime.combine(day, time(), tzinfo=SHANGHAI).astimezone(UTC)
    return first_at, first_at + timedelta(days=days)


async def plan_visit(wish: Wish, person_id: str | None, settings: Settings) -> Plan:
    """Work out how long the visit takes.

    Raises `PreReviewNotUsable` unless the pre-review named is the person's own, passed, and for
    one of the items.
    """
    reviewed = await _reviewed(wish, person_id)
    minutes_by_item = {item.code: item.window_minutes for item in await get_items(wish.item_codes)}
    minutes = count_minutes(minutes_by_item, reviewed)
    quanta = count_quanta(minutes, settings.slot_quantum_minutes)
    return Plan(wish.item_codes, minutes, quanta, wish.pre_review_id)


async def _reviewed(wish: Wish, person_id: str | None) -> frozenset[str]:
    if wish.pre_review_id is None or person_id is None:
        return frozenset()
    reviewed = await reviewed_items(person_id, wish.pre_review_id) & set(wish.item_codes)
    if not reviewed:
        raise PreReviewNotUsable
    return reviewed


async def require_accepted(point_code: str, item_codes: Collection[str]) -> ServicePoint:
    """Return the point; raise `NotAcceptedHere` if it is closed or does not take all the items."""
    point = await get_point(point_code)
    check_accepted(point, await get_items(list(item_codes)))
    return point


def check_accepted(point: ServicePoint, items: Iterable[ServiceItem]) -> None:
    """Raise `NotAcceptedHere` if the point is closed or does not take all the items."""
    if not (point.is_open and all(point.level in item.accepted_at_levels for item in items)):
        raise NotAcceptedHere


async def find_at(
    place: Place,
    *,
    now: datetime,
    settings: Settings,
    own: frozenset[int] = frozenset(),
) -> Candidate:
    """Return the slots of a place with room in each, counting those in `own` as free.

    Raises `NotBookable` if no visit of that length can begin then, `SlotFull` if there is no room.
    """
    quantum = quantum_of(settings)
    slots = await slots_between(
        place.point_code, place.kind, place.starts_at, place.starts_at + place.quanta * quantum
    )
    starts = list_starts(free_own(slots, own), quanta=place.quanta, quantum=quantum)
    if not starts or starts[0].starts_at <= now:
        raise NotBookable
    if not with_room(starts, after=now):
        raise SlotFull
    return Candidate(place, starts[0].slot_ids)


async def find_candidates(
    wish: Wish, plan: Plan, *, now: datetime, settings: Settings
) -> list[Candidate]:
    """Return where to try, best first; at least one.

    Raises `NotAcceptedHere`, `NotBookable` or `SlotFull` if there is nowhere.
    """
    if wish.point_code is not None:
        point_codes = [(await require_accepted(wish.point_code, wish.item_codes)).code]
    else:
        point_codes = [point.code for point in await find_points_for(list(wish.item_codes))]
    if not point_codes:
        raise NotAcceptedHere
    if wish.point_code is not None and wish.starts_at is not None:
        place = Place(wish.point_code, BOOKED_KIND, wish.starts_at, plan.quanta)
        return [await find_at(place, now=now, settings=settings)]
    return await _search(point_codes, wish, plan, now=now, settings=settings)


async def _search(
    point_codes: list[str],
    wish: Wish,
    plan: Plan,
    *,
    now: datetime,
    settings: Settings,
) -> list[Candidate]:
    quantum = quantum_of(settings)
    for first_at, until in _spans(
        wish.starts_at, plan.quanta * quantum, now=now, settings=settings
    ):
        by_point = await slots_by_point(point_codes, BOOKED_KIND, first_at, until)
        found = [
            (start, point_code)
            for point_code, slots in by_point.items()
            for start in with_room(
                list_starts(slots, quanta=plan.quanta, quantum=quantum), after=now
            )
        ]
        if found:
            return _best(found, plan.quanta, expected=wish.expected, now=now)
    raise SlotFull


def _spans(
    starts_at: datetime | None, length: timedelta, *, now: datetime, settings: Settings
) -> list[tuple[datetime, datetime]]:
    if starts_at is not None:
        return [(starts_at, starts_at + length)]
    end = day_span(local_day(now), settings.slot_days_ahead + 1)[1]
    spans, first_at, step = [], now, FIRST_STEP
    while first_at < end:
        spans.append((first_at, first_at + step + length))
        first_at, step = first_at + step, step * 2
    return spans


def _best(
    found: list[tuple[Start, str]],
    quanta: int,
    *,
    expected: Mapping[str, ExpectedMinutes],
    now: datetime,
) -> list[Candidate]:
    """Choose the earliest starts one can be there for, then the shorter way and wait."""

    def cost(pair: tuple[Start, str]) -> tuple[bool, datetime, float, int, str]:
        start, point_code = pair
        minutes = expected.get(point_code, NOTHING_KNOWN)
        is_too_late = now + timedelta(minutes=minutes.travel) > start.starts_at
        return (
            is_too_late,
            start.starts_at,
            minutes.travel + minutes.wait,
            -start.room,
            point_code,
        )

    ranked = sorted(found, key=cost)
    return [
        Candidate(Place(point_code, BOOKED_KIND, start.starts_at, quanta), start.slot_ids)
        for start, point_code in ranked[:MOST_CANDIDATES]
    ]


async def find_alternatives(
    appointment: Appointment, *, now: datetime, settings: Settings
) -> list[Start]:
    """Return up to three other starts at the same point, the nearest ones."""
    first_at, until = day_span(local_day(now), settings.slot_days_ahead + 1)
    slots = await slots_between(appointment.point_code, appointment.kind, first_at, until)
    starts = list_starts(slots, quanta=appointment.quanta, quantum=quantum_of(settings))
    others = [start for start in starts if start.starts_at != appointment.starts_at]
    return nearest(with_room(others, after=now), appointment.starts_at, count=MOST_ALTERNATIVES)
