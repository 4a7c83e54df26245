"""Working days, make-up days, years that nobody published yet."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from chinese_calendar import constants

from server.catalog.rules import (
    WorkingCalendar,
    closing_instant,
    is_yearly_marker,
    local_day,
)

OFFICIAL = WorkingCalendar(
    holidays=constants.holidays, make_up_days=constants.workdays, official_years=range(2004, 2027)
)
NOWHERE = WorkingCalendar()


@pytest.mark.parametrize(
    "day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
)
def test_every_make_up_day_of_2026_is_worked_though_it_is_a_weekend(day):
    made_up = date.fromisoformat(day)
    assert made_up.weekday() in {5, 6}
    assert OFFICIAL.is_working(made_up)
    assert not NOWHERE.is_working(made_up)


@pytest.mark.parametrize(
    "day", ["2026-01-02", "2026-02-16", "2026-04-06", "2026-05-05", "2026-06-19", "2026-09-25"]
)
def test_a_weekday_within_the_holidays_of_2026_is_free(day):
    free = date.fromisoformat(day)
    assert free.weekday() < 5
    assert not OFFICIAL.is_working(free)


def test_2026_has_as_many_working_days_as_published():
    days = OFFICIAL.working_days_between(date(2025, 12, 31), date(2026, 12, 31))
    assert days == 248


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-20", 1, "2026-11-23"),  # Friday to Monday
        ("2026-11-23", 5, "2026-11-30"),
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday that is worked before Spring Festival
        ("2026-02-14", 1, "2026-02-24"),  # nine days free
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-02-27", 1, "2026-02-28"),  # and one worked after it
        ("2026-09-18", 1, "2026-09-20"),  # a Sunday
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-12-31", 1, "2027-01-04"),
    ],
)
def test_working_days_are_counted_from_the_day_after(start, days, end):
    calendar = OFFICIAL
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    assert calendar.add_working_days(first, days) == last
    assert calendar.working_days_between(first, last) == days


def test_no_days_after_a_working_day_is_that_day():
    assert OFFICIAL.add_working_days(date(2026, 11, 23), 0) == date(2026, 11, 23)


def test_no_days_after_a_free_day_is_the_next_one_worked():
    assert OFFICIAL.add_working_days(date(2026, 10, 1), 0) == date(2026, 10, 8)


def test_days_are_not_counted_backwards():
    with pytest.raises(ValueError, match="forwards"):
        OFFICIAL.add_working_days(date(2026, 11, 23), -1)


def test_a_reversed_stretch_is_negative():
    assert OFFICIAL.working_days_between(date(2026, 11, 30), date(2026, 11, 23)) == -5


def test_a_published_year_is_not_provisional():
    assert not OFFICIAL.is_provisional(date(2026, 12, 31))
    assert OFFICIAL.is_provisional(date(2027, 1, 1))


@pytest.mark.parametrize("month_day", [(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)])
def test_an_unpublished_year_has_the_holidays_of_fixed_date(month_day):
    free = date(2029, *month_day)
    assert not OFFICIAL.is_working(free)
    assert not WorkingCalendar(official_years=()).is_working(free)


def test_an_unpublished_year_works_all_other_weekdays():
    assert OFFICIAL.is_working(date(2029, 1, 2))
    assert OFFICIAL.is_working(date(2029, 10, 4))
    assert not OFFICIAL.is_working(date(2029, 10, 6))


def test_a_published_year_has_no_holidays_but_those_published():
    bare = WorkingCalendar(official_years=[2029])
    assert bare.is_working(date(2029, 10, 1))


def test_a_day_given_for_an_unpublished_year_counts():
    calendar = WorkingCalendar(
        holidays=[date(2027, 2, 8)], make_up_days=[date(2027, 1, 1), date(2027, 2, 7)]
    )
    assert not calendar.is_working(date(2027, 2, 8))
    assert calendar.is_working(date(2027, 1, 1))
    assert calendar.is_working(date(2027, 2, 7))


def test_closing_time_is_half_past_five_in_fuzhou():
    assert closing_instant(date(2026, 11, 23)) == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_the_local_day_begins_at_midnight_in_fuzhou():
    midnight = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert local_day(midnight) == date(2026, 11, 23)
    assert local_day(midnight - timedelta(microseconds=1)) == date(2026, 11, 22)


def test_only_new_years_day_marks_a_year_as_published():
    assert is_yearly_marker(date(2027, 1, 1))
    assert not is_yearly_marker(date(2027, 1, 2))
    assert not is_yearly_marker(date(2027, 2, 1))


def is_worked(day):
    """The calendar's rule said once more, in the plainest words."""
    if day in constants.workdays:
        return True
    if day in constants.holidays or day.weekday() in {5, 6}:
        return False
    if day.year <= 2026:
        return True
    return day.strftime("%m-%d") not in {"01-01", "05-01", "05-02", "10-01", "10-02", "10-03"}


def count_day_by_day(day, days):
    while days:
        day += timedelta(days=1)
        days -= is_worked(day)
    return day


def test_100_000_random_stretches_agree_with_counting_day_by_day():
    chance = random.Random(20261123)
    first = date(2004, 1, 1)
    worked = {day: is_worked(day) for day in days_from(first, 27 * 366)}
    for _ in range(100_000):
        start = first + timedelta(days=chance.randrange(25 * 365))
        days = chance.randrange(1, 30)
        end, left = start, days
        while left:
            end += timedelta(days=1)
            left -= worked[end]
        assert OFFICIAL.add_working_days(start, days) == end
        assert OFFICIAL.working_days_between(start, end) == days


def test_a_stretch_over_several_years_agrees_with_counting_day_by_day():
    start = date(2019, 12, 30)
    for days in (500, 1_000, 2_500):
        end = count_day_by_day(start, days)
        assert OFFICIAL.add_working_days(start, days) == end
        assert OFFICIAL.working_days_between(start, end) == days


def test_a_random_stretch_between_any_two_days_agrees_with_counting():
    chance = random.Random(7)
    for _ in range(300):
        start = date(2024, 1, 1) + timedelta(days=chance.randrange(1_500))
        length = chance.randrange(800)
        counted = sum(map(is_worked, days_from(start + timedelta(days=1), length)))
        end = start + timedelta(days=length)
        assert OFFICIAL.working_days_between(start, end) == counted


def days_from(first, count):
    return [first + timedelta(days=number) for number in range(count)]
