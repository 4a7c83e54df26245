"""Closing a point over HTTP, as a supervisor does."""

from uuid import uuid4

import httpx
import pytest

from models.appointments import Slot
from models.audit import AuditEntry
from models.kinds import SessionKind, StaffRole
from models.staff import StaffAccount
from server.appointments.tasks import follow_closures
from server.identity.sessions import open_session
from tests.support.booking import STREET, TEN
from tests.support.closing import EVE, MORNING, NEAR, NOON, book_many, open_points

PATH = f"/district/points/{STREET}/closure"


@pytest.fixture
async def http(api_url, ports):
    """A supervisor's client."""
    account = await StaffAccount.create(
        login="supervisor",
        display_name="督查",
        role=StaffRole.SUPERVISOR,
        password_hash="",
        totp_secret="",
        created_at=TEN,
    )
    session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
    headers = {"authorization": f"Bearer {session.token}"}
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1", headers=headers) as client:
        yield client


def wanted(**changes):
    """The street on Tuesday morning."""
    times = {"starts_at": MORNING, "ends_at": NOON, "deadline_at": EVE}
    facts = {name: moment.isoformat() for name, moment in times.items()}
    return {"intent": "preview", "reason": "停电检修"} | facts | changes


async def send(http, path, body=None):
    return await http.post(path, json=body or {}, headers={"idempotency-key": uuid4().hex})


async def test_a_supervisor_looks_closes_calls_and_lifts(http, ports):
    await open_points(ports)
    visits = await book_many(2, ports)
    await Slot.filter(point_code=NEAR).update(capacity=0)
    shown = (await send(http, PATH, wanted())).json()
    assert (shown["hit"], shown["placed"], shown["closure_id"]) == (2, 0, None)
    [first, _] = shown["people"]
    assert (first["person_name"], first["place"]) == ("张*", None)
    done = await send(http, PATH, wanted(intent="apply", version=shown["version"]))
    assert done.status_code == 200
    closure_id = done.json()["closure_id"]
    await follow_closures(ports)
    detail = (await http.get(f"/district/closures/{closure_id}")).json()
    assert detail["people"] == {"to_call": 2}
    assert [one["appointment_id"] for one in detail["to_call"]] == [one.id for one in visits]
    assert {one["person_name"] for one in detail["to_call"]} == {"张*"}

    line = detail["to_call"][0]["id"]
    assert (await http.get(f"/district/reseatings/{line}")).json()["person_name"] == "张三"
    called = {"note": "已商定取消", "is_cancelled": True}
    assert (await send(http, f"/district/reseatings/{line}/called", called)).status_code == 204
    again = await send(http, f"/district/reseatings/{line}/called", called)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")

    lifted = await send(http, f"/district/closures/{closure_id}/lift")
    assert lifted.json()["state"] == "lifted"
    listed = (await http.get("/district/closures", params={"point_code": STREET})).json()
    assert [one["id"] for one in listed["items"]] == [closure_id]
    none = (await http.get("/district/closures", params={"point_code": NEAR})).json()
    assert none["items"] == []
    trail = await AuditEntry.all().order_by("id").values_list("action", "subject_id")
    assert trail == [
        ("closure.apply", closure_id),
        ("closure.unmask", line),
        ("closure.called", line),
        ("closure.lift", closure_id),
    ]


async def test_a_stale_version_is_refused(http, ports):
    await open_points(ports)
    shown = (await send(http, PATH, wanted())).json()
    await book_many(1, ports)
    refused = await send(http, PATH, wanted(intent="apply", version=shown["version"]))
    assert (refused.status_code, refused.json()["code"]) == (409, "situation_changed")
    assert (await http.get("/district/closures")).json()["items"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"ends_at": MORNING.isoformat()},
        {"windows": 2},
        {"intent": "apply"},
        {"version": "0" * 64},
        {"kind": "accept", "windows": 0},
    ],
)
async def test_what_makes_no_sense_is_refused(http, changes):
    assert (await send(http, PATH, wanted(**changes))).status_code == 422
