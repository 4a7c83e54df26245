"""The catalogue over HTTP."""

from datetime import date

import pytest

from models.audit import AuditEntry
from models.bookkeeping import OutboxRow
from models.catalog import CalendarDay, ServicePoint
from models.kinds import DayKind
from server.catalog.caches import working_calendar
from server.identity.demo_accounts import seed_demo_accounts
from server.kit.transaction import in_transaction
from tests.support.people import bearer, log_in_desk

STREET = "350102001000"
SETTINGS = {
    "is_open": False,
    "reviewers": 4,
    "confirms_by_itself": True,
    "address": "鼓楼区某路1号",
    "phone": "0591-87000000",
}


@pytest.fixture
async def admin(http, ports):
    """An administrator's session."""
    await in_transaction(lambda: seed_demo_accounts([STREET], [], now=ports.now()))
    return bearer(await log_in_desk(http, "admin", ports.now()))


async def test_a_search_answers_summaries_best_first(http):
    answer = await http.get("/public/items", params={"q": "残疾人证", "limit": "2"})
    assert answer.status_code == 200
    page = answer.json()
    assert [item["item_code"] for item in page["items"]] == ["GL0052", "GL0053"]
    assert page["items"][0] == {
        "item_code": "GL0052",
        "name": "残疾人证新办",
        "theme": "残疾人",
        "department": "鼓楼区残疾人联合会",
        "kind": "promised",
        "promised_days": 10,
        "is_mailable": True,
        "online_depth": "pre_review",
        "is_sample": True,
    }
    more = await http.get(
        "/public/items", params={"q": "残疾人证", "limit": "2", "cursor": page["next_cursor"]}
    )
    assert more.json()["items"][0]["item_code"] == "GL0054"


@pytest.mark.parametrize(
    "params", [{"limit": "51"}, {"cursor": "x"}, {"q": ""}, {"q": "长" * 65}, {"other": "1"}]
)
async def test_a_search_that_makes_no_sense_is_refused(http, params):
    answer = await http.get("/public/items", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_shape")


async def test_themes_are_counted(http):
    themes = {
        one["theme"]: one["items"] for one in (await http.get("/public/themes")).json()["items"]
    }
    assert themes["婚姻"] == 3
    assert sum(themes.values()) == 91


async def test_a_guide_tells_conditions_materials_days_and_places(http):
    guide = (await http.get("/public/items/GL0052")).json()
    assert guide["name"] == "残疾人证新办"
    assert guide["conditions"] == ["医院评定", "公示5个工作日"]
    assert guide["limits"] == {
        "statutory_days": 30,
        "promised_days": 10,
        "public_notice_days": 5,
        "source": "published",
    }
    assert guide["accepted_at_levels"] == ["community", "street"]
    assert guide["decided_by"] == {
        "code": "350102-CL",
        "name": "鼓楼区残疾人联合会",
        "level": "district",
    }
    assert guide["result_document"] == "残疾人证"
    assert "居民身份证" in {one["e_licence"] for one in guide["materials"]}
    assert guide["notice"].startswith("示例数据")


async def test_a_guide_of_nothing_is_not_found(http):
    answer = await http.get("/public/items/GL9999")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_item")


async def test_a_point_shows_its_windows(http):
    point = (await http.get(f"/public/points/{STREET}")).json()
    assert point["name"] == "鼓东街道便民服务中心"
    assert point["windows"] == {"consult": 1, "accept": 4, "issue": 1}
    assert point["notice"] == "位置为示意,请以现场地址为准"
    assert (await http.get("/public/points/nowhere")).json()["code"] == "unknown_point"


async def test_the_calendar_names_holidays_and_make_up_days(http):
    answer = await http.get("/public/calendar", params={"from": "2026-09-19", "to": "2026-10-01"})
    days = {day.pop("day"): day for day in answer.json()["items"]}
    assert len(days) == 13
    assert days["2026-09-20"] == {"is_working": True, "is_provisional": False, "name": "国庆节"}
    assert days["2026-09-25"] == {"is_working": False, "is_provisional": False, "name": "中秋"}
    assert days["2026-09-19"] == {"is_working": False, "is_provisional": False, "name": ""}


async def test_the_calendar_names_the_fixed_holidays_of_an_unpublished_year(http):
    answer = await http.get("/public/calendar", params={"from": "2029-05-01", "to": "2029-05-03"})
    named = [
        (day["name"], day["is_working"], day["is_provisional"]) for day in answer.json()["items"]
    ]
    assert named == [("劳动节", False, True), ("劳动节", False, True), ("", True, True)]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026-10-02", "2026-10-01", "span_too_long"),
        ("2026-01-01", "2027-02-05", "span_too_long"),
        ("1999-01-01", "1999-01-02", "invalid_shape"),
        ("9999-12-31", "9999-12-31", "invalid_shape"),
        ("yesterday", "2026-10-01", "invalid_shape"),
    ],
)
async def test_a_span_that_makes_no_sense_is_refused(http, first, last, code):
    answer = await http.get("/public/calendar", params={"from": first, "to": last})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_day_span_of_400_days_is_shown(http):
    answer = await http.get("/public/calendar", params={"from": "2026-01-01", "to": "2027-02-04"})
    assert len(answer.json()["items"]) == 400


