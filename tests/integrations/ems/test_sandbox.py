"""The sandbox as somebody without our client meets it."""

import json

import pytest
from pydantic_core import from_json

from integrations.ems.envelope import Envelope
from integrations.ems.sandbox.app import API_PATH
from integrations.ems.sandbox.post_office import compute_check_digit
from integrations.http import VendorCall
from tests.integrations.orders import make_order


def write_form(post, **changes):
    fields = {
        "apiCode": "040001",
        "senderNo": post.arguments["sender_no"],
        "authorization": post.arguments["authorization"],
        "timeStamp": "2025-03-03 12:00:00",
        "msgType": "0",
        "version": "V1.0.0",
        "logitcsInterface": Envelope(post.arguments["sign_key"]).seal('{"waybillNo":"1"}'),
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


async def call(post, **changes):
    reply = await post.control.request(VendorCall.post_form(API_PATH, write_form(post, **changes)))
    assert (reply.status, reply.content_type) == (200, "application/json")
    return from_json(reply.body)


async def test_a_reply_has_the_frame_of_the_platform(post):
    reply = await call(post)
    assert len(reply.pop("serialNo")) == 32
    assert reply == {
        "retCode": "00000",
        "retMsg": "查无此邮件",
        "retBody": "[]",
        "retDate": "2025-03-03 12:00:00",
        "success": True,
    }


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"apiCode": "999999"}, "S0003", "接口代码不存在"),
        ({"apiCode": None}, "S0001", "apiCode不正确"),
        ({"msgType": "1"}, "S0001", "msgType不正确"),
        ({"version": "V2"}, "S0001", "version不正确"),
        ({"timeStamp": "noon"}, "S0001", "timeStamp不正确"),
        ({"senderNo": "1"}, "S0001", "无客户信息"),
        ({"authorization": "another"}, "S0001", "授权码不正确"),
        ({"logitcsInterface": None}, "S0001", "logitcsInterface不正确"),
        ({"logitcsInterface": '{"waybillNo":"1"}'}, "S0002", "报文解密失败"),
    ],
)
async def test_a_call_that_is_not_as_documented_is_refused(post, changes, code, message):
    reply = await call(post, **changes)
    assert (reply["retCode"], reply["retMsg"], reply["success"]) == (code, message, False)


async def test_an_envelope_without_the_key_behind_the_document_is_refused(post, sign_key):
    sealed = Envelope(sign_key).seal('{"waybillNo":"1"}', with_suffix=False)
    reply = await call(post, logitcsInterface=sealed)
    assert reply["retCode"] == "S0002"


@pytest.mark.parametrize("document", ["", "[]x", "{}", "[{}]", '[{"sender":5}]'])
async def test_a_document_that_is_no_order_is_refused(post, sign_key, document):
    sealed = Envelope(sign_key).seal(document)
    reply = await call(post, apiCode="020003", logitcsInterface=sealed)
    assert reply["retCode"] == "B0001"
    assert await post.orders() == []


async def test_a_cancellation_under_another_order_number_is_refused(post, sign_key):
    waybill = await post.client.create_order(make_order())
    document = {
        "logisticsOrderNo": "GL-other",
        "waybillNo": waybill.waybill_no,
        "cancelReason": "用户取消",
    }
    sealed = Envelope(sign_key).seal(json.dumps(document))
    reply = await call(post, apiCode="020006", logitcsInterface=sealed)
    assert reply["retCode"] == "B0003"
    assert (await post.orders())[0]["is_cancelled"] is False


async def test_a_push_goes_out_without_the_key_behind_the_document(post, sign_key):
    waybill = await post.client.create_order(make_order())
    report = await post.add_event(waybill.waybill_no, "203")
    message = json.loads(post.bodies[0])
    sealed = message.pop("logitcsInterface")
    assert json.loads(Envelope(sign_key).open(sealed)) == report["event"]
    assert sealed == Envelope(sign_key).seal(Envelope(sign_key).open(sealed), with_suffix=False)
    assert len(message.pop("serialNo")) == 32
    assert message == {
        "method": "040002",
        "msgType": "0",
        "senderNo": "",
        "timeStamp": "2025-03-03 12:00:00",
        "version": "v1.0.0",
    }


@pytest.mark.parametrize(("serial", "digit"), [("47312482", 9), ("00000000", 5), ("00000008", 0)])
def test_check_digits_follow_the_rule_of_the_postal_union(serial, digit):
    assert compute_check_digit(serial) == digit


async def test_a_receiver_that_is_away_is_reported(open_post):
    async with open_post(push_url="http://127.0.0.1:1/callbacks/ems") as post:
        waybill = await post.client.create_order(make_order())
        reports = [await post.add_event(waybill.waybill_no, "203") for _ in range(7)]
        assert [report["pushes"] for report in reports] == [[{"error": "connect_error"}]] * 7
        assert len(await post.client.track(waybill.waybill_no)) == 7
