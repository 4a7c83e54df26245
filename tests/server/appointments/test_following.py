"""A point or a day that closes, or shorter hours: nobody is left behind there unseen."""

import asyncio
from datetime import date, time, timedelta

import pytest

from models.appointments import Slot, SlotTemplate
from models.catalog import CalendarDay, ServicePoint
from models.closures import Reseating
from models.kinds import DayKind, WindowKind
from server.appointments.closing import lift
from server.appointments.errors import NotAcceptedHere, SlotFull
from server.appointments.following import follow_point, replace_templates
from server.appointments.tasks import follow_closures
from server.catalog.caches import forget_caches
from server.catalog.days import NamedDay, set_day, set_year
from server.catalog.errors import VisitsInTheWay
from server.catalog.opening import point_changed
from server.kit.transaction import in_transaction
from tests.server.appointments.test_booking import cancel_now
from tests.server.appointments.test_holds import hold_now
from tests.support.booking import STREET, book_now, everything, make_booker, wish
from tests.support.closing import (
    EVE,
    MORNING,
    NEAR,
    NOON,
    SUPERVISOR,
    book_many,
    close_as_shown,
    closing,
    open_points,
)

TUESDAY = date(2026, 11, 24)
WEDNESDAY_AT = MORNING + timedelta(hours=15)
FORTNIGHT = {"starts_at": EVE, "ends_at": EVE + timedelta(days=15)}


@pytest.fixture(autouse=True)
async def _on_sale(ports):
    """Two points on sale; what is changed of the catalogue is as shipped again afterwards."""
    hours = await SlotTemplate.filter(point_code=STREET)
    days = await CalendarDay.all()
    await open_points(ports)
    yield
    await ServicePoint.filter(code=STREET).update(is_open=True)
    await SlotTemplate.filter(point_code=STREET).delete()
    await SlotTemplate.bulk_create(hours)
    await CalendarDay.all().delete()
    await CalendarDay.bulk_create(days)
    forget_caches()


async def set_open(ports, *, is_open):
    """Open or close the street as an administrator's request does."""

    async def work():
        await ServicePoint.filter(code=STREET).update(is_open=is_open)
        await point_changed(STREET, now=ports.now(), settings=ports.settings)

    await in_transaction(work)


async def set_tuesday(kind, ports):
    entry = NamedDay(day=TUESDAY, kind=kind, name="")
    work = set_day(entry, now=ports.now(), settings=ports.settings)
    await in_transaction(lambda: work)


async def capacities(point_code=STREET, first_at=MORNING):
    """What the slots of a morning take."""
    span = {"starts_at__gte": first_at, "starts_at__lt": first_at + timedelta(hours=3)}
    rows = Slot.filter(point_code=point_code, **span)
    return set(await rows.values_list("capacity", flat=True))


async def refusal_of(work):
    """How many are in the way; what is refused changes nothing."""
    before = await everything(), await CalendarDay.all().order_by("day").values()
    with pytest.raises(VisitsInTheWay) as refused:
        await work
    assert (await everything(), await CalendarDay.all().order_by("day").values()) == before
    assert (await ServicePoint.get(code=STREET)).is_open
    return refused.value.data


async def test_a_point_is_not_closed_while_somebody_has_a_place_there(ports, clock):
    visits = await book_many(2, ports)
    await hold_now(await make_booker(7), ports)
    assert await refusal_of(set_open(ports, is_open=False)) == {"visits": 3}
    clock.advance(minutes=ports.settings.hold_minutes + 1)
    assert await refusal_of(set_open(ports, is_open=False)) == {"visits": 3}
    for number, visit in enumerate(visits):
        await cancel_now(visit, await make_booker(number), ports)
    assert await refusal_of(set_open(ports, is_open=False)) == {"visits": 1}


async def test_a_freed_place_that_waits_for_its_release_is_nobodys(ports):
    booker = await make_booker()
    await cancel_now(await book_now(wish(), booker, ports), booker, ports)
    await set_open(ports, is_open=False)
    assert await Slot.filter(point_code=STREET, capacity__gt=0).count() == 0
    assert await Slot.filter(point_code=STREET, taken=1).count() == 5
    await set_open(ports, is_open=True)
    assert await capacities() == {3}


