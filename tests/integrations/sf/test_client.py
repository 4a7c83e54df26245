"""SF over HTTP: what the platform refuses, what a repeat gets, what is never believed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.contracts.carrier import LabelSize, Reach, TrackStep
from integrations.contracts.errors import (
    DuplicateOrder,
    PushRefused,
    VendorRefused,
    VendorUnavailable,
)
from integrations.sf.codes import STEPS
from tests.integrations.orders import RECEIVER, make_order
from tests.support.clock import NOON


async def test_a_repeated_order_gets_its_waybill_again(express):
    first = await express.client.create_order(make_order())
    again = await express.client.create_order(make_order())
    assert again.waybill_no == first.waybill_no
    assert first.routing == {"origin": "591", "destination": "025"}
    assert len(await express.orders()) == 1


async def test_a_number_of_a_cancelled_order_is_not_used_again(express):
    made = await express.client.create_order(make_order())
    number = "GL20250303000017"
    for _ in range(2):
        await express.client.cancel_order(number, waybill_no=made.waybill_no, reason="x")
    with pytest.raises(DuplicateOrder):
        await express.client.create_order(make_order())
    assert [one["is_cancelled"] for one in await express.orders()] == [True]


async def test_a_collected_parcel_is_not_cancelled(express):
    made = await express.client.create_order(make_order())
    await express.add_route(made.waybill_no, "50")
    with pytest.raises(VendorRefused) as refused:
        await express.client.cancel_order("GL20250303000017", waybill_no="", reason="x")
    assert refused.value.code == "8252"


async def test_an_answer_that_was_lost_leads_to_the_same_waybill(express):
    await express.spoil("reset", after=True)
    made = await express.client.create_order(make_order())
    [order] = await express.orders()
    assert order["waybill_no"] == made.waybill_no


@pytest.mark.parametrize(
    ("change", "code"), [({"check_word": "other"}, "A1006"), ({"partner_id": "X"}, "A1004")]
)
async def test_a_stranger_is_refused(express, change, code):
    with pytest.raises(VendorRefused) as refused:
        await express.client_with(**change).create_order(make_order())
    assert refused.value.code == code
    assert await express.orders() == []


async def test_an_old_request_is_refused(express):
    clock = type(express.clock)()
    clock.advance(seconds=-600)
    with pytest.raises(VendorRefused) as refused:
        await express.client_with(clock=clock).create_order(make_order())
    assert refused.value.code == "A1002"


async def test_an_order_without_a_phone_is_refused(express):
    with pytest.raises(VendorRefused) as refused:
        await express.client.create_order(make_order(receiver=replace(RECEIVER, phone="")))
    assert refused.value.code == "8001"


@pytest.mark.parametrize("code", ["A1005", "A1009", "A1099"])
async def test_a_platform_that_blames_itself_may_be_asked_again(express, code):
    await express.spoil("errcode", errcode=code)
    with pytest.raises(VendorUnavailable) as failure:
        await express.client.create_order(make_order())
    assert failure.value.code == code


@pytest.mark.parametrize("kind", ["garbage", "html"])
async def test_nonsense_is_no_answer(express, kind):
    await express.spoil(kind)
    with pytest.raises(VendorUnavailable) as failure:
        await express.client.create_order(make_order())
    assert failure.value.code == "unintelligible"


async def test_routes_come_in_the_order_of_their_times(express):
    made = await express.client.create_order(make_order())
    for code in ("50", "44", "999", "80"):
        await express.add_route(made.waybill_no, code)
        express.clock.advance(seconds=60)
    events = await express.client.track(made.waybill_no)
    assert [(one.code, one.step) for one in events] == [
        ("50", TrackStep.COLLECTED),
        ("44", TrackStep.OUT_FOR_DELIVERY),
        ("999", None),
        ("80", TrackStep.DELIVERED),
    ]
    assert [one.occurred_at for one in events] == [NOON + timedelta(minutes=n) for n in range(4)]


async def test_a_parcel_nothing_happened_to_has_no_events(express):
    made = await express.client.create_order(make_order())
    assert await express.client.track(made.waybill_no) == []


def test_every_step_is_one_of_ours():
    assert set(STEPS.values()) <= set(TrackStep)


@pytest.mark.parametrize(
    ("province", "reach"), [("江苏省", Reach.REACHED), ("台湾省", Reach.OUT_OF_RANGE)]
)
async def test_the_range_is_asked_about(express, province, reach):
    assert await express.client.check_reach(replace(RECEIVER, province=province)) is reach


@pytest.mark.parametrize("size", list(LabelSize))
async def test_a_label_is_fetched_from_where_labels_lie(express, size):
    made = await express.client.create_order(make_order())
    pdf = await express.client.draw_label(made.waybill_no, size=size)
    assert pdf.startswith(b"%PDF-")


async def test_a_label_elsewhere_is_not_fetched(express):
    made = await express.client.create_order(make_order())
    elsewhere = express.client_with(files_base="http://127.0.0.1:9")
    with pytest.raises(VendorUnavailable) as failure:
        await elsewhere.draw_label(made.waybill_no, size=LabelSize.MM_76_129)
    assert failure.value.code == "unintelligible"


async def test_a_host_that_only_begins_like_ours_is_another(express):
    made = await express.client.create_order(make_order())
    shorter = express.client_with(files_base=express.url[:-1])
    with pytest.raises(VendorUnavailable):
        await shorter.draw_label(made.waybill_no, size=LabelSize.MM_76_129)


async def test_no_error_shows_who_it_was_about(express):
    unknown = express.client_with(monthly_card="")
    with pytest.raises(VendorRefused) as refused:
        await unknown.create_order(make_order())
    assert "张三丰" not in str(refused.value)
    assert RECEIVER.phone not in str(refused.value)


async def test_a_push_is_refused(express):
    with pytest.raises(PushRefused):
        express.client.read_push(b"{}", content_type="application/json", received_at=NOON)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SF1234567890123", "SF1234567890123"),
        ("SF123", None),
        ("1000000000017", None),
        ("xSF1234567890123", None),
    ],
)
async def test_a_number_of_sf_is_known(express, text, number):
    assert express.client.find_waybill(text) == number
