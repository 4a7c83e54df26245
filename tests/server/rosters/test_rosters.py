"""Rosters over HTTP: who staffs which window, who stands in, and what an absence closes."""

from datetime import date
from uuid import uuid4

import httpx
import pytest

from models.appointments import Slot
from models.audit import AuditEntry
from models.catalog import CalendarDay
from models.closures import Closure, Reseating
from models.kinds import DayKind, SessionKind, StaffRole, WindowKind
from models.rosters import Absence
from models.staff import StaffAccount
from models.states import ClosureState
from server.identity.sessions import open_session
from tests.support.booking import OTHER_STREET, STREET, TEN
from tests.support.closing import EVE, NOON, book_many, open_points

TUESDAY = "2026-11-24"
WEEKDAY = 1


async def hire(name, *, point_code=STREET, role=StaffRole.CLERK):
    """Somebody who works at a point."""
    return await StaffAccount.create(
        login=name,
        display_name=name,
        role=role,
        point_code=point_code,
        password_hash="",
        totp_secret="",
        created_at=TEN,
    )


@pytest.fixture
async def http(api_url, ports):
    """The client of the street's manager."""
    account = await hire("manager", role=StaffRole.MANAGER)
    session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
    headers = {"authorization": f"Bearer {session.token}"}
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1", headers=headers) as client:
        yield client


@pytest.fixture
async def staff(ports):
    """Four clerks of a street on sale, by name: three accepting windows, four of its kind."""
    await open_points(ports)
    return {name: (await hire(name)).id for name in ("ann", "bob", "cid", "dan")}


def duty(window_number, staff_id, backup_id):
    return {
        "weekday": WEEKDAY,
        "window_number": window_number,
        "staff_id": staff_id,
        "backup_id": backup_id,
    }


@pytest.fixture
async def roster(http, staff):
    """Ann and Cid at two windows on Tuesdays, Bob stands in at both, Dan is free."""
    items = [duty(1, staff["ann"], staff["bob"]), duty(2, staff["cid"], staff["bob"])]
    answer = await http.put("/desk/roster", json={"items": items})
    assert answer.status_code == 200
    return answer.json()


async def send(http, path, body=None):
    return await http.post(path, json=body or {}, headers={"idempotency-key": uuid4().hex})


def away(staff_id, **changes):
    facts = {"staff_id": staff_id, "day": TUESDAY, "deadline_at": EVE.isoformat()}
    return facts | {"intent": "preview"} | changes


async def lose(http, staff_id):
    """Record an absence as it was shown; return what it left."""
    shown = (await send(http, "/desk/absences", away(staff_id))).json()
    version = shown["impact"] and shown["impact"]["version"]
    done = await send(http, "/desk/absences", away(staff_id, intent="apply", version=version))
    assert done.status_code == 200
    return done.json()


async def at_windows(http, day=TUESDAY):
    """Who is at which window."""
    items = (await http.get("/desk/roster/day", params={"date": day})).json()["items"]
    return {one["window_number"]: one["name"] for one in items}


async def capacity():
    return (await Slot.get(point_code=STREET, starts_at=TEN)).capacity


async def test_a_roster_is_kept_and_read(http, staff, roster):
    shown = (await http.get("/desk/roster")).json()
    assert shown == roster
    assert shown["items"] == [
        duty(1, staff["ann"], staff["bob"]),
        duty(2, staff["cid"], staff["bob"]),
    ]
    assert [one["name"] for one in shown["staff"]] == ["ann", "bob", "cid", "dan", "manager"]
    day = (await http.get("/desk/roster/day", params={"date": TUESDAY})).json()
    assert day["items"][0] == {
        "window_number": 1,
        "kind": "accept",
        "staff_id": staff["ann"],
        "name": "ann",
        "is_backup": False,
    }
    assert await at_windows(http, "2026-11-25") == {}
    assert (await AuditEntry.get(action="roster.set")).detail == {"count": 2}


async def test_a_roster_names_windows_and_people_of_the_point_only(http, staff, roster):
    stranger = await hire("eve", point_code=OTHER_STREET)
    ann, bob, cid = (staff[name] for name in ("ann", "bob", "cid"))
    for items, status in (
        ([duty(1, stranger.id, ann)], 409),
        ([duty(99, ann, bob)], 409),
        ([duty(1, ann, ann)], 422),
        ([duty(1, ann, bob), duty(1, cid, bob)], 422),
        ([duty(1, ann, bob), duty(2, ann, bob)], 422),
    ):
        assert (await http.put("/desk/roster", json={"items": items})).status_code == status
    assert (await http.get("/desk/roster")).json() == roster


async def test_the_backup_takes_over_and_nothing_is_closed(http, staff, roster):
    assert len(roster["items"]) == 2
    left = await lose(http, staff["ann"])
    assert (left["window_number"], left["backup_id"], left["impact"]) == (1, staff["bob"], None)
    assert await at_windows(http) == {1: "bob", 2: "cid"}
    assert await capacity() == 3
    assert await Closure.exists() is False
    again = await send(http, "/desk/absences", away(staff["ann"]))
    assert (again.status_code, again.json()["code"]) == (409, "already_absent")