async def test_a_point_that_is_closed_sells_nothing_from_that_moment(ports):
    closed, go, booker = asyncio.Event(), asyncio.Event(), await make_booker()

    async def work():
        await ServicePoint.filter(code=STREET).update(is_open=False)
        await follow_point(STREET, ports.now(), ports.settings)
        closed.set()
        await go.wait()

    closing_it = asyncio.create_task(in_transaction(work))
    await closed.wait()
    booking = asyncio.create_task(book_now(wish(), booker, ports))
    await asyncio.wait([booking], timeout=0.2)
    assert not booking.done()
    go.set()
    await closing_it
    with pytest.raises((SlotFull, NotAcceptedHere)):
        await booking


async def test_of_those_who_book_while_a_point_closes_nobody_is_left_behind(ports):
    bookers = [await make_booker(number) for number in range(6)]
    works = [book_now(wish(), one, ports) for one in bookers[:3]]
    works.append(set_open(ports, is_open=False))
    works += [book_now(wish(), one, ports) for one in bookers[3:]]
    answers = await asyncio.gather(*works, return_exceptions=True)
    booked = sum(not isinstance(one, Exception) for one in [*answers[:3], *answers[4:]])
    is_open = (await ServicePoint.get(code=STREET)).is_open
    assert (booked > 0) is is_open
    assert isinstance(answers[3], VisitsInTheWay) is is_open


async def test_a_point_whose_people_a_closure_lists_can_be_closed_and_its_closure_not_lifted(ports):
    await book_many(2, ports)
    impact = await close_as_shown(closing(**FORTNIGHT), ports)
    await set_open(ports, is_open=False)
    with pytest.raises(VisitsInTheWay) as refused:
        await in_transaction(
            lambda: lift(impact.closure, actor=SUPERVISOR, now=ports.now(), settings=ports.settings)
        )
    assert refused.value.data == {"visits": 2}
    await follow_closures(ports)
    assert await Reseating.filter(state="offered").count() == 2
    await set_open(ports, is_open=True)
    closure = await type(impact.closure).get(id=impact.closure.id)
    await in_transaction(
        lambda: lift(closure, actor=SUPERVISOR, now=ports.now(), settings=ports.settings)
    )
    assert await capacities() == {3}


async def test_a_new_holiday_is_refused_while_people_come_on_it(ports):
    await book_many(2, ports)
    await book_now(wish(point_code=NEAR), await make_booker(9), ports)
    assert await refusal_of(set_tuesday(DayKind.HOLIDAY, ports)) == {"visits": 3}
    await close_as_shown(closing(), ports)
    await close_as_shown(closing(point_code=NEAR), ports)
    await set_tuesday(DayKind.HOLIDAY, ports)
    assert await Reseating.filter(open=True).count() == 3
    assert await Slot.filter(capacity__gt=0, starts_at__lt=WEDNESDAY_AT, starts_at__gt=EVE) == []


async def test_a_new_holiday_sells_nothing_at_once_and_a_working_day_does(ports):
    await set_tuesday(DayKind.HOLIDAY, ports)
    assert (await capacities(), await capacities(NEAR)) == ({0}, {0})
    with pytest.raises(SlotFull):
        await book_now(wish(), await make_booker(), ports)
    await set_tuesday(DayKind.WORKING, ports)
    assert (await capacities(), await capacities(NEAR)) == ({3}, {1})


async def test_the_arrangement_of_a_year_is_refused_for_the_days_on_sale_only(ports):
    first = NamedDay(day=date(2026, 1, 1), kind=DayKind.HOLIDAY, name="")
    tuesday = NamedDay(day=TUESDAY, kind=DayKind.HOLIDAY, name="")
    later = NamedDay(day=date(2026, 12, 29), kind=DayKind.HOLIDAY, name="")
    await book_many(1, ports)
    about = {"now": ports.now(), "settings": ports.settings}
    refused = in_transaction(lambda: set_year(2026, [first, tuesday], **about))
    assert await refusal_of(refused) == {"visits": 1}
    await in_transaction(lambda: set_year(2026, [first, later], **about))
    assert await capacities() == {3}


async def test_fewer_windows_are_refused_for_those_whom_they_do_not_hold(ports):
    await book_many(3, ports)
    about = {"now": ports.now(), "settings": ports.settings}

    def two_windows():
        hours = SlotTemplate(
            point_code=STREET,
            kind=WindowKind.ACCEPT,
            weekday=1,
            opens_at=time(9),
            closes_at=time(12),
            windows=2,
        )
        return in_transaction(lambda: replace_templates(STREET, [hours], **about))

    assert await refusal_of(two_windows()) == {"visits": 1}
    await close_as_shown(
        closing(kind=WindowKind.ACCEPT, windows=1, starts_at=MORNING, ends_at=NOON), ports
    )
    await two_windows()
    assert await capacities() == {1}
