"""The pure mapping: what leaves, and what is made of answers good and bad."""

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.contracts.carrier import LabelSize, Reach, TrackStep, Waybill
from integrations.contracts.errors import (
    DuplicateOrder,
    VendorError,
    VendorRefused,
    VendorUnavailable,
)
from integrations.ems import mapping
from tests.integrations.orders import make_order

WAYBILL_NO = "1000000000017"


def reply(body=None, *, code="00000", message="成功", **more):
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    frame = {"retCode": code, "retMsg": message, "retBody": text, "serialNo": "s1"} | more
    return mapping.read_reply(json.dumps(frame).encode())


def item(**changes):
    return {"waybillNo": WAYBILL_NO, "opTime": "2025-03-03 15:30:00", "opCode": "203"} | changes


def test_an_order_is_written_as_documented():
    [document] = json.loads(
        mapping.write_order(make_order(), sender_no="1100000000001", project_id="GL")
    )
    assert {key: value for key, value in document.items() if isinstance(value, str)} == {
        "createdTime": "2025-03-03 12:00:00",
        "ecommerceUserId": "GL20250303000017",
        "senderNo": "1100000000001",
        "logisticsOrderNo": "GL20250303000017",
        "contentsAttribute": "1",
        "bizProductNo": "1",
        "weight": "100",
        "pickupType": "1",
        "pickupPreBeginTime": "2025-03-03 14:00:00",
        "pickupPreEndTime": "2025-03-03 17:00:00",
        "paymentMode": "1",
        "codFlag": "9",
        "receiptFlag": "1",
        "insuranceFlag": "1",
        "valuableFlag": "0",
        "virtualNumFlag": "1",
        "projectId": "GL",
    }
    assert document["cargos"] == [{"cargoName": "审批结果文书", "cargoQuantity": "1"}]


def test_the_same_order_is_written_the_same_twice():
    written = [mapping.write_order(make_order(), sender_no="1", project_id="") for _ in range(2)]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("size", "label_type"), [(LabelSize.MM_76_129, "129"), (LabelSize.MM_100_179, "179")]
)
def test_a_label_is_asked_for_as_a_file(size, label_type):
    assert json.loads(mapping.write_label_request(WAYBILL_NO, size=size)) == {
        "waybillNo": WAYBILL_NO,
        "type": label_type,
        "getURL": "0",
        "isReturn": "0",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"waybillNo": WAYBILL_NO, "logisticsOrderNo": "GL-1", "routeCode": "A1"},
        {"waybillNo": int(WAYBILL_NO), "routeCode": "A1", "packageCode": None},
        [{"waybillNo": WAYBILL_NO, "routeCode": "A1"}],
        {"responseItems": [{"waybillNo": f" {WAYBILL_NO} ", "routeCode": "A1"}]},
    ],
)
def test_a_waybill_is_read_from_every_shape(body):
    waybill = mapping.read_waybill(reply(body), "GL-1")
    assert (waybill.order_no, waybill.waybill_no) == ("GL-1", WAYBILL_NO)
    assert waybill.routing == {"route_code": "A1"}


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "[]",
        "{}",
        "7",
        "not JSON",
        {"waybillNo": ""},
        {"waybillNo": True},
        {"waybillNo": "<script>"},
        {"waybillNo": WAYBILL_NO, "logisticsOrderNo": "GL-2"},
        [{"waybillNo": WAYBILL_NO}, {"waybillNo": WAYBILL_NO}],
        {"responseItems": 5},
        "[" * 5000,
    ],
)
def test_an_unclear_waybill_is_unavailable(body):
    with pytest.raises(VendorUnavailable) as caught:
        mapping.read_waybill(reply(body), "GL-1")
    assert caught.value.code == "unintelligible"


def test_a_duplicate_with_its_waybill_is_no_error():
    answer = reply({"waybillNo": WAYBILL_NO}, code="B1", message="订单号已存在")
    assert mapping.read_waybill(answer, "GL-1").waybill_no == WAYBILL_NO


@pytest.mark.parametrize("body", [None, "", "{}", "not JSON", {"waybillNo": None}])
def test_a_duplicate_without_waybill_is_a_duplicate(body):
    with pytest.raises(DuplicateOrder) as caught:
        mapping.read_waybill(reply(body, code="B1", message="订单号重复"), "GL-1")
    assert (caught.value.code, caught.value.trace) == ("B1", "s1")