async def test_who_is_at_no_window_is_missed_at_none(http, staff, roster):
    assert len(roster["items"]) == 2
    left = await lose(http, staff["dan"])
    assert (left["window_number"], left["backup_id"], left["impact"]) == (None, None, None)
    assert await capacity() == 3


async def test_a_window_that_nobody_staffs_is_closed_for_the_day_as_shown(
    http, ports, staff, roster
):
    assert len(roster["items"]) == 2
    visits = await book_many(3, ports)
    await lose(http, staff["ann"])
    shown = (await send(http, "/desk/absences", away(staff["cid"]))).json()
    assert (shown["absence_id"], shown["window_number"], shown["backup_id"]) == (None, 2, None)
    assert [one["appointment_id"] for one in shown["impact"]["people"]] == [visits[2].id]
    blind = await send(http, "/desk/absences", away(staff["cid"], intent="apply"))
    assert (blind.status_code, blind.json()["code"]) == (409, "situation_changed")
    assert (await Absence.all().count(), await Closure.all().count()) == (1, 0)
    left = await lose(http, staff["cid"])
    closure = await Closure.get(id=left["impact"]["closure_id"])
    assert (closure.kind, closure.windows) == (WindowKind.ACCEPT, 1)
    assert closure.starts_at < TEN < NOON < closure.ends_at
    assert closure.reason == "窗口临时缺岗"
    assert await capacity() == 2
    assert await Reseating.all().values_list("appointment_id", flat=True) == [visits[2].id]
    assert await at_windows(http) == {1: "bob", 2: None}


async def test_a_backup_who_goes_too_leaves_the_window_that_was_taken_over(http, staff, roster):
    assert len(roster["items"]) == 2
    first = await lose(http, staff["ann"])
    second = await lose(http, staff["bob"])
    assert (second["window_number"], second["backup_id"]) == (1, None)
    row = await Absence.get(id=first["absence_id"])
    assert (row.backup_id, row.closure_id) == (None, (await Closure.get()).id)
    assert await at_windows(http) == {1: None, 2: "cid"}
    assert await capacity() == 2


async def test_who_comes_back_opens_the_window_or_lets_the_backup_go_where_one_is_missing(
    http, staff, roster
):
    assert len(roster["items"]) == 2
    first = await lose(http, staff["ann"])
    second = await lose(http, staff["cid"])
    assert await at_windows(http) == {1: "bob", 2: None}
    back = await send(http, f"/desk/absences/{first['absence_id']}/withdraw")
    assert back.json()["state"] == "withdrawn"
    assert await at_windows(http) == {1: "ann", 2: "bob"}
    assert await capacity() == 3
    assert (await Closure.get()).state is ClosureState.LIFTED
    row = await Absence.get(id=second["absence_id"])
    assert (row.backup_id, row.closure_id) == (staff["bob"], None)
    again = await send(http, f"/desk/absences/{first['absence_id']}/withdraw")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    listed = (await http.get("/desk/absences", params={"date": TUESDAY})).json()["items"]
    assert [(one["staff_id"], one["state"]) for one in listed] == [
        (staff["cid"], "recorded"),
        (staff["ann"], "withdrawn"),
    ]
    await lose(http, staff["ann"])
    assert await at_windows(http) == {1: None, 2: "bob"}


async def test_who_comes_back_is_at_the_own_window_again(http, staff, roster):
    assert len(roster["items"]) == 2
    await lose(http, staff["bob"])
    left = await lose(http, staff["ann"])
    assert await capacity() == 2
    await send(http, f"/desk/absences/{left['absence_id']}/withdraw")
    assert await at_windows(http) == {1: "ann", 2: "cid"}
    assert await capacity() == 3


async def test_a_window_stays_closed_while_its_backup_is_away_too(http, staff, roster):
    assert len(roster["items"]) == 2
    await lose(http, staff["bob"])
    left = await lose(http, staff["ann"])
    await lose(http, staff["cid"])
    assert (await at_windows(http), await capacity()) == ({1: None, 2: None}, 1)
    await send(http, f"/desk/absences/{left['absence_id']}/withdraw")
    assert (await at_windows(http), await capacity()) == ({1: "ann", 2: None}, 2)


async def test_a_past_day_and_a_stranger_are_refused(http, staff, roster):
    assert len(roster["items"]) == 2
    stranger = await hire("eve", point_code=OTHER_STREET)
    past = await send(http, "/desk/absences", away(staff["ann"], day="2026-11-22"))
    other = await send(http, "/desk/absences", away(stranger.id))
    assert (past.json()["code"], other.json()["code"]) == ("absence_over", "roster_wrong")
    assert await Absence.exists() is False


async def test_a_make_up_day_is_staffed_like_a_monday_and_a_holiday_by_nobody(http, staff, roster):
    assert len(roster["items"]) == 2
    monday = {**duty(1, staff["ann"], staff["bob"]), "weekday": 0}
    await http.put("/desk/roster", json={"items": [monday]})
    sunday = await CalendarDay.create(day=date(2026, 12, 6), kind=DayKind.WORKING)
    holiday = await CalendarDay.create(day=date(2026, 12, 7), kind=DayKind.HOLIDAY)
    try:
        assert await at_windows(http, "2026-12-06") == {1: "ann"}
        assert await at_windows(http, "2026-12-07") == {}
    finally:
        await sunday.delete()
        await holiday.delete()
