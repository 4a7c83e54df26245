"""`due_at` against a calculator that walks day by day."""

import random
from datetime import UTC, date, datetime, timedelta

from server.cases.rules import Segment, due_at
from server.catalog.rules import SHANGHAI, WorkingCalendar

CASES = 25_000
FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}


class SlowDays:
    """Which days are worked, by its own lights."""

    def __init__(self, *, holidays, make_up_days, official_years):
        self._holidays = holidays
        self._make_up_days = make_up_days
        self._official_years = official_years

    def works(self, day):
        if day in self._make_up_days:
            return True
        statutory = day.year not in self._official_years and (day.month, day.day) in FIXED
        return not (day in self._holidays or day.isoweekday() >= 6 or statutory)


def slow_last_day(start, working_days, segments, days):
    """Walk from the day after `start`, ticking off each day that counts."""

    def counts(day):
        stands = any(one.suspended_on <= day < one.resumed_on for one in segments)
        return days.works(day) and not stands

    if working_days == 0 and days.works(start):
        return start
    day, left = start, max(working_days, 1)
    while left:
        day += timedelta(days=1)
        left -= counts(day)
    return day


def random_days(chance):
    first = date(2026, 1, 1)
    pool = [first + timedelta(days=number) for number in range(3 * 365)]
    holidays = set(chance.sample(pool, chance.randrange(80)))
    make_up_days = {day for day in chance.sample(pool, 30) if day.isoweekday() >= 6} - holidays
    official = set(chance.sample([2026, 2027, 2028], chance.randrange(4)))
    return {"holidays": holidays, "make_up_days": make_up_days, "official_years": official}


def random_segments(chance, start):
    segments = []
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3, 5])):
        first = start + timedelta(days=chance.randrange(-20, 90))
        segments.append(Segment(first, first + timedelta(days=chance.choice([0, 1, 2, 7, 30, 60]))))
    return segments


def test_it_agrees_with_walking_day_by_day_in_every_random_case():
    chance = random.Random(20261123)
    for number in range(CASES):
        if number % 50 == 0:
            facts = random_days(chance)
            quick, slow = WorkingCalendar(**facts), SlowDays(**facts)
        start_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(
            days=chance.randrange(900), minutes=chance.randrange(1440)
        )
        start = start_at.astimezone(SHANGHAI).date()
        working_days = chance.choice([0, 1, 2, 3, 5, 10, 20, 30, 60])
        segments = random_segments(chance, start)
        due = due_at(start_at, working_days, segments, quick).astimezone(SHANGHAI)
        expected = slow_last_day(start, working_days, segments, slow)
        assert due.date() == expected, (start, working_days, segments, facts)
        assert (due.hour, due.minute) == (17, 30)


def test_a_day_of_acceptance_is_not_counted_and_a_suspended_one_neither():
    calendar = WorkingCalendar(official_years={2026})
    monday = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    stood = [Segment(date(2026, 11, 25), date(2026, 11, 27))]
    assert due_at(monday, 3, [], calendar) == datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
    assert due_at(monday, 3, stood, calendar) == datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