def test_a_duplicate_with_the_waybill_of_another_order_is_a_duplicate():
    body = {"waybillNo": WAYBILL_NO, "logisticsOrderNo": "GL-2"}
    with pytest.raises(DuplicateOrder):
        mapping.read_waybill(reply(body, code="B1", message="订单号重复"), "GL-1")


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("B1", "地址不正确", VendorRefused),
        ("B1", "系统繁忙，请稍后再试", VendorUnavailable),
        ("500", "处理超时", VendorUnavailable),
        ("1", "", VendorRefused),
    ],
)
def test_a_refusal_is_final_unless_the_platform_blames_itself(code, message, kind):
    with pytest.raises(kind) as caught:
        mapping.require_accepted(reply(code=code, message=message))
    assert type(caught.value) is kind
    assert (caught.value.vendor, caught.value.code) == ("ems", code)


@pytest.mark.parametrize("code", ["00000", "0", 0])
def test_zero_in_any_spelling_accepts(code):
    assert reply(code=code).is_accepted


def test_an_error_does_not_repeat_personal_data():
    order = make_order()
    frame = {"retCode": "B1", "retMsg": "张三丰13900000001某街2号院3栋无法送达350102199001011234"}
    private = mapping.private_values(order.sender, order.receiver)
    answer = mapping.read_reply(json.dumps(frame).encode(), private=private)
    with pytest.raises(VendorRefused) as caught:
        mapping.require_accepted(answer)
    assert caught.value.reason == "*********无法送达***"


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{}", b'{"retCode":null}', b'{"retCode":["00000"]}', b"\xff\xfe", b"<"],
)
def test_what_is_no_reply_is_unavailable(content):
    with pytest.raises(VendorUnavailable) as caught:
        mapping.read_reply(content)
    assert caught.value.code == "unintelligible"


def test_a_label_is_read_with_line_breaks_and_quotes():
    text = b64encode(b"%PDF-1.4 label").decode()
    assert mapping.read_label(reply(f'"{text[:8]}\r\n{text[8:]}"')) == b"%PDF-1.4 label"


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "https://example.invalid/label.pdf",
        b64encode(b"<html>").decode(),
        b64encode(b"%PDF-" + bytes(mapping.LABEL_LIMIT_BYTES)).decode(),
    ],
)
def test_what_is_no_label_is_unavailable(body):
    with pytest.raises(VendorUnavailable) as caught:
        mapping.read_label(reply(body))
    assert caught.value.code == "unintelligible"


@pytest.mark.parametrize(
    ("status", "reach"),
    [
        ("0", Reach.REACHED),
        (0, Reach.REACHED),
        ("1", Reach.OUT_OF_RANGE),
        (9, Reach.TOO_COARSE),
        ("2", Reach.UNKNOWN),
        ("8", Reach.UNKNOWN),
        ("77", Reach.UNKNOWN),
    ],
)
def test_reach_is_read_from_text_or_number(status, reach):
    assert mapping.read_reach(reply({"status": status})) is reach


def test_an_event_is_told_in_our_words():
    told = item(
        opCode="705",
        opName="未妥投",
        opDesc="收件人不在",
        opOrgProvName="江苏省",
        opOrgCity="南京市",
        opOrgName="",
        opOrgCode=32000100,
        attemptDeliveryCode=4,
        deliverCode=None,
        productName="特快专递",
    )
    [event] = mapping.read_track(reply([told]), WAYBILL_NO)
    assert event.occurred_at == datetime(2025, 3, 3, 7, 30, tzinfo=UTC)
    assert event.occurred_at.tzinfo is UTC
    assert (event.code, event.step) == ("705", TrackStep.ATTEMPT_FAILED)
    assert (event.place, event.office_code) == ("江苏省 南京市", "32000100")
    assert (event.description, event.reason) == ("收件人不在", "收件人不在且无法联系")


@pytest.mark.parametrize("code", ["888", "Z_99", "T9"])
def test_an_unknown_code_says_nothing_of_the_state(code):
    [event] = mapping.read_track(reply([item(opCode=code)]), WAYBILL_NO)
    assert (event.code, event.step, event.revokes) == (code, None, frozenset())


