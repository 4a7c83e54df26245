"""Slots of a day by the templates and the calendar."""

from datetime import date, datetime, time, timedelta

from models.kinds import PointLevel, WindowKind
from server.appointments.hours import (
    capacity_of,
    default_hours,
    default_templates,
    plan_day,
    weekday_in_force,
)
from server.catalog.rules import SHANGHAI, WorkingCalendar

QUANTUM = timedelta(minutes=5)
MONDAY = date(2026, 9, 21)
MAKE_UP_SUNDAY = date(2026, 9, 20)
NATIONAL_DAY = date(2026, 10, 1)
HOLIDAY_SATURDAY = date(2026, 10, 3)
CALENDAR = WorkingCalendar(
    holidays=[NATIONAL_DAY, date(2026, 10, 2), HOLIDAY_SATURDAY],
    make_up_days=[MAKE_UP_SUNDAY],
    official_years=[2026],
)


def plan(level, windows, day):
    templates = default_templates("P", level, windows)
    return plan_day(templates, day, calendar=CALENDAR, quantum=QUANTUM)


def hours_of(planned):
    return sum((QUANTUM for _ in planned), timedelta())


def test_every_point_works_seven_hours_on_a_weekday():
    planned = plan(PointLevel.COMMUNITY, 1, MONDAY)
    assert hours_of(planned) == timedelta(hours=7)
    starts = [starts_at.astimezone(SHANGHAI).time() for _, starts_at in planned]
    assert (starts[0], starts[-1]) == (time(9), time(17, 25))
    assert time(12) not in starts
    assert time(11, 55) in starts


def test_a_make_up_day_is_worked_like_a_monday():
    assert weekday_in_force(MAKE_UP_SUNDAY, CALENDAR) == 0
    assert len(plan(PointLevel.STREET, 4, MAKE_UP_SUNDAY)) == 84


def test_a_holiday_is_closed_on_a_weekday_and_on_a_saturday():
    assert plan(PointLevel.CENTER, 9, NATIONAL_DAY) == {}
    assert plan(PointLevel.CENTER, 9, HOLIDAY_SATURDAY) == {}


def test_centre_and_branch_work_on_saturday_mornings_and_one_evening():
    saturday, wednesday = date(2026, 9, 26), date(2026, 9, 23)
    calendar = WorkingCalendar(official_years=[2026])
    templates = default_templates("C", PointLevel.CENTER, 9)
    on_saturday = plan_day(templates, saturday, calendar=calendar, quantum=QUANTUM)
    assert hours_of(on_saturday) == timedelta(hours=3)
    on_wednesday = plan_day(templates, wednesday, calendar=calendar, quantum=QUANTUM)
    assert hours_of(on_wednesday) == timedelta(hours=9, minutes=30)
    assert default_hours(PointLevel.BRANCH) == default_hours(PointLevel.CENTER)
    assert all(weekday < 5 for weekday, _, _ in default_hours(PointLevel.COMMUNITY))


def test_capacity_is_the_windows_less_the_reserve_for_walk_ins_but_at_least_one():
    capacities = [
        capacity_of(default_templates("P", PointLevel.STREET, windows)[0])
        for windows in (1, 3, 4, 9)
    ]
    assert capacities == [1, 3, 3, 7]


def test_slots_stand_at_the_hours_of_fuzhou():
    planned = plan(PointLevel.COMMUNITY, 1, MONDAY)
    nine = datetime(2026, 9, 21, 9, tzinfo=SHANGHAI)
    assert planned[(WindowKind.ACCEPT, nine)] == 1
