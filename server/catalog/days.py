"""Keeping the calendar: single days, and the arrangement of a whole year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tortoise.exceptions import IntegrityError

from config.settings import Settings
from models.catalog import CalendarDay
from models.kinds import DayKind
from server.catalog import repository
from server.catalog.caches import CALENDAR_KEPT_S, KnownDays, forget_caches, read_calendar
from server.catalog.errors import ArrangementIncomplete
from server.catalog.events import CalendarChanged
from server.catalog.opening import days_changed
from server.catalog.rules import STATUTORY_HOLIDAYS, WorkingCalendar, days_between, is_yearly_marker
from server.kit.errors import ChangedMeanwhile
from server.kit.messages import text
from server.kit.outbox import emit

DateSpan = tuple[date, date]


@dataclass(frozen=True, slots=True)
class NamedDay:
    """One entry of an arrangement."""

    day: date
    kind: DayKind
    name: str


async def set_day(entry: NamedDay, *, now: datetime, settings: Settings) -> None:
    """Let one day be worked or free; whether its year is official stays as it is.

    Raises `VisitsInTheWay`.
    """
    is_official = await repository.is_year_official(entry.day.year)
    span = entry.day, entry.day
    await _change(span, [entry], is_provisional=not is_official, now=now, settings=settings)


async def set_year(
    year: int, entries: Sequence[NamedDay], *, now: datetime, settings: Settings
) -> None:
    """Let `entries` be the published arrangement of `year`: it is official from now on.

    Raises `ArrangementIncomplete` unless all are of that year, none is named twice and New Year's
    Day is among the holidays, and `VisitsInTheWay`.
    """
    _check_arrangement(year, entries)
    span = date(year, 1, 1), date(year, 12, 31)
    await _change(span, entries, is_provisional=False, now=now, settings=settings)


def name_of(day: date, *, known: KnownDays) -> str:
    """Return what a day is called, or nothing."""
    if day in known.names:
        return known.names[day]
    code = STATUTORY_HOLIDAYS.get((day.month, day.day))
    return text(code) if code and known.calendar.is_provisional(day) else ""


async def _change(
    span: DateSpan,
    entries: Sequence[NamedDay],
    *,
    is_provisional: bool,
    now: datetime,
    settings: Settings,
) -> None:
    """Replace the entries of a span, and tell of the days that are not what they were before."""
    first, last = span
    before = await read_calendar(first, last)
    await _replace(first, last, entries=entries, is_provisional=is_provisional)
    after = await read_calendar(first, last)
    days = days_between(first, last)
    changed = [day for day in days if _kind_of(day, before) != _kind_of(day, after)]
    await days_changed(changed, now=now, settings=settings)
    await _tell(first, last, now=now)


def _kind_of(day: date, calendar: WorkingCalendar) -> tuple[bool, bool]:
    return calendar.is_working(day), calendar.is_holiday(day)


def _check_arrangement(year: int, entries: Sequence[NamedDay]) -> None:
    days = {entry.day for entry in entries}
    holidays = [entry.day for entry in entries if entry.kind is DayKind.HOLIDAY]
    is_whole = len(days) == len(entries) and any(map(is_yearly_marker, holidays))
    if not is_whole or any(day.year != year for day in days):
        raise ArrangementIncomplete(year=year)


async def _replace(
    first: date, last: date, *, entries: Sequence[NamedDay], is_provisional: bool
) -> None:
    rows = [
        CalendarDay(day=one.day, kind=one.kind, name=one.name, is_provisional=is_provisional)
        for one in entries
    ]
    try:
        await repository.replace_days(first, last, days=rows)
    except IntegrityError as error:
        raise ChangedMeanwhile from error
    forget_caches()


async def _tell(first: date, last: date, *, now: datetime) -> None:
    event = CalendarChanged(aggregate_id=str(first.year), first_day=first, last_day=last)
    # By then no process counts by the old calendar any more.
    await emit(event, now=now, available_at=now + timedelta(seconds=CALENDAR_KEPT_S))
