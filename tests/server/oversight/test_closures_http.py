"""Closing a point over HTTP, as a supervisor does."""

from uuid import uuid4

import httpx
import pytest

from models.appointments import Slot
from models.audit import AuditEntry
from models.closures import Closure, Reseating
from models.kinds import SessionKind, StaffRole
from models.staff import StaffAccount
from models.states import ClosureState, ReseatingState
from server.appointments.tasks import follow_closures
from server.identity.sessions import open_session
from tests.support.booking import STREET, TEN, book_now, make_booker, wish
from tests.support.closing import EVE, MORNING, NEAR, NOON, book_many, open_points

PATH = f"/district/points/{STREET}/closure"


async def headers_of(role, ports, *, point_code=None):
    """Headers of somebody who has just logged in."""
    account = await StaffAccount.create(
        login=f"{role}-{point_code}",
        display_name="督查",
        role=role,
        point_code=point_code,
        password_hash="",
        totp_secret="",
        created_at=TEN,
    )
    session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
    return {"authorization": f"Bearer {session.token}"}


@pytest.fixture
async def http(api_url, ports):
    """A supervisor's client."""
    headers = await headers_of(StaffRole.SUPERVISOR, ports)
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1", headers=headers) as client:
        yield client


@pytest.fixture
async def desk(api_url, ports):
    """The client of the street's manager."""
    headers = await headers_of(StaffRole.MANAGER, ports, point_code=STREET)
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


async def test_a_manager_closes_windows_of_the_own_point_calls_and_lifts(desk, ports):
    await open_points(ports)
    visits = await book_many(3, ports)
    await Slot.filter(point_code=NEAR).update(capacity=0)
    asked = wanted(kind="accept", windows=1)
    shown = (await send(desk, "/desk/closures", asked)).json()
    # Three who hold all three windows at ten: the last to book is hit.
    assert [one["appointment_id"] for one in shown["people"]] == [visits[2].id]
    apply = asked | {"intent": "apply", "version": shown["version"]}
    closure_id = (await send(desk, "/desk/closures", apply)).json()["closure_id"]
    capacities = await Slot.filter(point_code=STREET, starts_at=TEN).values_list("capacity")
    assert capacities == [(2,)]
    assert [one["id"] for one in (await desk.get("/desk/closures")).json()["items"]] == [closure_id]
    assert (await desk.get(f"/desk/closures/{closure_id}")).json()["people"] == {"waiting": 1}
    lifted = await send(desk, f"/desk/closures/{closure_id}/lift")
    assert lifted.json()["state"] == "lifted"
    entry = await AuditEntry.get(action="closure.apply")
    assert entry.actor.startswith("manager:")


async def test_a_manager_reaches_closures_of_the_own_point_only(http, desk, ports):
    await open_points(ports)
    await book_now(wish(point_code=NEAR), await make_booker(), ports)
    await Slot.filter(point_code=STREET).update(capacity=0)
    away = f"/district/points/{NEAR}/closure"
    shown = (await send(http, away, wanted())).json()
    applied = await send(http, away, wanted(intent="apply", version=shown["version"]))
    away_id = applied.json()["closure_id"]
    shown = (await send(http, PATH, wanted())).json()
    applied = await send(http, PATH, wanted(intent="apply", version=shown["version"]))
    here_id = applied.json()["closure_id"]
    [line] = await Reseating.all()
    answers = [
        await desk.get(f"/desk/closures/{away_id}"),
        await desk.get(f"/desk/reseatings/{line.id}"),
        await send(desk, f"/desk/reseatings/{line.id}/called", {"note": "已联系"}),
        await send(desk, f"/desk/closures/{away_id}/lift"),
        await send(desk, f"/desk/closures/{here_id}/lift"),
    ]
    assert [one.status_code for one in answers] == [404] * 5
    assert (await desk.get(f"/desk/closures/{here_id}")).status_code == 200
    assert [one["id"] for one in (await desk.get("/desk/closures")).json()["items"]] == [here_id]
    assert set(await Closure.all().values_list("state", flat=True)) == {ClosureState.IN_FORCE}
    assert (await Reseating.get(id=line.id)).state is ReseatingState.WAITING
