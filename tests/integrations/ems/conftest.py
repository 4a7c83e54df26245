"""A sandbox post, a receiver of its pushes and a client, all over loopback HTTP."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from pydantic_core import from_json
from sanic import Request, Sanic, response
from tenacity import wait_none

from integrations.contracts.carrier import TrackPush
from integrations.contracts.errors import PushRefused
from integrations.ems.client import EmsClient
from integrations.ems.sandbox.app import API_PATH, Agreement, create_app
from integrations.ems.sandbox.post_office import OnRepeat
from integrations.http import VendorCall, VendorClient
from tests.support.clock import FrozenClock
from tests.support.sanic_server import serve

SIGN_KEY = "AAECAwQFBgcICQoLDA0ODw=="
AGREEMENT = Agreement("1100000000001", "test-authorization", SIGN_KEY)


@dataclass
class Post:
    """A running sandbox and everything that talks to it."""

    http: VendorClient
    control: VendorClient
    clock: FrozenClock
    client: EmsClient
    pushes: list[TrackPush | PushRefused] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def arguments(self) -> dict:
        """What a client of this post is made with."""
        return {
            "sender_no": AGREEMENT.sender_no,
            "authorization": AGREEMENT.authorization,
            "sign_key": SIGN_KEY,
            "project_id": "",
            "clock": self.clock,
        }

    def client_with(self, **changes) -> EmsClient:
        """Return a client of the same post that differs in some of its arguments."""
        return EmsClient(self.http, **(self.arguments | changes))

    async def add_event(self, waybill_no: str, op_code: str, **more) -> dict:
        """Let something happen to a parcel; return what the sandbox reports."""
        document = {"waybill_no": waybill_no, "op_code": op_code, **more}
        reply = await self.control.request(VendorCall.post_json("/sandbox/events", document))
        return {"status": reply.status, **from_json(reply.body)}

    async def orders(self) -> list[dict]:
        """Return what the post knows."""
        reply = await self.control.request(VendorCall.get("/sandbox/orders", {}))
        return from_json(reply.body)["orders"]

    async def spoil(self, kind: str, **more) -> None:
        """Let the next answers go wrong."""
        document = {"kind": kind, **more}
        reply = await self.control.request(VendorCall.post_json("/sandbox/faults", document))
        assert reply.status == 201


def make_receiver(post: Post) -> Sanic:
    receiver = Sanic(f"receiver_{uuid4().hex}", configure_logging=False)

    @receiver.post("/callbacks/ems")
    async def receive(request: Request):
        post.bodies.append(request.body)
        try:
            pushed = post.client.read_push(
                request.body,
                content_type=request.content_type,
                received_at=post.clock.now(),
            )
        except PushRefused as refusal:
            post.pushes.append(refusal)
            return response.json({"code": refusal.code}, status=403)
        post.pushes.append(pushed)
        return response.json(post.client.acknowledge(pushed.serial_no))

    return receiver


@asynccontextmanager
async def run_post(
    on_repeat: OnRepeat = OnRepeat.SAME, *, push_url: str = ""
) -> AsyncIterator[Post]:
    clock = FrozenClock()
    post = Post(None, None, clock, None)
    name = f"sandbox_{uuid4().hex}"
    async with serve(make_receiver(post)) as receiver_url:
        app = create_app(
            AGREEMENT,
            clock=clock,
            push_url=push_url or f"{receiver_url}/callbacks/ems",
            on_repeat=on_repeat,
            name=name,
        )
        async with serve(app) as url:
            post.http = VendorClient("ems", url + API_PATH, retry_wait=wait_none())
            post.control = VendorClient("control", url)
            post.client = post.client_with()
            yield post
            await post.http.close()
            await post.control.close()


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with run_post() as running:
        yield running


@pytest.fixture
def open_post() -> Callable[..., AbstractAsyncContextManager[Post]]:
    return run_post


@pytest.fixture
def sign_key() -> str:
    return SIGN_KEY


@pytest.fixture
def sender_no() -> str:
    return AGREEMENT.sender_no
