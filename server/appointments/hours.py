"""Opening hours as templates, and the slots that a day has by them: pure."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from models.appointments import SlotTemplate
from models.kinds import PointLevel, WindowKind
from server.catalog.rules import SHANGHAI, WorkingCalendar

WORKDAYS = range(5)
SATURDAY = 5
LATE_DAY = 2

MORNING = (time(9), time(12))
AFTERNOON = (time(13, 30), time(17, 30))
"""With the morning the seven hours a day that the hall rules ask for."""

EVENING = (time(17, 30), time(20))
LARGE = frozenset({PointLevel.CENTER, PointLevel.BRANCH})

ONE_WALK_IN_WINDOW_IN = 4

Hours = tuple[int, time, time]


def default_hours(level: PointLevel) -> list[Hours]:
    """Return the weekdays and hours (Fuzhou) of a point of this level."""
    week = [(weekday, *span) for weekday in WORKDAYS for span in (MORNING, AFTERNOON)]
    if level in LARGE:
        week += [(LATE_DAY, *EVENING), (SATURDAY, *MORNING)]
    return week


def default_templates(
    point_code: str, level: PointLevel, accept_windows: int
) -> list[SlotTemplate]:
    """Return the templates of a point with so many accepting windows, not yet written."""
    return [
        SlotTemplate(
            point_code=point_code,
            kind=WindowKind.ACCEPT,
            weekday=weekday,
            opens_at=opens_at,
            closes_at=closes_at,
            windows=accept_windows,
            walk_in_reserve=accept_windows // ONE_WALK_IN_WINDOW_IN,
        )
        for weekday, opens_at, closes_at in default_hours(level)
    ]


def capacity_of(template: SlotTemplate) -> int:
    """Return how many visits may run side by side: at least one."""
    return max(1, template.windows - template.walk_in_reserve)


def weekday_in_force(day: date, calendar: WorkingCalendar) -> int | None:
    """Return the weekday whose templates `day` follows; None: closed.

    A make-up day at a weekend is worked like a Monday; an official holiday is closed.
    """
    if calendar.is_working(day):
        return day.weekday() if day.weekday() in WORKDAYS else WORKDAYS[0]
    if day.weekday() in WORKDAYS or calendar.is_holiday(day):
        return None
    return day.weekday()


def plan_day(
    templates: Iterable[SlotTemplate], day: date, *, calendar: WorkingCalendar, quantum: timedelta
) -> dict[tuple[WindowKind, datetime], int]:
    """Return the capacity of each slot of one point on one day, by window kind and start."""
    weekday = weekday_in_force(day, calendar)
    return {
        (template.kind, starts_at): capacity_of(template)
        for template in templates
        if template.weekday == weekday
        for starts_at in _starts(template, day, quantum)
    }


def _starts(template: SlotTemplate, day: date, quantum: timedelta) -> list[datetime]:
    opens = _instant(day, template.opens_at)
    length = _instant(day, template.closes_at) - opens
    return [opens + number * quantum for number in range(length // quantum)]


def _instant(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=SHANGHAI).astimezone(UTC)
