"""What the catalogue tells others."""

import asyncio
from datetime import date

import pytest

from models.catalog import CalendarDay, ServiceItem, ServicePoint
from models.kinds import DayKind, PointLevel
from server.catalog.errors import UnknownDepartment, UnknownItem, UnknownPoint
from server.catalog.service import (
    find_points_for,
    forget_caches,
    get_department,
    get_item,
    get_items,
    get_point,
    item_index,
    materials_of,
    remembered,
    working_calendar,
)

pytestmark = pytest.mark.usefixtures("ports")


@pytest.mark.usefixtures("catalogue")
async def test_an_item_is_its_version_in_force():
    await ServiceItem.filter(code="GL0012").update(is_current=False)
    newest = await ServiceItem.get(code="GL0012")
    newest.update_from_dict({"id": "a" * 32, "version": 2, "is_current": True, "name": "结婚"})
    newest._saved_in_db = False
    await newest.save()
    assert (await get_item("GL0012")).version == 2


@pytest.mark.usefixtures("catalogue")
async def test_a_withdrawn_item_is_unknown():
    await ServiceItem.filter(code="GL0012").update(is_current=False)
    with pytest.raises(UnknownItem):
        await get_item("GL0012")
    with pytest.raises(UnknownItem):
        await get_items(["GL0013", "GL0012"])


async def test_items_come_in_the_order_that_was_asked():
    assert [item.code for item in await get_items(["GL0013", "GL0012"])] == ["GL0013", "GL0012"]


async def test_what_is_not_there_is_unknown():
    with pytest.raises(UnknownPoint):
        await get_point("nowhere")
    with pytest.raises(UnknownDepartment):
        await get_department("nobody")
    with pytest.raises(UnknownItem):
        await get_item("nothing")


async def test_materials_come_in_their_order():
    materials = await materials_of(await get_item("GL0001"))
    assert [one.seq for one in materials] == sorted(one.seq for one in materials)
    assert materials[0].name == "申请表(样表可下载)"


async def test_points_are_those_whose_level_accepts_the_item():
    points = await find_points_for(["GL0012"])
    assert [point.code for point in points] == ["350102-C"]
    street = await find_points_for(["GL0041"])
    assert {point.level for point in street} == {PointLevel.CENTER, PointLevel.BRANCH}


async def test_points_for_several_items_accept_every_one():
    # One is accepted at streets and centre, the other at centre and branch.
    points = await find_points_for(["GL0028", "GL0042"])
    assert [point.code for point in points] == ["350102-C"]
    assert await find_points_for(["GL0012", "GL0089"]) == []


@pytest.mark.usefixtures("catalogue")
async def test_a_closed_point_is_not_offered():
    await ServicePoint.filter(code="350102-C").update(is_open=False)
    assert await find_points_for(["GL0012"]) == []


async def test_points_for_an_unknown_item_are_refused():
    with pytest.raises(UnknownItem):
        await find_points_for(["GL0012", "GL9999"])


async def test_the_calendar_knows_make_up_days_and_provisional_years():
    calendar = await working_calendar()
    assert calendar.is_working(date(2026, 2, 14))
    assert not calendar.is_working(date(2026, 2, 16))
    assert not calendar.is_provisional(date(2026, 11, 23))
    assert calendar.is_provisional(date(2027, 2, 5))
    for holiday in ("2027-02-05", "2027-04-05", "2027-06-09", "2027-09-15", "2027-10-01"):
        assert not calendar.is_working(date.fromisoformat(holiday))
    for holiday in ("2028-01-25", "2028-01-28", "2028-04-04", "2028-10-03"):
        assert not calendar.is_working(date.fromisoformat(holiday))
    assert calendar.is_working(date(2027, 2, 9))


@pytest.mark.usefixtures("catalogue")
async def test_the_calendar_is_kept_until_it_is_forgotten():
    kept = await working_calendar()
    await CalendarDay.create(day=date(2026, 11, 24), kind=DayKind.HOLIDAY)
    assert await working_calendar() is kept
    forget_caches()
    assert not (await working_calendar()).is_working(date(2026, 11, 24))


@pytest.mark.usefixtures("catalogue")
async def test_the_index_is_renewed_when_the_catalogue_changed(monkeypatch):
    before = await item_index()
    assert await item_index() is before
    monkeypatch.setattr("server.catalog.caches.INDEX_CHECKED_EVERY_S", 0.0)
    forget_caches()
    before = await item_index()
    assert await item_index() is before
    await ServiceItem.filter(code="GL0012").update(is_current=False)
    after = await item_index()
    assert (len(before), len(after)) == (91, 90)


async def test_while_one_loads_anew_others_are_given_what_was_known():
    loads, may_load = 0, asyncio.Event()

    async def load():
        nonlocal loads
        loads += 1
        await may_load.wait()
        return loads

    async def ask():
        return await remembered("loads", load, for_s=0.0)

    forget_caches()
    first = asyncio.create_task(ask())
    await asyncio.sleep(0)
    may_load.set()
    assert await first == 1
    may_load.clear()
    second = asyncio.create_task(ask())
    await asyncio.sleep(0)
    assert await asyncio.gather(*(ask() for _ in range(3))) == [1, 1, 1]
    may_load.set()
    assert (await second, await ask(), loads) == (2, 3, 3)
    forget_caches()
