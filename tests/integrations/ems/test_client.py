"""The client against the running sandbox."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sanic import Sanic, response
from structlog.testing import capture_logs

from integrations.contracts.carrier import LabelSize, Party, Reach, TrackStep
from integrations.contracts.errors import DuplicateOrder, VendorRefused, VendorUnavailable
from integrations.ems.client import EmsClient
from integrations.ems.envelope import Envelope
from integrations.ems.sandbox.post_office import OnRepeat, compute_check_digit
from integrations.http import VendorClient
from tests.integrations.orders import RECEIVER, make_order
from tests.support.sanic_server import serve


async def order_one(post):
    return await post.client.create_order(make_order())


async def test_an_order_gets_a_waybill_with_a_check_digit(post):
    waybill = await order_one(post)
    serial, check = waybill.waybill_no[4:12], waybill.waybill_no[12]
    assert waybill.order_no == "GL20250303000017"
    assert waybill.waybill_no == f"1000{serial}{compute_check_digit(serial)}"
    assert int(check) == compute_check_digit(serial)
    assert waybill.routing["mark_destination_name"] == "南京市玄武区"


async def test_the_order_arrives_as_the_post_documents_it(post):
    waybill = await post.client_with(project_id="GL-MAIL").create_order(make_order())
    [kept] = await post.orders()
    assert (kept["order_no"], kept["waybill_no"]) == ("GL20250303000017", waybill.waybill_no)
    assert kept["order"]["createdTime"] == "2025-03-03 12:00:00"
    assert kept["order"]["receiver"] == {
        "name": "张三丰",
        "phone": "",
        "mobile": "13900000001",
        "prov": "江苏省",
        "city": "南京市",
        "county": "玄武区",
        "address": "某街2号院3栋",
    }
    assert kept["order"]["sender"]["phone"] == "0591-83333333"


async def test_a_call_carries_the_fields_of_the_platform(post):
    forms = []
    gate = Sanic(f"gate_{uuid4().hex}", configure_logging=False)

    @gate.post("/open")
    async def refuse(request):
        forms.append({key: values[0] for key, values in request.form.items()})
        return response.text('{"retCode":"00000","retBody":"[]"}', status=403)

    async with serve(gate) as url:
        client = EmsClient(VendorClient("ems", f"{url}/open"), **post.arguments)
        with pytest.raises(VendorUnavailable) as caught:
            await client.track("1000000000001")
    assert caught.value.code == "http_403"
    [form] = forms
    sealed = form.pop("logitcsInterface")
    assert form == {
        "apiCode": "040001",
        "senderNo": "1100000000001",
        "authorization": "test-authorization",
        "timeStamp": "2025-03-03 12:00:00",
        "msgType": "0",
        "version": "V1.0.0",
    }
    assert sealed == (
        "|$4|kgSzlPa7XOXd5saWMA/2MdHSnAEO2fG50q/jdtYKhY3fGVlo/YQusIeo+uuv3cbJ"
        "2AeNZkJO7u8OGzeTI3kRzu3kml4ShDvZ5gTMKMVmIV8="
    )


async def test_an_error_does_not_repeat_what_was_asked(post):
    nameless = Party(RECEIVER.name, "", "江苏省", "南京市", "玄武区", RECEIVER.address)
    answers = []
    parrot = Sanic(f"parrot_{uuid4().hex}", configure_logging=False)

    @parrot.post("/open")
    async def repeat(request):
        document = Envelope(post.arguments["sign_key"]).open(request.form["logitcsInterface"][0])
        answers.append(document)
        return response.json({"retCode": "B1", "retMsg": document[-200:]})

    async with serve(parrot) as url:
        client = EmsClient(VendorClient("ems", f"{url}/open"), **post.arguments)
        for call in (
            client.create_order(make_order(receiver=nameless)),
            client.check_reach(nameless),
        ):
            with pytest.raises(VendorRefused) as caught:
                await call
            assert RECEIVER.name not in str(caught.value)
            assert RECEIVER.address not in str(caught.value)
    assert [RECEIVER.address in document for document in answers] == [True, True]


async def test_two_orders_get_two_waybills(post):
    first = await post.client.create_order(make_order("GL-1"))
    second = await post.client.create_order(make_order("GL-2"))
    assert int(second.waybill_no[4:12]) == int(first.waybill_no[4:12]) + 1


async def test_a_repeated_order_gets_its_waybill_again(post):
    first = await order_one(post)
    assert await order_one(post) == first
    assert len(await post.orders()) == 1


async def test_a_repeated_order_refused_without_a_waybill_is_a_duplicate(open_post):
    async with open_post(OnRepeat.REFUSE) as post:
        await order_one(post)
        with pytest.raises(DuplicateOrder) as caught:
            await order_one(post)
        assert (caught.value.code, caught.value.reason) == ("B0002", "订单号重复")
        assert len(await post.orders()) == 1


@pytest.mark.parametrize("kind", ["http_500", "reset"])
async def test_an_order_whose_answer_was_lost_is_sent_again(post, kind):
    await post.spoil(kind, after=True)
    waybill = await order_one(post)
    assert [kept["waybill_no"] for kept in await post.orders()] == [waybill.waybill_no]


async def test_a_lost_answer_at_a_post_that_refuses_repeats_is_a_duplicate(open_post):
    async with open_post(OnRepeat.REFUSE) as post:
        await post.spoil("reset", after=True)
        with pytest.raises(DuplicateOrder):
            await order_one(post)
        assert len(await post.orders()) == 1


@pytest.mark.parametrize("kind", ["garbage", "html"])
async def test_an_unintelligible_answer_is_unavailable(post, kind):
    await post.spoil(kind)
    with pytest.raises(VendorUnavailable) as caught:
        await order_one(post)
    assert caught.value.code == "unintelligible"
    assert await post.orders() == []


async def test_a_platform_that_blames_itself_is_unavailable(post):
    await post.spoil("errcode", errcode="E9999")
    with pytest.raises(VendorUnavailable) as caught:
        await order_one(post)
    assert (caught.value.code, caught.value.reason) == ("E9999", "系统异常")


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"authorization": "another"}, "S0001", "授权码不正确"),
        ({"sender_no": "1100000000002"}, "S0001", "无客户信息"),
        ({"sign_key": "EBESExQVFhcYGRobHB0eHw=="}, "S0002", "报文解密失败"),
    ],
)
async def test_a_wrong_customer_is_refused(post, changes, code, reason):
    with pytest.raises(VendorRefused) as caught:
        await post.client_with(**changes).create_order(make_order())
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert await post.orders() == []


async def test_an_order_without_a_name_is_refused(post):
    nameless = Party("", RECEIVER.phone, "江苏省", "南京市", "玄武区", "某街2号院3栋")
    with pytest.raises(VendorRefused) as caught:
        await post.client.create_order(make_order(receiver=nameless))
    assert (caught.value.code, caught.value.reason) == ("B0001", "0.receiver.name不正确")
    assert await post.orders() == []


async def test_a_cancelled_order_stays_cancelled(post):
    waybill = await order_one(post)
    arguments = {"waybill_no": waybill.waybill_no, "reason": "用户取消"}
    await post.client.cancel_order(waybill.order_no, **arguments)
    [event] = await post.client.track(waybill.waybill_no)
    assert event.step is TrackStep.CANCELLED
    with pytest.raises(VendorRefused):
        await post.client.cancel_order(waybill.order_no, **arguments)
    with pytest.raises(DuplicateOrder):
        await order_one(post)
    [kept] = await post.orders()
    assert (kept["is_cancelled"], len(kept["events"])) == (True, 1)


async def test_a_collected_parcel_cannot_be_cancelled_until_that_is_revoked(post):
    waybill = await order_one(post)
    await post.add_event(waybill.waybill_no, "203")
    arguments = {"waybill_no": waybill.waybill_no, "reason": "用户取消"}
    with pytest.raises(VendorRefused) as caught:
        await post.client.cancel_order(waybill.order_no, **arguments)
    assert caught.value.code == "B0004"
    assert (await post.orders())[0]["is_cancelled"] is False
    await post.add_event(waybill.waybill_no, "207")
    await post.client.cancel_order(waybill.order_no, **arguments)
    assert (await post.orders())[0]["is_cancelled"] is True


async def test_a_cancellation_is_not_sent_twice(post):
    waybill = await order_one(post)
    await post.spoil("http_500", after=True)
    with pytest.raises(VendorUnavailable):
        await post.client.cancel_order(
            waybill.order_no, waybill_no=waybill.waybill_no, reason="用户取消"
        )
    assert len((await post.orders())[0]["events"]) == 1


async def test_events_come_in_order_of_their_time(post):
    waybill = await order_one(post)
    await post.add_event(waybill.waybill_no, "702", op_time="2025-03-04 09:00:00")
    await post.add_event(waybill.waybill_no, "203", op_time="2025-03-03 15:30:00")
    events = await post.client.track(waybill.waybill_no)
    assert [(event.code, event.step, event.occurred_at) for event in events] == [
        ("203", TrackStep.COLLECTED, datetime(2025, 3, 3, 7, 30, tzinfo=UTC)),
        ("702", TrackStep.OUT_FOR_DELIVERY, datetime(2025, 3, 4, 1, 0, tzinfo=UTC)),
    ]
    assert (events[0].place, events[0].office_code) == ("福建省 福州市 鼓楼揽投部", "35000100")


async def test_an_unknown_code_is_reported_and_says_nothing(post):
    waybill = await order_one(post)
    await post.add_event(waybill.waybill_no, "888", deliveries=0)
    with capture_logs() as lines:
        [event] = await post.client.track(waybill.waybill_no)
    assert event.step is None
    assert lines == [
        {
            "event": "carrier_codes_unknown",
            "vendor": "ems",
            "codes": ["888"],
            "log_level": "warning",
        }
    ]


async def test_a_parcel_without_events_has_an_empty_track(post):
    waybill = await order_one(post)
    assert await post.client.track(waybill.waybill_no) == []


async def test_the_track_of_an_unknown_waybill_is_refused(post):
    with pytest.raises(VendorRefused) as caught:
        await post.client.track("1000000000001")
    assert (caught.value.code, caught.value.reason) == ("no_track", "查无此邮件")


async def test_the_label_of_an_unknown_waybill_is_refused(post):
    with pytest.raises(VendorRefused) as caught:
        await post.client.draw_label("1000000000001", size=LabelSize.MM_76_129)
    assert caught.value.code == "B0003"


@pytest.mark.parametrize(
    ("province", "address", "reach"),
    [
        ("江苏省", "某街2号院3栋", Reach.REACHED),
        ("江苏省", "某街", Reach.TOO_COARSE),
        ("台湾省", "某街2号院3栋", Reach.OUT_OF_RANGE),
        ("", "某街2号院3栋", Reach.UNKNOWN),
    ],
)
async def test_the_post_tells_where_it_goes(post, province, address, reach):
    party = Party("张三丰", "13900000001", province, "南京市", "玄武区", address)
    assert await post.client.check_reach(party) is reach
