import asyncio

import pytest_asyncio
from tenacity import wait_none

from integrations.http import VendorClient
from integrations.wechat.token import AccessToken
from tests.integrations.wechat.conftest import APPID, SECRET

TOKEN = "/cgi-bin/stable_token"


@pytest_asyncio.fixture(loop_scope="session")
async def token(sandbox, clock):
    http = VendorClient("wechat", sandbox.url, retry_wait=wait_none())
    yield AccessToken(http, appid=APPID, secret=SECRET, clock=clock)
    await http.close()


async def test_dropping_a_token_that_was_already_replaced_keeps_the_new_one(token, sandbox):
    dead = await token.get()
    await sandbox.call("POST", "/sandbox/revoke-token")
    token.drop(dead)
    living = await token.get()
    token.drop(dead)
    assert await token.get() == living != dead
    assert await sandbox.count(TOKEN) == 2


async def test_all_who_wait_get_the_token_of_one_fetch(token, sandbox):
    tokens = await asyncio.gather(*(token.get() for _ in range(20)))
    assert len(set(tokens)) == 1
    assert await sandbox.count(TOKEN) == 1


async def test_a_fetch_that_fails_leaves_nothing_and_the_next_succeeds(token, sandbox):
    await sandbox.spoil("garbage")
    results = await asyncio.gather(token.get(), token.get(), return_exceptions=True)
    assert [getattr(result, "code", "fetched") for result in results] == [
        "unintelligible",
        "fetched",
    ]


async def test_the_token_is_not_shown(token):
    assert await token.get() not in repr(token)
