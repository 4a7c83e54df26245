"""The day on paper, and hours that are set while visits stand."""

from uuid import uuid4

import pytest

from models.appointments import Slot
from models.audit import AuditEntry
from models.catalog import ServicePoint
from models.kinds import SessionKind, StaffRole
from models.staff import StaffAccount
from server.appointments import visit_terms
from server.appointments.day_sheet import code_of, draw_day
from server.catalog.rules import local_day
from server.identity.sessions import open_session
from tests.server.delivery.test_labels import read_pages
from tests.support.booking import (
    OTHER_STREET,
    QUANTUM,
    STREET,
    TEN,
    book_now,
    cancel_now,
    make_booker,
    make_slots,
    wish,
)
from tests.support.closing import close_as_shown, closing, open_points

SHEET = "/desk/appointments/day-sheet?date=2026-11-24"
TEN_O_CLOCK = {"kind": "accept", "weekday": 1, "opens_at": "10:00", "closes_at": "11:00"}


async def headers(role, ports, point_code=None):
    account = await StaffAccount.create(
        login=uuid4().hex,
        display_name="工作人员",
        role=role,
        point_code=point_code,
        password_hash="",
        totp_secret="",
        created_at=TEN,
    )
    session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
    return {"authorization": f"Bearer {session.token}"}


async def test_the_sheet_names_who_comes_in_order_and_masks_them(http, ports):
    await make_slots(20, capacity=2)
    await make_slots(5, point_code=OTHER_STREET)
    late, early, gone, elsewhere = [await make_booker(number) for number in range(4)]
    second = await book_now(wish(starts_at=TEN + 6 * QUANTUM), late, ports)
    first = await book_now(wish(), early, ports)
    await cancel_now(await book_now(wish(), gone, ports), gone, ports)
    await book_now(wish(point_code=OTHER_STREET), elsewhere, ports)
    answer = await http.get(SHEET, headers=await headers(StaffRole.CLERK, ports, STREET))
    assert answer.headers["content-type"] == "application/pdf"
    [(size, texts)] = read_pages(answer.content)
    point = await ServicePoint.get(code=STREET)
    assert size == (210, 297)
    assert texts[0] == f"{point.name} 2026-11-24 预约名单(共 2 人)"
    assert texts[1:7] == ["时间", "预约码", "姓名", "手机", "证件号码", "事项"]
    assert texts[7:10] == ["10:00", code_of(first.id), "张*"]
    assert texts[13:16] == ["10:30", code_of(second.id), "张*"]
    assert texts[11].startswith("3501************")
    assert len(texts) == 19
    entry = await AuditEntry.get(action="appointments.print_day")
    assert (entry.subject_id, entry.detail) == (STREET, {"day": "2026-11-24", "count": 2})


async def test_a_full_day_goes_on_over_pages_and_loses_nobody(ports):
    await make_slots(5, capacity=80)
    visits = [await book_now(wish(), await make_booker(number), ports) for number in range(80)]
    sheet, count = await draw_day(await ServicePoint.get(code=STREET), local_day(TEN))
    pages = read_pages(sheet)
    shown = [text for _, texts in pages for text in texts]
    assert (count, len(pages)) == (80, 3)
    assert {code_of(visit.id) for visit in visits} <= set(shown)
    assert shown.count("预约码") == 3


@pytest.mark.usefixtures("catalogue")
async def test_new_hours_hold_at_once_and_leave_what_a_closure_has_listed(http, ports):
    await open_points(ports, STREET)
    await book_now(wish(starts_at=TEN - 6 * QUANTUM), await make_booker(), ports)
    visit_terms._points.keep("p", None)
    path = f"/admin/points/{STREET}/templates"
    admin = await headers(StaffRole.ADMIN, ports)
    body = {"items": [TEN_O_CLOCK | {"windows": 2, "walk_in_reserve": 1}]}
    before = await Slot.all().order_by("id").values()
    refused = await http.put(path, json=body, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "visits_in_the_way")
    assert refused.json()["data"] == {"visits": 1}
    assert await Slot.all().order_by("id").values() == before
    await close_as_shown(closing(ends_at=TEN), ports)
    assert (await http.put(path, json=body, headers=admin)).status_code == 200
    assert visit_terms._points._values == {}
    rows = (
        await Slot.filter(capacity__gt=0).order_by("starts_at").values_list("starts_at", "capacity")
    )
    first_week = rows[:12]
    assert first_week == [(TEN + place * QUANTUM, 1) for place in range(12)]
    kept = Slot.filter(taken__gt=0, starts_at__lt=TEN)
    assert await kept.values_list("capacity", "taken") == [(0, 1)] * 5