def test_a_code_that_lost_its_zero_is_understood():
    [event] = mapping.read_track(reply([item(opCode=13)]), WAYBILL_NO)
    assert (event.code, event.step) == ("013", TrackStep.INTERCEPTED)


def test_a_revocation_follows_its_like_in_the_same_second():
    body = [
        item(opCode="743"),
        item(opCode="704"),
        item(opCode="203", opTime="2025-03-01 08:00:00"),
    ]
    events = mapping.read_track(reply(body), WAYBILL_NO)
    assert [event.code for event in events] == ["203", "704", "743"]
    assert events[2].revokes == {"704"}
    assert events[2].step is None


@pytest.mark.parametrize("message", ["", "成功", "SUCCESS", "ok"])
def test_an_empty_list_without_complaint_means_no_events_yet(message):
    assert mapping.read_track(reply([], message=message), WAYBILL_NO) == []


def test_an_empty_list_with_a_complaint_is_refused():
    with pytest.raises(VendorRefused) as caught:
        mapping.read_track(reply([], message="无客户信息"), WAYBILL_NO)
    assert (caught.value.code, caught.value.reason) == ("no_track", "无客户信息")


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        [5],
        [item(opTime="yesterday")],
        [item(opTime="2025-13-40 00:00:00")],
        [item(opTime="1925-01-01 00:00:00")],
        [item(opTime=None)],
        [item(opCode="")],
        [item(opCode="7 04")],
        [item(opCode=704.5)],
        [item(waybillNo="1000000000025")],
        [item(), {"waybillNo": WAYBILL_NO}],
        [item()] * (mapping.EVENTS_LIMIT + 1),
    ],
)
def test_a_track_with_anything_wrong_is_unavailable(body):
    with pytest.raises(VendorUnavailable) as caught:
        mapping.read_track(reply(body), WAYBILL_NO)
    assert caught.value.code == "unintelligible"


def test_long_words_are_cut():
    [event] = mapping.read_track(
        reply([item(opDesc="长" * 9000, opOrgName="长" * 900)]), WAYBILL_NO
    )
    assert (len(event.description), len(event.place)) == (500, 100)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-03-03 15:30:00", datetime(2025, 3, 3, 7, 30, tzinfo=UTC)),
        ("2025-03-03T15:30:00.500", datetime(2025, 3, 3, 7, 30, 0, 500000, tzinfo=UTC)),
        ("2025-03-03T07:30:00Z", datetime(2025, 3, 3, 7, 30, tzinfo=UTC)),
        ("2025-01-01 00:00:00", datetime(2024, 12, 31, 16, 0, tzinfo=UTC)),
    ],
)
def test_times_are_beijings_unless_they_say_otherwise(text, instant):
    assert mapping.parse_beijing(text) == instant


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["waybillNo", "opTime", "opCode", "status", "responseItems", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def outcome_of(read, answer):
    """The kind of what is read, or of the failure."""
    try:
        return type(read(answer))
    except VendorError as failure:
        return type(failure)


@pytest.mark.parametrize(
    ("read", "of_accepted", "of_refused"),
    [
        (
            lambda answer: mapping.read_waybill(answer, "GL-1"),
            {Waybill, VendorUnavailable},
            {Waybill, DuplicateOrder},
        ),
        (mapping.read_label, {bytes, VendorUnavailable}, {VendorRefused}),
        (mapping.read_reach, {Reach, VendorUnavailable}, {VendorRefused}),
        (
            lambda answer: mapping.read_track(answer, WAYBILL_NO),
            {list, VendorUnavailable, VendorRefused},
            {VendorRefused},
        ),
    ],
)
@settings(deadline=None, derandomize=True)
@given(body=ANYTHING, is_text=st.booleans())
def test_any_answer_is_read_or_refused(read, of_accepted, of_refused, body, is_text):
    content = json.dumps(body) if is_text else body
    accepted = reply(message="重复", retBody=content)
    assert outcome_of(read, accepted) in of_accepted
    refused = reply(code="B1", message="重复", retBody=content)
    assert outcome_of(read, refused) in of_refused
