"""Delivery over HTTP: who reaches what, and what an answer shows."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from pydantic_core import to_json

from integrations.ems.envelope import Envelope
from integrations.ems.mapping import dump, format_beijing
from models.audit import AuditEntry
from models.bookkeeping import InboxRow
from models.delivery import CourierOrder, Parcel, TrackRecord
from models.kinds import OrderState
from models.states import ParcelState
from server.app import create_app
from server.delivery.endpoints import SURFACES
from server.kit.access import Actor, Role
from tests.server.delivery.parcels import (
    CITIZEN,
    CLERK,
    COURIER,
    FAR_COURIER,
    MANAGER,
    OTHER_POINT,
    POINT,
    make_labelled,
    make_sealed,
    pack,
)
from tests.support.relaying import relay_all
from tests.support.sanic_server import serve

STRANGER = Actor(Role.CITIZEN, id="account2", person_id="person2")
NAMELESS = Actor(Role.CITIZEN, id="account3")
OTHER_CLERK = Actor(Role.CLERK, id="clerk2", point_code=OTHER_POINT)
ACTORS = {
    "citizen": CITIZEN,
    "stranger": STRANGER,
    "nameless": NAMELESS,
    "clerk": CLERK,
    "manager": MANAGER,
    "other-clerk": OTHER_CLERK,
    "courier": COURIER,
    "far-courier": FAR_COURIER,
}


async def authenticate(token):
    return ACTORS.get(token)


async def probe():
    return {}


@pytest.fixture
async def http(post_ports):
    app = create_app(
        SURFACES,
        post_ports,
        authenticate=authenticate,
        probe=probe,
        name=f"delivery_{uuid4().hex}",
    )
    async with serve(app) as url, httpx.AsyncClient(base_url=f"{url}/api/v1") as client:
        yield client


def as_(who):
    return {"authorization": f"Bearer {who}", "idempotency-key": uuid4().hex}


async def ask(http, who, method, path, body=None):
    answer = await http.request(method, path, json=body, headers=as_(who))
    return answer.status_code, answer


async def test_the_receiver_follows_his_parcel_and_nobody_else_does(http, post_ports):
    parcel = await make_labelled(post_ports)
    status, answer = await ask(http, "citizen", "GET", f"/citizen/parcels/{parcel.id}")
    assert (status, answer.json()["text"]) == (200, "面单已生成")
    assert answer.json()["can_be_recalled"] is True
    assert "13900000001" not in answer.text
    assert (await ask(http, "stranger", "GET", f"/citizen/parcels/{parcel.id}"))[0] == 404
    assert (await ask(http, "nameless", "GET", f"/citizen/parcels/{parcel.id}"))[0] == 403
    assert (await ask(http, "clerk", "GET", f"/citizen/parcels/{parcel.id}"))[0] == 403


async def test_the_receiver_calls_his_parcel_back(http, post_ports):
    parcel = await make_labelled(post_ports)
    assert (await ask(http, "stranger", "POST", f"/citizen/parcels/{parcel.id}/cancel"))[0] == 404
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.LABELLED
    status, answer = await ask(http, "citizen", "POST", f"/citizen/parcels/{parcel.id}/cancel")
    assert (status, answer.json()["state"]) == (200, "cancelled")


async def test_a_point_packs_seals_and_prints(http, post_ports):
    body = {
        "contents": "核验原件",
        "receiver": {
            "name": "李四",
            "phone": "13900000002",
            "province": "福建省",
            "city": "福州市",
            "county": "台江区",
            "address": "某路8号",
        },
    }
    status, answer = await ask(http, "clerk", "POST", "/desk/parcels", body)
    assert status == 201
    assert answer.json()["receiver_phone"] == "139****0002"
    path = f"/desk/parcels/{answer.json()['id']}"
    for code, expected in (("nowhere", 404), ("d" * 17, 422)):
        refused = await ask(
            http, "clerk", "POST", "/desk/parcels", body | {"department_code": code}
        )
        assert refused[0] == expected
    status, early = await ask(http, "clerk", "POST", f"{path}/seal", {"seal_no": "A-1"})
    assert (status, early.json()["code"]) == (409, "label_first")
    await relay_all(post_ports)
    status, label = await ask(http, "clerk", "GET", f"{path}/label")
    assert (status, label.headers["content-type"], label.content[:5]) == (
        200,
        "application/pdf",
        b"%PDF-",
    )
    entry = await AuditEntry.get(action="parcel.label")
    assert (entry.actor, entry.subject_id) == (CLERK.name, answer.json()["id"])
    status, sealed = await ask(http, "clerk", "POST", f"{path}/seal", {"seal_no": "A-1"})
    assert status == 200
    assert len(sealed.json()["code"]) == 26
    assert sealed.json()["qr_svg"].startswith("<svg")


async def test_another_point_reaches_nothing(http, post_ports):
    parcel, _ = await make_sealed(post_ports)
    for method, tail, body in (
        ("POST", "seal", {"seal_no": "A"}),
        ("GET", "label", None),
        ("POST", "cancel", {"reason": "x"}),
        ("POST", "reissue-code", {}),
        ("POST", "repack", {}),
    ):
        path = f"/desk/parcels/{parcel.id}/{tail}"
        assert (await ask(http, "other-clerk", method, path, body))[0] == 404
    assert (await ask(http, "clerk", "POST", f"/desk/parcels/{parcel.id}/unlock"))[0] == 403
    assert (await Parcel.get(id=parcel.id)).version == parcel.version
    assert await AuditEntry.all().count() == 0


async def test_parcels_are_listed_by_point_and_state(http, post_ports):
    parcel, _ = await make_sealed(post_ports)
    await pack(post_ports, case_id="case2")
    _, answer = await ask(http, "clerk", "GET", "/desk/parcels?state=sealed")
    assert [one["id"] for one in answer.json()["items"]] == [parcel.id]
    _, page = await ask(http, "clerk", "GET", "/desk/parcels?limit=1")
    _, rest = await ask(
        http, "clerk", "GET", f"/desk/parcels?limit=1&cursor={page.json()['next_cursor']}"
    )
    assert [one["id"] for one in rest.json()["items"]] == [parcel.id]
    assert rest.json()["next_cursor"] is None
    _, none = await ask(http, "other-clerk", "GET", "/desk/parcels")
    assert none.json()["items"] == []
    assert (await ask(http, "clerk", "GET", "/desk/parcels?state=nowhere"))[0] == 422


async def test_a_courier_scans_a_batch_and_sees_his_rounds(http, post_ports):
    parcel, code = await make_sealed(post_ports)
    now = post_ports.now().isoformat()
    scan = {"scan_id": "s1", "scanned_at": now, "text": code.long, "point_code": POINT}
    body = {"device_now": now, "scans": [scan, scan | {"scan_id": "s2", "text": "A" * 26}]}
    status, answer = await ask(http, "courier", "POST", "/courier/scans", body)
    assert status == 200
    assert [(one["outcome"], one["text"]) for one in answer.json()["answers"]] == [
        ("collected", "取件成功"),
        ("unknown_or_wrong", "取件码不存在或不正确"),
    ]
    _, again = await ask(http, "courier", "POST", "/courier/scans", body)
    assert [one["first_outcome"] for one in again.json()["answers"]] == [
        "collected",
        "unknown_or_wrong",
    ]
    _, rounds = await ask(http, "courier", "GET", "/courier/rounds")
    (shown,) = rounds.json()["items"]
    assert (shown["id"], shown["expected"], shown["taken"]) == (parcel.round_id, 1, 1)
    path = f"/courier/rounds/{parcel.round_id}"
    _, detail = await ask(http, "courier", "GET", path)
    assert detail.json()["parcels"][0]["is_taken"] is True
    assert (await ask(http, "far-courier", "GET", path))[0] == 404


@pytest.mark.parametrize(
    "change",
    [
        {"scans": []},
        {"device_now": "2026-11-23T09:00:00"},
        {"scans": [{"scan_id": "x"}]},
        {"scans": "all"},
    ],
)
async def test_a_batch_that_is_none_is_refused_whole(http, change):
    body = {"device_now": "2026-11-23T09:00:00+08:00", "scans": [], **change}
    assert (await ask(http, "courier", "POST", "/courier/scans", body))[0] == 422


async def test_scans_at_the_ends_of_time_are_answered(http, post_ports):
    _, code = await make_sealed(post_ports)
    for number, (device_now, scanned_at) in enumerate(
        [("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"), ("0001-01-01T00:00:00Z",) * 2]
    ):
        scan = {"scan_id": f"t{number}", "scanned_at": scanned_at, "text": code.long}
        body = {"device_now": device_now, "scans": [scan | {"point_code": POINT}]}
        status, answer = await ask(http, "courier", "POST", "/courier/scans", body)
        assert (status, len(answer.json()["answers"])) == (200, 1)


async def test_reconciliation_shows_what_is_unsettled_to_its_point_only(http, post_ports):
    parcel = await pack(post_ports)
    _, answer = await ask(http, "clerk", "GET", "/desk/reconciliation")
    assert answer.json() == {"items": [], "next_cursor": None}
    order = await _shelve(parcel)
    _, answer = await ask(http, "clerk", "GET", "/desk/reconciliation")
    [shown] = answer.json()["items"]
    assert (shown["id"], shown["kind"], shown["problem"]) == (order.id, "order", "x")
    _, none = await ask(http, "other-clerk", "GET", "/desk/reconciliation")
    assert none.json()["items"] == []
    assert (await ask(http, "clerk", "POST", f"/desk/reconciliation/{order.id}/reorder"))[0] == 403
    status, again = await ask(http, "manager", "POST", f"/desk/reconciliation/{order.id}/reorder")
    assert (status, again.json()["order_no"]) == (201, f"{order.order_no}-2")


async def _shelve(parcel):
    await CourierOrder.filter(parcel_id=parcel.id).update(state=OrderState.REFUSED, problem="x")
    return await CourierOrder.get(parcel_id=parcel.id)


def pushed(ports, parcel, code, *, serial=None):
    """A push as the post sends it."""
    settings = ports.settings
    track = {
        "waybillNo": parcel.waybill_no,
        "opTime": format_beijing(ports.now()),
        "opCode": code,
        "opOrgCode": "35000101",
    }
    envelope = Envelope(settings.ems_sign_key.get_secret_value())
    return {
        "logitcsInterface": envelope.seal(dump(track), with_suffix=False),
        "method": "040002",
        "msgType": "0",
        "senderNo": "",
        "serialNo": serial or uuid4().hex,
        "timeStamp": format_beijing(ports.now()),
        "version": "v1.0.0",
    }


async def test_a_push_is_kept_and_acknowledged_each_time(http, post_ports):
    parcel, _ = await make_sealed(post_ports)
    message = pushed(post_ports, parcel, "203")
    answers = await asyncio.gather(
        *(http.post("/callbacks/carriers/ems", json=message) for _ in range(5))
    )
    assert {one.status_code for one in answers} == {200}
    assert {one.json()["serialNo"] for one in answers} == {message["serialNo"]}
    assert answers[0].json()["code"] == "00000"
    assert await InboxRow.filter(source="ems").count() == 1
    assert await TrackRecord.all().count() == 1
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.COLLECTED


async def test_a_push_as_a_form_is_read_too(http, post_ports):
    parcel, _ = await make_sealed(post_ports)
    answer = await http.post("/callbacks/carriers/ems", data=pushed(post_ports, parcel, "203"))
    assert answer.status_code == 200
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.COLLECTED


@pytest.mark.parametrize("spoil", ["envelope", "empty", "method"])
async def test_an_unreadable_push_is_refused(http, post_ports, spoil):
    parcel, _ = await make_sealed(post_ports)
    message = pushed(post_ports, parcel, "203")
    changes = {
        "envelope": {"logitcsInterface": "|$4|AAAA"},
        "empty": {"logitcsInterface": ""},
        "method": {"method": "040001"},
    }
    answer = await http.post("/callbacks/carriers/ems", json=message | changes[spoil])
    assert (answer.status_code, answer.json()["code"]) == (400, "push_unreadable")
    assert await InboxRow.filter(source="ems").count() == 0
    assert await TrackRecord.all().count() == 0


async def test_a_huge_push_is_refused(http):
    body = to_json({"logitcsInterface": "x" * 65536})
    answer = await http.post(
        "/callbacks/carriers/ems", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


async def test_a_delivered_push_waits_for_the_posts_own_word(http, post_ports):
    parcel, _ = await make_sealed(post_ports)
    await http.post("/callbacks/carriers/ems", json=pushed(post_ports, parcel, "704"))
    await relay_all(post_ports)
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.SEALED
    sandbox = post_ports.settings.ems_api_base.partition("/amp-prod-api")[0]
    event = {"waybill_no": parcel.waybill_no, "op_code": "704", "op_org_code": "35000101"}
    async with httpx.AsyncClient(base_url=sandbox) as post:
        (await post.post("/sandbox/events", json=event)).raise_for_status()
    await http.post("/callbacks/carriers/ems", json=pushed(post_ports, parcel, "702"))
    await http.post("/callbacks/carriers/ems", json=pushed(post_ports, parcel, "711"))
    await relay_all(post_ports)
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.DELIVERED
