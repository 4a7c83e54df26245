"""Pushed events: from the running sandbox, and broken in every way."""

import json
import random
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from tenacity import wait_none

from integrations.contracts.carrier import TrackPush, TrackStep
from integrations.contracts.errors import PushRefused
from integrations.ems.client import EmsClient
from integrations.ems.envelope import PREFIX, Envelope
from integrations.http import VendorClient
from tests.integrations.orders import make_order
from tests.support.clock import NOON, FrozenClock

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8"
EVENT = {
    "waybillNo": "1000000000017",
    "opTime": "2025-03-03 11:59:00",
    "opCode": "704",
    "opDesc": "已妥投",
    "opOrgCode": "32000100",
    "deliverCode": "10",
}


@pytest.fixture
def client(sign_key, sender_no):
    http = VendorClient("ems", "http://127.0.0.1:1", retry_wait=wait_none())
    arguments = {"sender_no": sender_no, "sign_key": sign_key, "project_id": ""}
    return EmsClient(http, authorization="a", clock=FrozenClock(), **arguments)


@pytest.fixture
def message(sign_key):
    return {
        "logitcsInterface": Envelope(sign_key).seal(json.dumps(EVENT), with_suffix=False),
        "method": "040002",
        "msgType": "0",
        "senderNo": "",
        "serialNo": "0123456789abcdef0123456789abcdef",
        "timeStamp": "2025-03-03 12:00:00",
        "version": "v1.0.0",
    }


def read(client, message, **changes):
    arguments = {"content_type": JSON_TYPE, "received_at": NOON} | changes
    return client.read_push(json.dumps(message).encode(), **arguments)


def seal(sign_key, **changes):
    return Envelope(sign_key).seal(json.dumps(EVENT | changes))


async def test_a_pushed_event_is_read_and_acknowledged(post):
    waybill = await post.client.create_order(make_order())
    report = await post.add_event(waybill.waybill_no, "704", deliver_code="10")
    [pushed] = post.pushes
    assert isinstance(pushed, TrackPush)
    assert pushed.pushed_at == NOON
    assert (pushed.event.waybill_no, pushed.event.code) == (waybill.waybill_no, "704")
    assert (pushed.event.step, pushed.event.reason) == (TrackStep.DELIVERED, "本人签收")
    assert [pushed.event] == await post.client.track(waybill.waybill_no)
    assert report["status"] == 201
    assert report["pushes"] == [
        {
            "status": 200,
            "answer": {
                "serialNo": pushed.serial_no,
                "code": "00000",
                "codeMessage": "成功",
                "senderNo": "1100000000001",
            },
        }
    ]


async def test_a_push_delivered_twice_has_the_same_number(post):
    waybill = await post.client.create_order(make_order())
    await post.add_event(waybill.waybill_no, "203", deliveries=2)
    await post.add_event(waybill.waybill_no, "702")
    first, again, other = (pushed.serial_no for pushed in post.pushes)
    assert first == again
    assert first != other


async def test_an_event_without_delivery_is_only_tracked(post):
    waybill = await post.client.create_order(make_order())
    report = await post.add_event(waybill.waybill_no, "203", deliveries=0)
    assert (report["pushes"], post.pushes) == ([], [])
    assert len(await post.client.track(waybill.waybill_no)) == 1


async def test_the_sandbox_reports_a_receiver_that_refuses(post):
    waybill = await post.client.create_order(make_order())
    post.client = post.client_with(sign_key="EBESExQVFhcYGRobHB0eHw==")
    report = await post.add_event(waybill.waybill_no, "203")
    assert report["pushes"] == [{"status": 403, "answer": {"code": "envelope"}}]


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"waybill_no": "1000000000017", "op_code": "203"}, 404),
        ({"waybill_no": "1000000000017", "op_code": "2 3"}, 422),
        ({"waybill_no": "1000000000017", "op_code": "203", "surprise": 1}, 422),
    ],
)
async def test_the_sandbox_refuses_events_of_nothing(post, document, status):
    report = await post.add_event(document.pop("waybill_no"), document.pop("op_code"), **document)
    assert (report["status"], post.pushes) == (status, [])


async def test_the_sandbox_refuses_an_event_at_no_time(post):
    waybill = await post.client.create_order(make_order())
    report = await post.add_event(waybill.waybill_no, "203", op_time="noon")
    assert report["status"] == 422
    assert await post.client.track(waybill.waybill_no) == []


@pytest.mark.parametrize("op_code", ["207", "742", "743", "744"])
async def test_a_pushed_revocation_names_what_it_revokes(post, op_code):
    waybill = await post.client.create_order(make_order())
    await post.add_event(waybill.waybill_no, op_code)
    [pushed] = post.pushes
    revoked = {"207": "203", "742": "702", "743": "704", "744": "705"}[op_code]
    assert (pushed.event.step, pushed.event.revokes) == (None, {revoked})


@pytest.mark.parametrize("has_suffix", [True, False])
def test_json_is_read_with_and_without_the_suffix(client, message, sign_key, has_suffix):
    message["logitcsInterface"] = Envelope(sign_key).seal(json.dumps(EVENT), with_suffix=has_suffix)
    pushed = read(client, message)
    assert pushed.serial_no == "0123456789abcdef0123456789abcdef"
    assert pushed.pushed_at == NOON
    assert pushed.event.occurred_at == datetime(2025, 3, 3, 3, 59, tzinfo=UTC)


def test_a_form_is_read_like_json(client, message):
    body = urlencode(message).encode()
    pushed = client.read_push(body, content_type=FORM_TYPE, received_at=NOON)
    assert pushed == read(client, message)


