"""Bringing a catalogue in: the first time, again, changed, wrong."""

import asyncio
import csv
import itertools
import shutil
from datetime import date

import pytest

from config.settings import DATA_FOLDER
from models.catalog import CalendarDay, Department, Material, ServiceItem, ServicePoint, Window
from models.kinds import AuthorityLevel, DayKind, OnlineDepth, PointLevel, WindowKind
from server.catalog.caches import item_index
from server.catalog.errors import CatalogueInvalid
from server.catalog.importing import ImportedItems
from server.catalog.seeding import SeedReport, kinds_of_windows, seed_catalogue
from server.kit.errors import ChangedMeanwhile
from server.kit.transaction import in_transaction
from tests.server.catalog.items import make_names

pytestmark = pytest.mark.usefixtures("ports")


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped files."""
    for file in DATA_FOLDER.glob("*.csv"):
        shutil.copy(file, tmp_path)
    return tmp_path


def read(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write(folder, name, rows):
    with (folder / name).open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def edit(folder, name, change):
    """Pass every row of a file through `change`; None leaves it out."""
    changed = [change(row) for row in read(folder, name)]
    write(folder, name, [row for row in changed if row is not None])


def seed(ports, folder=DATA_FOLDER, **options):
    return in_transaction(lambda: seed_catalogue(now=ports.now(), folder=folder, **options))


async def everything():
    """Every row that seeding writes."""
    models = (ServicePoint, Window, Department, ServiceItem, Material, CalendarDay)
    return {model: await model.all().order_by(model._meta.pk_attr).values() for model in models}


async def test_the_shipped_catalogue_is_there():
    assert await ServicePoint.all().count() == 81
    assert await ServicePoint.filter(level=PointLevel.COMMUNITY).count() == 69
    assert await Window.all().count() == 24 + 8 + 10 * 6 + 69 * 2
    assert await ServiceItem.filter(is_current=True, version=1).count() == 91
    assert await Material.all().count() == 339
    assert await Department.all().count() == 25


async def test_seeding_twice_changes_nothing(ports):
    before = await everything()
    report = await seed(ports)
    assert report == SeedReport(items=ImportedItems(unchanged=91))
    assert await everything() == before


async def test_windows_mostly_accept():
    kinds = [w.kind for w in await Window.filter(point_code="350102-C").order_by("number")]
    assert kinds == [WindowKind.ACCEPT] * 22 + [WindowKind.CONSULT, WindowKind.ISSUE]
    community = [w.kind for w in await Window.filter(point_code="350102001001").order_by("number")]
    assert community == [WindowKind.ACCEPT, WindowKind.CONSULT]


def test_the_only_window_of_a_point_accepts():
    assert kinds_of_windows(1, PointLevel.STREET) == [WindowKind.ACCEPT]
    assert kinds_of_windows(0, PointLevel.STREET) == []
    assert kinds_of_windows(2, PointLevel.STREET) == [WindowKind.ACCEPT, WindowKind.CONSULT]


@pytest.mark.usefixtures("catalogue")
async def test_windows_that_are_added_leave_the_others_as_they_are(ports, folder):
    def one_more(row):
        return row | ({"windows": "8"} if row["code"] == "350102001000" else {})

    edit(folder, "service_points.csv", one_more)
    report = await seed(ports, folder)
    kinds = [w.kind for w in await Window.filter(point_code="350102001000").order_by("number")]
    assert report.windows == 2
    assert kinds[:6] == [WindowKind.ACCEPT] * 4 + [WindowKind.CONSULT, WindowKind.ISSUE]
    assert kinds[6:] == [WindowKind.ACCEPT] * 2


async def test_who_decides_is_a_department_of_the_deciding_level():
    card = await ServiceItem.get(code="GL0029", is_current=True)
    assert card.decided_at_level is AuthorityLevel.CITY
    city = await Department.get(code=card.department_code)
    assert (city.name, city.level) == ("福州市人力资源和社会保障局", AuthorityLevel.CITY)
    assert (city.code, city.district_code) == ("350100-RS", "350100")
    assert await Department.filter(district_code="350102", level=AuthorityLevel.CITY).count() == 0


async def test_every_item_is_decided_by_a_department_of_its_level():
    levels = {one.code: one.level for one in await Department.all()}
    for item in await ServiceItem.filter(is_current=True):
        assert levels[item.department_code] is item.decided_at_level


async def test_an_item_is_brought_in_whole():
    item = await ServiceItem.get(code="GL0001", is_current=True)
    assert item.accepted_at_levels == ["community", "street"]
    assert (item.statutory_days, item.promised_days, item.public_notice_days) == (30, 20, 7)
    assert (item.is_mailable, item.is_sample) == (True, True)
    assert item.online_depth is OnlineDepth.PRE_REVIEW
    materials = await Material.filter(item_id=item.id).order_by("seq")
    assert materials[1].e_licence == "居民身份证"
    assert [one.seq for one in materials] == list(range(1, len(materials) + 1))


async def test_what_can_only_be_done_at_the_counter_has_no_online_depth():
    assert (await ServiceItem.get(code="GL0023")).online_depth is OnlineDepth.NONE


@pytest.mark.usefixtures("catalogue")
async def test_a_changed_item_becomes_a_new_version(ports, folder):
    edit(
        folder,
        "service_items.csv",
        lambda row: row | ({"promised_days": "7"} if row["item_code"] == "GL0001" else {}),
    )
    report = await seed(ports, folder)
    versions = await ServiceItem.filter(code="GL0001").order_by("version")
    assert report.items == ImportedItems(changed=1, unchanged=90)
    assert [(v.version, v.is_current, v.promised_days) for v in versions] == [
        (1, False, 20),
        (2, True, 7),
    ]
    assert versions[0].withdrawn_at is None
    assert (
        await Material.filter(item_id=versions[0].id).count()
        == await Material.filter(item_id=versions[1].id).count()
    )


@pytest.mark.usefixtures("catalogue")
async def test_a_changed_material_is_a_new_version_of_its_item(ports, folder):
    def change(row):
        is_it = (row["item_code"], row["seq"]) == ("GL0001", "2")
        return row | ({"copies": "2"} if is_it else {})

    edit(folder, "materials.csv", change)
    report = await seed(ports, folder)
    current = await ServiceItem.get(code="GL0001", is_current=True)
    assert report.items == ImportedItems(changed=1, unchanged=90)
    assert current.version == 2
    assert (await Material.get(item_id=current.id, seq=2)).copies == 2


@pytest.mark.usefixtures("catalogue")
async def test_an_item_that_is_gone_is_withdrawn_and_may_come_back(ports, folder):
    edit(folder, "materials.csv", lambda row: None if row["item_code"] == "GL0002" else row)
    edit(folder, "service_items.csv", lambda row: None if row["item_code"] == "GL0002" else row)
    report = await seed(ports, folder)
    gone = await ServiceItem.get(code="GL0002")
    assert report.items == ImportedItems(withdrawn=1, unchanged=90)
    assert (gone.is_current, gone.withdrawn_at) == (False, ports.now())

    again = await seed(ports)
    assert again.items == ImportedItems(added=1, unchanged=90)
    assert (await ServiceItem.get(code="GL0002", is_current=True)).version == 2


@pytest.mark.usefixtures("catalogue")
async def test_what_an_administrator_set_of_a_point_stays(ports):
    mine = {"is_open": False, "reviewers": 9, "confirms_by_itself": True, "phone": "0591-1"}
    await ServicePoint.filter(code="350102001000").update(**mine, name="改过的名字")
    report = await seed(ports)
    point = await ServicePoint.get(code="350102001000")
    assert report.points == 1
    assert point.name == "鼓东街道便民服务中心"
    assert {name: getattr(point, name) for name in mine} == mine


@pytest.mark.usefixtures("catalogue")
async def test_a_sample_never_replaces_an_operators_own_items(ports, folder):
    await seed(ports, folder, is_sample=False)
    before = await everything()
    report = await seed(ports)
    assert report == SeedReport()
    assert await everything() == before
    assert await ServiceItem.filter(is_current=True, is_sample=True).count() == 0


async def test_the_arrangement_of_2026_is_official_and_2027_is_not():
    made_up = await CalendarDay.get(day=date(2026, 2, 14))
    assert (made_up.kind, made_up.name, made_up.is_provisional) == (DayKind.WORKING, "春节", False)
    eve = await CalendarDay.get(day=date(2027, 2, 5))
    assert (eve.kind, eve.name, eve.is_provisional) == (DayKind.HOLIDAY, "除夕", True)


@pytest.mark.usefixtures("catalogue")
async def test_a_published_year_replaces_the_provisional_one(ports):
    await CalendarDay.filter(day__gte=date(2026, 1, 1), day__lte=date(2026, 12, 31)).delete()
    await CalendarDay.create(
        day=date(2026, 8, 3), kind=DayKind.HOLIDAY, name="", is_provisional=True
    )
    report = await seed(ports)
    assert report.calendar_days == 33 + 6
    assert not await CalendarDay.exists(day=date(2026, 8, 3))


@pytest.mark.usefixtures("catalogue")
async def test_a_day_that_was_set_in_an_official_year_stays(ports):
    await CalendarDay.create(day=date(2026, 8, 3), kind=DayKind.HOLIDAY, name="台风")
    report = await seed(ports)
    assert report.calendar_days == 0
    assert await CalendarDay.exists(day=date(2026, 8, 3))


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        ("service_items.csv", {"kind": "slow"}, "service_items.csv line 2: kind"),
        ("service_items.csv", {"accepted_at": "moon"}, "service_items.csv line 2: accepted_at"),
        ("service_items.csv", {"promised_days": "-1"}, "service_items.csv line 2: promised_days"),
        ("service_items.csv", {"item_code": "GL0002"}, "item GL0002 stands twice"),
        ("service_items.csv", {"decided_at": "city"}, "item GL0001: no department decides at city"),
        ("materials.csv", {"item_code": "GL9999"}, "material of unknown item GL9999"),
        ("materials.csv", {"seq": "2"}, "material GL0001 2 stands twice"),
        ("materials.csv", {"necessity": "maybe"}, "materials.csv line 2: necessity"),
        ("materials.csv", {"material": "长" * 129}, "materials.csv line 2: material"),
        ("departments.csv", {"level": "state"}, "departments.csv line 2: level"),
        ("service_points.csv", {"lat": "91"}, "service_points.csv line 2: lat"),
    ],
)
async def test_wrong_files_are_refused_before_anything_is_written(
    ports, folder, file, change, problem
):
    before = await everything()
    first, *others = read(folder, file)
    write(folder, file, [first | change, *others])
    with pytest.raises(CatalogueInvalid) as caught:
        await seed(ports, folder)
    assert problem in caught.value.problems
    assert await everything() == before


@pytest.mark.usefixtures("catalogue")
async def test_two_imports_at_once_leave_one_version_in_force(ports, folder):
    edit(folder, "service_items.csv", lambda row: row | {"window_minutes": "33"})
    tries = await asyncio.gather(seed(ports, folder), seed(ports, folder), return_exceptions=True)
    refused = [one for one in tries if isinstance(one, Exception)]
    assert all(isinstance(one, ChangedMeanwhile) for one in refused)
    assert await ServiceItem.filter(is_current=True).count() == 91
    assert await ServiceItem.all().count() == 91 * 2


@pytest.mark.usefixtures("catalogue")
async def test_a_full_catalogue_of_997_items_is_brought_in_and_found(ports, folder):
    names = make_names(997)
    rows = itertools.cycle(read(folder, "service_items.csv"))
    items = [
        row | {"item_code": f"X{number:04d}", "name": name}
        for number, (name, row) in enumerate(zip(names, rows, strict=False))
    ]
    four = read(folder, "materials.csv")[:4]
    materials = [row | {"item_code": item["item_code"]} for item in items for row in four]
    write(folder, "service_items.csv", items)
    write(folder, "materials.csv", materials)
    first = await seed(ports, folder, is_sample=False)
    again = await seed(ports, folder, is_sample=False)
    assert first.items == ImportedItems(added=997, withdrawn=91)
    assert again.items == ImportedItems(unchanged=997)
    assert await Material.filter(item__is_current=True).count() == 997 * 4
    index = await item_index()
    found = index.find(names[500], theme=None, offset=0, limit=1)
    assert (len(index), found.entries[0].code) == (997, "X0500")
    assert not found.entries[0].is_sample
