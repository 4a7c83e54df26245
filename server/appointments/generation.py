"""Making slots ahead from the templates, on the working calendar."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial

from config.settings import Settings
from models.appointments import Slot, SlotTemplate
from models.catalog import ServicePoint
from models.closures import Closure
from models.draws import Draw
from models.kinds import WindowKind
from models.states import DrawState
from server.appointments.closures import closures_in_force, is_touched, left_open
from server.appointments.hours import default_templates, plan_day, weekday_in_force
from server.appointments.visits import day_span, quantum_of
from server.catalog.rules import days_between, local_day
from server.catalog.service import get_points, lock_points, read_calendar, working_calendar
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

ROWS_AT_ONCE = 500

KindAndTime = tuple[WindowKind, datetime]
Planned = dict[tuple[str, WindowKind, datetime], int]
"""The capacity of each slot, by its point, kind of window and start."""


async def seed_templates(points: Iterable[ServicePoint], accept_windows: Mapping[str, int]) -> int:
    """Give each point that has none the default templates; return how many were written.

    `accept_windows` counts the accepting windows by point code; a point without any gets none.
    """
    known = await points_with_hours()
    templates = [
        template
        for point in points
        if point.code not in known and accept_windows.get(point.code)
        for template in default_templates(point.code, point.level, accept_windows[point.code])
    ]
    await SlotTemplate.bulk_create(templates, batch_size=ROWS_AT_ONCE)
    return len(templates)


async def templates_of(point_code: str) -> list[SlotTemplate]:
    """Return the opening hours of a point through the week."""
    return await SlotTemplate.filter(point_code=point_code).order_by("weekday", "opens_at")


def last_day_on_sale(now: datetime, settings: Settings) -> date:
    """Return the last day that can be booked."""
    return local_day(now) + timedelta(days=settings.slot_days_ahead)


def on_sale(now: datetime, settings: Settings) -> tuple[date, date]:
    """Return the first and the last day that can be booked."""
    return local_day(now), last_day_on_sale(now, settings)


async def generate_slots(ports: Ports, until: date) -> None:
    """Make the slots of every point with templates from now to the end of `until`.

    A slot that is there gets the capacity of the templates in force less what is closed, 0 where
    they no longer have it; what is taken of it stays. One transaction a point, so it may stop and
    be run again.
    """
    now, settings = ports.now(), ports.settings
    days = local_day(now), until
    for point_code in sorted(await points_with_hours()):
        work = partial(regenerate, [point_code], days, now=now, settings=settings)
        await in_transaction(work)


async def points_with_hours() -> set[str]:
    """Return the codes of the points that have opening hours."""
    rows = await SlotTemplate.all().distinct().values("point_code")
    return {row["point_code"] for row in rows}


async def has_hours_on(day: date) -> bool:
    """Tell whether any point is open on that day."""
    weekday = weekday_in_force(day, await working_calendar())
    return weekday is not None and await SlotTemplate.exists(weekday=weekday)


async def plan_point(
    point_code: str, day: date, *, now: datetime, settings: Settings
) -> dict[KindAndTime, int]:
    """Return the capacity of each slot that a point will have on a day."""
    planned = await _plan([point_code], (day, day), now=now, quantum=quantum_of(settings))
    return {(kind, at): capacity for (_, kind, at), capacity in planned.items()}


async def open_point(point_code: str, day: date, *, now: datetime, settings: Settings) -> None:
    """Make the slots of a point for a day that has none, inside the caller's transaction."""
    await lock_points([point_code])
    planned = await _plan([point_code], (day, day), now=now, quantum=quantum_of(settings))
    await _create_missing(planned, [])


async def regenerate(
    point_codes: Collection[str], days: tuple[date, date], *, now: datetime, settings: Settings
) -> list[Slot]:
    """Do the same for points from a day to another inside the caller's transaction.

    Days to draw are left out. Returns the slots that take fewer now than before and than they
    have. The slots are locked before it is read what they should be, so that of two who make them
    anew the later knows what the earlier knew.
    """
    await lock_points(point_codes)
    existing = await _lock_slots(point_codes, days, now)
    planned = await _plan(point_codes, days, now=now, quantum=quantum_of(settings))
    shut = await _days_to_draw()
    if shut:
        shut -= {local_day(slot.starts_at) for slot in existing}
        planned = {key: room for key, room in planned.items() if local_day(key[2]) not in shut}
    await _create_missing(planned, existing)
    lowered = await _set_capacities(planned, existing)
    return [slot for slot in lowered if slot.taken > slot.capacity]


async def _lock_slots(
    point_codes: Collection[str], days: tuple[date, date], now: datetime
) -> list[Slot]:
    slots = Slot.filter(
        point_code__in=point_codes,
        starts_at__gte=max(now, day_span(days[0])[0]),
        starts_at__lt=day_span(days[1])[1],
    )
    return await slots.order_by("id").select_for_update()


async def _plan(
    point_codes: Collection[str], days: tuple[date, date], *, now: datetime, quantum: timedelta
) -> Planned:
    calendar = await read_calendar(*days)
    points = await get_points(point_codes)
    templates, closures = defaultdict(list), defaultdict(list)
    for template in await SlotTemplate.filter(point_code__in=point_codes):
        templates[template.point_code].append(template)
    for closure in await closures_in_force(*point_codes, after=now):
        closures[closure.point_code].append(closure)
    return {
        (code, *key): _left(capacity, key, closures[code], quantum)
        for code in sorted(templates)
        if code in points and points[code].is_open
        for day in days_between(*days)
        for key, capacity in plan_day(
            templates[code], day, calendar=calendar, quantum=quantum
        ).items()
        if key[1] >= now
    }


def _left(capacity: int, key: KindAndTime, closures: list[Closure], quantum: timedelta) -> int:
    return left_open(capacity, (one for one in closures if is_touched(one, *key, length=quantum)))


async def _days_to_draw() -> set[date]:
    return {draw.day for draw in await Draw.exclude(state=DrawState.OPENED)}


def _key_of(slot: Slot) -> tuple[str, WindowKind, datetime]:
    return slot.point_code, slot.kind, slot.starts_at


async def _create_missing(planned: Planned, existing: list[Slot]) -> None:
    there = set(map(_key_of, existing))
    missing = [
        Slot(point_code=point_code, kind=kind, starts_at=starts_at, capacity=capacity)
        for (point_code, kind, starts_at), capacity in planned.items()
        if (point_code, kind, starts_at) not in there
    ]
    await Slot.bulk_create(missing, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)


async def _set_capacities(planned: Planned, existing: list[Slot]) -> list[Slot]:
    """Return the slots that were lowered."""
    changed: dict[int, list[int]] = {}
    lowered = []
    for slot in existing:
        was, slot.capacity = slot.capacity, planned.get(_key_of(slot), 0)
        if slot.capacity != was:
            changed.setdefault(slot.capacity, []).append(slot.id)
        if slot.capacity < was:
            lowered.append(slot)
    for capacity, slot_ids in sorted(changed.items()):
        await Slot.filter(id__in=slot_ids).update(capacity=capacity)
    return lowered
