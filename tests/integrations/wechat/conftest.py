from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tenacity import wait_none

from integrations.http import CallLimits, VendorClient
from integrations.wechat import WechatClient
from integrations.wechat.sandbox.app import create_sandbox
from integrations.wechat.sandbox.platform import Platform
from tests.support.clock import FrozenClock
from tests.support.sanic_server import serve

APPID = "wx00000000demo0000"
SECRET = "demo-secret"
PUSH_TOKEN = "AAAAA"
PUSH_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


class Sandbox:
    """The sandbox as its user sees it: over HTTP."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self.http = http

    async def call(self, method: str, path: str, **more: Any) -> Any:
        reply = await self.http.request(method, path, **more)
        return reply.json() if reply.content else None

    async def mint(self, person: str) -> dict[str, str]:
        return await self.call("POST", "/sandbox/codes", json={"person": person})

    async def mint_phone(self, phone: str) -> str:
        minted = await self.call("POST", "/sandbox/phone-codes", json={"phone": phone})
        return minted["code"]

    async def messages(self, person: str) -> list[dict[str, Any]]:
        listed = await self.call("GET", "/sandbox/messages", params={"person": person})
        return listed["messages"]

    async def spoil(self, kind: str, **more: object) -> None:
        await self.call("POST", "/sandbox/faults", json={"kind": kind, **more})

    async def count(self, path: str) -> int:
        counted = await self.call("GET", "/sandbox/calls")
        return counted["calls"].get(path, 0)

    async def log_in(self, code: str, **more: str) -> Any:
        query = {
            "appid": APPID,
            "secret": SECRET,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        return await self.call("GET", "/sns/jscode2session", params={**query, **more})

    async def fetch_token(self, **more: object) -> Any:
        asked = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
        return await self.call("POST", "/cgi-bin/stable_token", json={**asked, **more})

    async def post(self, path: str, token: str, document: object) -> Any:
        return await self.call("POST", path, params={"access_token": token}, json=document)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(clock) -> AsyncIterator[Sandbox]:
    app = create_sandbox(Platform(appid=APPID, secret=SECRET, clock=clock))
    async with serve(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        yield Sandbox(url, http)


@pytest_asyncio.fixture(loop_scope="session")
async def client(sandbox, clock) -> AsyncIterator[WechatClient]:
    limits = CallLimits(read_s=0.3, total_s=5.0)
    http = VendorClient("wechat", sandbox.url, limits=limits, retry_wait=wait_none())
    yield make_client(http, clock)
    await http.close()


def make_client(http: VendorClient, clock: FrozenClock, **more: str) -> WechatClient:
    secrets = {
        "appid": APPID,
        "secret": SECRET,
        "push_token": PUSH_TOKEN,
        "push_aes_key": PUSH_AES_KEY,
    }
    return WechatClient(http, clock=clock, **{**secrets, **more})
