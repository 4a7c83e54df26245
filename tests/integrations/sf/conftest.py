"""A sandbox SF and a client, over loopback HTTP."""

from dataclasses import dataclass
from uuid import uuid4

import pytest
from pydantic_core import from_json
from tenacity import wait_none

from integrations.http import VendorCall, VendorClient
from integrations.sf.client import SfClient
from integrations.sf.sandbox.app import API_PATH, Customer, create_app
from tests.support.clock import FrozenClock
from tests.support.sanic_server import serve

CUSTOMER = Customer("TESTPARTNER", "checkword-test")


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
