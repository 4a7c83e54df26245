"""Working days and closing time: pure, from dates to dates."""

from bisect import bisect_right
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

CLOSING_TIME = time(17, 30)
"""9:00-12:00 and 13:30-17:30 make the seven hours that a hall is open."""

STATUTORY_HOLIDAYS: Mapping[tuple[int, int], str] = {
    (1, 1): "holiday_new_year",
    (5, 1): "holiday_labour",
    (5, 2): "holiday_labour",
    (10, 1): "holiday_national",
    (10, 2): "holiday_national",
    (10, 3): "holiday_national",
}
"""全国年节及纪念日放假办法 (2024) 第二条: month and day of those of fixed date, and their texts."""

FRIDAY = 4


def is_yearly_marker(day: date) -> bool:
    """Tell whether an official entry for `day` shows that its whole year is official.

    New Year's Day is a holiday in every arrangement that was ever published.
    """
    return (day.month, day.day) == (1, 1)


def local_day(instant: datetime) -> date:
    """Return the date that it is in Fuzhou at `instant`."""
    return instant.astimezone(SHANGHAI).date()


def days_between(first: date, last: date) -> list[date]:
    """Return the days from the first to the last."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def closing_instant(day: date) -> datetime:
    """Return when the halls close on `day`, in UTC."""
    return datetime.combine(day, CLOSING_TIME, SHANGHAI).astimezone(UTC)


class WorkingCalendar:
    """Which days are worked.

    `holidays` and `make_up_days` are the dates that are not what their weekday says. A year that
    is not among `official_years` is provisional: statutory holidays of fixed date are added to
    those given, and nobody knows yet which weekends will be worked in return.
    """

    def __init__(
        self,
        *,
        holidays: Collection[date] = (),
        make_up_days: Collection[date] = (),
        official_years: Collection[int] = (),
    ) -> None:
        self._holidays = frozenset(holidays)
        self._make_up_days = frozenset(make_up_days)
        self._official_years = frozenset(official_years)
        self._years: dict[int, tuple[date, ...]] = {}

    def is_working(self, day: date) -> bool:
        """Tell whether the offices work on `day`."""
        if day in self._make_up_days:
            return True
        if day in self._holidays or day.weekday() > FRIDAY:
            return False
        return not (self.is_provisional(day) and (day.month, day.day) in STATUTORY_HOLIDAYS)

    def is_holiday(self, day: date) -> bool:
        """Tell whether `day` is an official holiday, whatever its weekday."""
        if day in self._holidays:
            return True
        return self.is_provisional(day) and (day.month, day.day) in STATUTORY_HOLIDAYS

    def is_provisional(self, day: date) -> bool:
        """Tell whether the arrangement for the year of `day` is still unpublished."""
        return day.year not in self._official_years

    def add_working_days(self, day: date, days: int) -> date:
        """Return the `days`-th working day after `day`.

        For 0, `day` itself or, if it is not worked, the next that is. Raises `ValueError` for less.
        """
        if days < 0:
            raise ValueError("working days are counted forwards")
        if days == 0 and self.is_working(day):
            return day
        year = day.year
        place = bisect_right(self._working_days_of(year), day) + max(days, 1)
        while place > len(self._working_days_of(year)):
            place -= len(self._working_days_of(year))
            year += 1
        return self._working_days_of(year)[place - 1]

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and including `end`; negative if reversed."""
        if end < start:
            return -self.working_days_between(end, start)
        whole_years = sum(len(self._working_days_of(year)) for year in range(start.year, end.year))
        return whole_years + self._place(end) - self._place(start)

    def _place(self, day: date) -> int:
        return bisect_right(self._working_days_of(day.year), day)

    def _working_days_of(self, year: int) -> tuple[date, ...]:
        if year not in self._years:
            self._years[year] = tuple(filter(self.is_working, _days_of(year)))
        return self._years[year]


def _days_of(year: int) -> list[date]:
    return days_between(date(year, 1, 1), date(year, 12, 31))