@pytest.mark.usefixtures("catalogue")
async def test_an_administrator_sets_a_point(http, admin):
    answer = await http.put(f"/admin/points/{STREET}", json=SETTINGS, headers=admin)
    assert answer.status_code == 200
    shown = (await http.get(f"/admin/points/{STREET}", headers=admin)).json()
    assert shown == answer.json() == {"code": STREET, "name": "鼓东街道便民服务中心", **SETTINGS}
    entry = await AuditEntry.get(action="point.set")
    assert (entry.subject, entry.subject_id) == ("service_point", STREET)
    assert entry.detail == {"changed": sorted(SETTINGS)}
    assert entry.actor.startswith("admin:")


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"reviewers": -1}, 422), ({"reviewers": 10**12}, 422), ({"name": "x"}, 422)],
)
async def test_wrong_settings_change_nothing(http, admin, changes, status):
    before = await ServicePoint.filter(code=STREET).values()
    answer = await http.put(f"/admin/points/{STREET}", json=SETTINGS | changes, headers=admin)
    assert answer.status_code == status
    assert await ServicePoint.filter(code=STREET).values() == before
    assert not await AuditEntry.exists(action="point.set")


@pytest.mark.usefixtures("admin")
async def test_only_an_administrator_keeps_the_catalogue(http, ports):
    clerk = bearer(await log_in_desk(http, f"clerk-{STREET}", ports.now()))
    before = await CalendarDay.all().count()
    for path, body in (
        (f"/admin/points/{STREET}", SETTINGS),
        ("/admin/calendar/2026-11-24", {"kind": "holiday"}),
        ("/admin/calendar/years/2027", {"days": [{"day": "2027-01-01", "kind": "holiday"}]}),
    ):
        assert (await http.put(path, json=body, headers=clerk)).status_code == 403
        assert (await http.put(path, json=body)).status_code == 401
    assert (await http.get("/admin/items", headers=clerk)).status_code == 403
    assert (await ServicePoint.get(code=STREET)).is_open
    assert await CalendarDay.all().count() == before
    assert not await AuditEntry.exists(action__in=["point.set", "calendar.set_day"])


async def test_item_versions_are_listed_page_by_page(http, admin):
    first = (await http.get("/admin/items?limit=50", headers=admin)).json()
    rest = await http.get(f"/admin/items?limit=50&cursor={first['next_cursor']}", headers=admin)
    codes = [one["item_code"] for one in (*first["items"], *rest.json()["items"])]
    assert len(codes) == len(set(codes)) == 91
    assert rest.json()["next_cursor"] is None
    one = (await http.get("/admin/items?code=GL0001&is_current=true", headers=admin)).json()
    assert [(item["item_code"], item["version"]) for item in one["items"]] == [("GL0001", 1)]
    none = (await http.get("/admin/items?is_current=false", headers=admin)).json()
    assert none["items"] == []


@pytest.mark.usefixtures("catalogue")
async def test_a_day_that_is_set_counts_at_once_in_this_process(http, admin):
    body = {"kind": "holiday", "name": "台风"}
    answer = await http.put("/admin/calendar/2026-11-24", json=body, headers=admin)
    assert answer.status_code == 204
    assert not (await working_calendar()).is_working(date(2026, 11, 24))
    entry = await AuditEntry.get(action="calendar.set_day")
    assert (entry.subject_id, entry.detail) == ("2026-11-24", {"kind": "holiday"})
    again = {"kind": "working", "name": ""}
    await http.put("/admin/calendar/2026-11-24", json=again, headers=admin)
    assert (await CalendarDay.get(day=date(2026, 11, 24))).kind is DayKind.WORKING


@pytest.mark.usefixtures("catalogue")
async def test_a_day_of_an_unpublished_year_stays_provisional(http, admin):
    await http.put("/admin/calendar/2027-01-01", json={"kind": "holiday"}, headers=admin)
    assert (await CalendarDay.get(day=date(2027, 1, 1))).is_provisional
    assert (await working_calendar()).is_provisional(date(2027, 1, 1))


@pytest.mark.parametrize("day", ["2026-02-30", "20261124", "2026-W48-2", "1999-01-01", "x"])
async def test_a_day_that_is_none_is_not_found(http, admin, day):
    before = await CalendarDay.all().count()
    answer = await http.put(f"/admin/calendar/{day}", json={"kind": "holiday"}, headers=admin)
    assert answer.status_code == 404
    assert await CalendarDay.all().count() == before


@pytest.mark.usefixtures("catalogue")
async def test_an_arrangement_makes_its_year_official(http, admin):
    days = [
        {"day": "2027-01-01", "kind": "holiday", "name": "元旦"},
        {"day": "2027-02-10", "kind": "holiday", "name": "春节"},
        {"day": "2027-02-14", "kind": "working", "name": "春节"},
    ]
    answer = await http.put("/admin/calendar/years/2027", json={"days": days}, headers=admin)
    assert answer.json() == {"year": 2027, "holidays": 2, "make_up_days": 1}
    calendar = await working_calendar()
    assert not calendar.is_provisional(date(2027, 6, 1))
    assert not calendar.is_working(date(2027, 2, 10))
    assert calendar.is_working(date(2027, 2, 14))
    assert calendar.is_working(date(2027, 6, 9))  # no longer on the strength of the moon alone
    assert calendar.is_provisional(date(2028, 6, 1))
    assert (await AuditEntry.get(action="calendar.set_year")).subject_id == "2027"


@pytest.mark.parametrize(
    "days",
    [
        [{"day": "2027-02-10", "kind": "holiday"}],
        [{"day": "2027-01-01", "kind": "working"}],
        [{"day": "2027-01-01", "kind": "holiday"}, {"day": "2028-01-01", "kind": "holiday"}],
        [{"day": "2027-01-01", "kind": "holiday"}, {"day": "2027-01-01", "kind": "holiday"}],
    ],
)
async def test_an_incomplete_arrangement_changes_nothing(http, admin, days):
    before = await CalendarDay.all().order_by("day").values()
    answer = await http.put("/admin/calendar/years/2027", json={"days": days}, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "arrangement_incomplete")
    assert await CalendarDay.all().order_by("day").values() == before
    assert not await OutboxRow.exists(topic="calendar_changed")
