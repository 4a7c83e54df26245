"""What any carrier must keep, whoever it is: the same parcel's life at each of them."""

from uuid import uuid4

import pytest
from tenacity import wait_none

from integrations.contracts.carrier import (
    Carriers,
    LabelSize,
    Reach,
    TrackStep,
    UnknownCarrier,
)
from integrations.contracts.errors import VendorRefused, VendorUnavailable
from integrations.ems.client import EmsClient
from integrations.ems.sandbox import app as ems
from integrations.http import VendorCall, VendorClient
from integrations.sf.client import SfClient
from integrations.sf.sandbox import app as sf
from tests.integrations.orders import RECEIVER, make_order
from tests.support.clock import NOON, FrozenClock
from tests.support.sanic_server import serve

KEY = "AAECAwQFBgcICQoLDA0ODw=="
COLLECTED = {"ems": ("events", "203"), "sf": ("routes", "50")}


def make_carrier(name, url, clock):
    if name == "ems":
        http = VendorClient(name, url + ems.API_PATH, retry_wait=wait_none())
        return EmsClient(
            http, sender_no="11", authorization="a", sign_key=KEY, project_id="", clock=clock
        ), [http]
    http = VendorClient(name, url + sf.API_PATH, retry_wait=wait_none())
    files = VendorClient("files", url)
    return SfClient(
        http,
        files,
        files_base=url,
        partner_id="P",
        check_word="w",
        monthly_card="m",
        clock=clock,
    ), [http, files]


def make_sandbox(name, clock):
    unique = f"{name}_{uuid4().hex}"
    if name == "ems":
        return ems.create_app(ems.Agreement("11", "a", KEY), clock=clock, name=unique)
    return sf.create_app(sf.Customer("P", "w"), clock=clock, name=unique)


class Nobody:
    """A carrier that knows no number."""

    name = "other"

    def find_waybill(self, _text):
        return None


@pytest.fixture(params=["ems", "sf"])
async def there(request):
    """A carrier, and what lets its parcels be collected."""
    clock = FrozenClock()
    async with serve(make_sandbox(request.param, clock)) as url:
        carrier, clients = make_carrier(request.param, url, clock)
        control = VendorClient("control", url)

        async def collect(waybill_no):
            path, code = COLLECTED[request.param]
            document = {"waybill_no": waybill_no, "op_code": code}
            await control.request(VendorCall.post_json(f"/sandbox/{path}", document))

        yield carrier, collect
        for client in (*clients, control):
            await client.close()


async def test_an_order_has_one_waybill_however_often_it_is_sent(there):
    carrier, _ = there
    made = [await carrier.create_order(make_order()) for _ in range(3)]
    assert len({one.waybill_no for one in made}) == 1
    assert {one.order_no for one in made} == {"GL20250303000017"}
    other = await carrier.create_order(make_order("GL20261123A-2"))
    assert other.waybill_no != made[0].waybill_no


async def test_its_numbers_are_recognised(there):
    carrier, _ = there
    made = await carrier.create_order(make_order())
    assert carrier.find_waybill(made.waybill_no) == made.waybill_no
    assert carrier.find_waybill("not a number") is None


@pytest.mark.parametrize("size", list(LabelSize))
async def test_a_label_is_a_pdf_on_either_paper(there, size):
    carrier, _ = there
    made = await carrier.create_order(make_order())
    assert (await carrier.draw_label(made.waybill_no, size=size)).startswith(b"%PDF-")


async def test_an_order_is_cancelled_until_it_is_collected(there):
    carrier, collect = there
    first = await carrier.create_order(make_order())
    await carrier.cancel_order(first.order_no, waybill_no=first.waybill_no, reason="撤回")
    with pytest.raises((VendorRefused, VendorUnavailable)):
        await carrier.draw_label(first.waybill_no, size=LabelSize.MM_76_129)
    second = await carrier.create_order(make_order("GL20261123B"))
    await collect(second.waybill_no)
    with pytest.raises(VendorRefused):
        await carrier.cancel_order(second.order_no, waybill_no=second.waybill_no, reason="撤回")


async def test_what_happened_is_told_in_our_words(there):
    carrier, collect = there
    made = await carrier.create_order(make_order())
    assert await carrier.track(made.waybill_no) == []
    await collect(made.waybill_no)
    [event] = await carrier.track(made.waybill_no)
    assert (event.waybill_no, event.step) == (made.waybill_no, TrackStep.COLLECTED)
    assert event.occurred_at == NOON


async def test_it_says_whether_it_goes_somewhere(there):
    carrier, _ = there
    assert await carrier.check_reach(RECEIVER) is Reach.REACHED


async def test_a_point_has_its_own_carrier_or_the_usual_one(there):
    carrier, _ = there
    other = Nobody()
    both = {carrier.name: carrier, "other": other}
    carriers = Carriers("other", both, {"A": carrier.name})
    assert carriers.of_point("A") is carriers.named(carrier.name) is carrier
    assert carriers.of_point("B") is carriers.named("") is other
    assert carriers.find_waybill("x") is None
    for usual, by_point in (("none", {}), ("other", {"A": "none"})):
        with pytest.raises(UnknownCarrier):
            Carriers(usual, both, by_point)