def test_a_form_that_forgot_to_escape_its_plus_signs_is_read(client, message, sign_key):
    document = next(
        json.dumps(EVENT | {"opDesc": str(number)})
        for number in range(100)
        if "+" in Envelope(sign_key).seal(json.dumps(EVENT | {"opDesc": str(number)}))
    )
    message["logitcsInterface"] = Envelope(sign_key).seal(document)
    body = urlencode(message).replace("%2B", "+").encode()
    pushed = client.read_push(body, content_type=FORM_TYPE, received_at=NOON)
    assert pushed.event.description == json.loads(document)["opDesc"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "040001"}, "stranger"),
        ({"senderNo": "1100000000009"}, "stranger"),
        ({"timeStamp": "2025-03-03 11:54:59"}, "stale"),
        ({"timeStamp": "2025-03-03 12:05:01"}, "stale"),
        ({"timeStamp": "now"}, "time"),
        ({"timeStamp": None}, "shape"),
        ({"serialNo": ""}, "shape"),
        ({"serialNo": "01234567 89abcdef"}, "shape"),
        ({"serialNo": "x" * 65}, "shape"),
        ({"serialNo": ["0123456789abcdef"]}, "shape"),
        ({"logitcsInterface": ""}, "envelope"),
        ({"logitcsInterface": "|$4|AAAA"}, "envelope"),
        ({"logitcsInterface": {"a": 1}}, "shape"),
    ],
)
def test_a_push_with_a_wrong_field_is_refused(client, message, changes, code):
    with pytest.raises(PushRefused) as caught:
        read(client, message | changes)
    assert (caught.value.vendor, caught.value.code) == ("ems", code)


@pytest.mark.parametrize("field", ["logitcsInterface", "method", "serialNo", "timeStamp"])
def test_a_push_without_a_field_is_refused(client, message, field):
    del message[field]
    with pytest.raises(PushRefused) as caught:
        read(client, message)
    assert caught.value.code == "shape"


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_a_push_within_five_minutes_is_fresh(client, message, minutes):
    assert read(client, message, received_at=NOON + timedelta(minutes=minutes)).pushed_at == NOON


def test_an_event_that_has_not_happened_yet_is_refused(client, message, sign_key):
    message["logitcsInterface"] = seal(sign_key, opTime="2025-03-03 12:05:01")
    with pytest.raises(PushRefused) as caught:
        read(client, message)
    assert caught.value.code == "future"


@pytest.mark.parametrize(
    "changes", [{"opTime": "x"}, {"opCode": None}, {"waybillNo": "' OR 1"}, {"waybillNo": 1.5}]
)
def test_an_envelope_with_no_event_in_it_is_refused(client, message, sign_key, changes):
    message["logitcsInterface"] = seal(sign_key, **changes)
    with pytest.raises(PushRefused) as caught:
        read(client, message)
    assert caught.value.code == "envelope"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", JSON_TYPE, "shape"),
        (b"[]", JSON_TYPE, "shape"),
        (b"[" * 5000, JSON_TYPE, "shape"),
        (b"\xff\xfe", JSON_TYPE, "shape"),
        (b"", FORM_TYPE, "shape"),
        (b"\xff\xfe", FORM_TYPE, "shape"),
        (b"a=%FF", FORM_TYPE, "shape"),
        (b"&".join([b"a=1"] * 33), FORM_TYPE, "shape"),
        (b"x" * (64 * 1024 + 1), JSON_TYPE, "size"),
    ],
)
def test_a_body_that_is_no_message_is_refused(client, body, content_type, code):
    with pytest.raises(PushRefused) as caught:
        client.read_push(body, content_type=content_type, received_at=NOON)
    assert caught.value.code == code


def mutate(blocks: list[bytes], chance: random.Random) -> list[bytes]:
    """Remove, repeat or exchange whole blocks: what a cipher without a MAC does not notice."""
    place, other = chance.randrange(len(blocks)), chance.randrange(len(blocks))
    kind = chance.choice(["remove", "repeat", "exchange", "flip"])
    if kind == "remove":
        return blocks[:place] + blocks[place + 1 :]
    if kind == "repeat":
        return blocks[:place] + blocks[place : place + 1] + blocks[place:]
    changed = list(blocks)
    if kind == "exchange":
        changed[place], changed[other] = changed[other], changed[place]
        return changed
    flipped = bytes([changed[place][0] ^ (1 << chance.randrange(8))])
    changed[place] = flipped + changed[place][1:]
    return changed


def test_mutated_envelopes_are_events_or_refused_and_never_crash(client, message):
    chance = random.Random(20250303)
    content = b64decode(message["logitcsInterface"].removeprefix(PREFIX))
    blocks = [content[start : start + 16] for start in range(0, len(content), 16)]
    outcomes = {"event": 0, "refused": 0}
    for _ in range(3000):
        mutated = b"".join(mutate(blocks, chance))
        message["logitcsInterface"] = PREFIX + b64encode(mutated).decode()
        try:
            assert isinstance(read(client, message), TrackPush)
            outcomes["event"] += 1
        except PushRefused:
            outcomes["refused"] += 1
    # Some do get through: a push is a hint, which is why the caller confirms by a query.
    assert outcomes["event"] > 0
    assert outcomes["refused"] > 2000


@pytest.mark.parametrize("content_type", [JSON_TYPE, FORM_TYPE])
def test_mutated_bodies_are_events_or_refused_and_never_crash(client, message, content_type):
    chance = random.Random(20250304)
    is_form = content_type == FORM_TYPE
    whole = urlencode(message).encode() if is_form else json.dumps(message).encode()
    refused = 0
    for _ in range(2000):
        body = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        del body[chance.choice([len(body), chance.randrange(len(body))]) :]
        try:
            client.read_push(bytes(body), content_type=content_type, received_at=NOON)
        except PushRefused:
            refused += 1
    assert refused > 1500
