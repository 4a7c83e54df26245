"""A sandbox SF and a client, over loopback HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic_core import from_json
from tenacity import wait_none

from integrations.contracts.carrier import DispatchOrder, Party
from integrations.http import VendorCall, VendorClient
from integrations.sf.client import SfClient
from integrations.sf.sandbox.app import API_PATH, Customer, create_app
from tests.support.clock import NOON, FrozenClock
from tests.support.sanic_server import serve

CUSTOMER = Customer("TESTPARTNER", "checkword-test")
SENDER = Party("政务服务中心", "0591-83333333", "福建省", "福州市", "鼓楼区", "某路1号")
RECEIVER = Party("张三丰", "13900000001", "江苏省", "南京市", "玄武区", "某街2号院3栋")


@dataclass
class Express:
    """A running sandbox and what talks to it."""

    http: VendorClient
    files: VendorClient
    control: VendorClient
    url: str
    clock: FrozenClock

    @property
    def client(self):
        return self.client_with()

    def client_with(self, **changes):
        arguments = {
            "files_base": self.url,
            "partner_id": CUSTOMER.partner_id,
            "check_word": CUSTOMER.check_word,
            "monthly_card": "1234567890",
            "clock": self.clock,
        }
        return SfClient(self.http, self.files, **(arguments | changes))

    async def add_route(self, waybill_no, op_code):
        document = {"waybill_no": waybill_no, "op_code": op_code}
        reply = await self.control.request(VendorCall.post_json("/sandbox/routes", document))
        assert reply.status == 201

    async def orders(self):
        reply = await self.control.request(VendorCall.get("/sandbox/orders", {}))
        return from_json(reply.body)["orders"]

    async def spoil(self, kind, **more):
        document = {"kind": kind, **more}
        reply = await self.control.request(VendorCall.post_json("/sandbox/faults", document))
        assert reply.status == 201


@pytest.fixture
async def express():
    clock = FrozenClock()
    app = create_app(CUSTOMER, clock=clock, name=f"sf_{uuid4().hex}")
    async with serve(app) as url:
        http = VendorClient("sf", url + API_PATH, retry_wait=wait_none())
        files, control = VendorClient("sf_files", url), VendorClient("control", url)
        yield Express(http, files, control, url, clock)
        for client in (http, files, control):
            await client.close()


@pytest.fixture
def make_order():
    def make(order_no="GL20261123000017", **changes):
        arguments = {
            "order_no": order_no,
            "sender": SENDER,
            "receiver": RECEIVER,
            "contents": "审批结果文书",
            "weight_g": 100,
            "created_at": NOON,
            "pickup_from": NOON + timedelta(hours=2),
            "pickup_until": NOON + timedelta(hours=5),
            "privacy_number": True,
        }
        return DispatchOrder(**(arguments | changes))

    return make
