"""A changed calendar moves deadlines and slots, and what moved is listed."""

from datetime import date, timedelta

import pytest

from models.appointments import Slot
from models.cases import Case, MovedDeadline
from models.kinds import DayKind
from server.appointments.visits import day_span
from server.cases.recount import recount_deadlines
from server.catalog.caches import CALENDAR_KEPT_S
from server.catalog.days import NamedDay, set_day
from server.catalog.events import CalendarChanged
from server.kit.transaction import in_transaction
from tests.support.booking import STREET
from tests.support.closing import open_points
from tests.support.relaying import relay_all

WEDNESDAY = date(2026, 11, 25)
pytestmark = pytest.mark.usefixtures("catalogue")


async def make_free(day, ports, clock):
    """Let a day be free, and let everybody hear it."""
    entry = NamedDay(day=day, kind=DayKind.HOLIDAY, name="")
    await in_transaction(lambda: set_day(entry, now=ports.now(), settings=ports.settings))
    clock.advance(seconds=CALENDAR_KEPT_S + 1)
    await relay_all(ports)


async def moved_by(case):
    """By how many days its deadlines differ from what they were; None: it has none."""
    now = await Case.get(id=case.id)
    columns = ("answer_by", "statutory_due_at", "promised_due_at")
    pairs = [(getattr(case, name), getattr(now, name)) for name in columns]
    return [(after - before).days if before else None for before, after in pairs]


async def test_a_new_holiday_moves_open_cases_by_a_working_day_and_lists_them(
    town, clerk, zhang, ports, clock
):
    accepted = await Case.get(case_no=await town.accept(clerk, zhang))
    received = await Case.get(case_no=await town.receive(clerk, await town.citizen(2)))
    await make_free(WEDNESDAY, ports, clock)
    assert await moved_by(accepted) == [0, 1, 1]
    assert await moved_by(received) == [1, None, None]
    supervisor = await town.staff("supervisor")
    listed = (await supervisor.get("/district/moved-deadlines")).json()["items"]
    assert [one["case_no"] for one in listed] == [received.case_no, accepted.case_no]
    assert listed[1]["was_due_at"] == accepted.promised_due_at.isoformat().replace("+00:00", "Z")


async def test_what_was_counted_already_is_neither_moved_nor_listed_again(
    town, clerk, zhang, ports, clock
):
    await town.accept(clerk, zhang)
    await make_free(WEDNESDAY, ports, clock)
    before = await Case.all().values(), await MovedDeadline.all().values()
    event = CalendarChanged(aggregate_id="2026", first_day=WEDNESDAY, last_day=WEDNESDAY)
    await recount_deadlines(event, ports)
    assert (await Case.all().values(), await MovedDeadline.all().values()) == before


async def test_a_case_that_is_over_or_due_before_stays_as_it_is(town, clerk, zhang, ports, clock):
    over = await town.accept(clerk, zhang)
    done = await clerk.case(over, "decide", outcome="approved", note="材料齐全")
    assert done.status_code == 200
    early = await Case.get(case_no=await town.receive(clerk, await town.citizen(2)))
    await make_free(date(2026, 12, 2), ports, clock)
    assert await MovedDeadline.all().count() == 0
    assert await moved_by(early) == [0, None, None]


async def test_slots_follow_the_calendar_too(ports, clock):
    await open_points(ports, STREET)
    first_at, until = day_span(WEDNESDAY)
    of_day = Slot.filter(point_code=STREET, starts_at__gte=first_at, starts_at__lt=until)
    assert set(await of_day.values_list("capacity", flat=True)) == {3}
    await make_free(WEDNESDAY, ports, clock)
    assert set(await of_day.values_list("capacity", flat=True)) == {0}
    after = Slot.filter(starts_at__gte=until, starts_at__lt=until + timedelta(days=1))
    assert set(await after.filter(point_code=STREET).values_list("capacity", flat=True)) == {3}
