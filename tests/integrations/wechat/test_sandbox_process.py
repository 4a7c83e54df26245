import asyncio
import subprocess
import sys

import httpx
import pytest

from tests.support.servers import start_wechat_sandbox

LOGINS = 5000
CLIENTS = 50
PERSONS = 500


@pytest.fixture
def process():
    with start_wechat_sandbox() as server:
        yield server


async def log_in(http: httpx.AsyncClient, person: str) -> tuple[str, str]:
    minted = (await http.post("/sandbox/codes", json={"person": person})).json()
    query = {
        "appid": "wx00000000demo0000",
        "secret": "demo-only-not-for-production",
        "js_code": minted["code"],
        "grant_type": "authorization_code",
    }
    answer = (await http.get("/sns/jscode2session", params=query)).json()
    return person, answer["openid"]


async def log_in_many(url: str, persons: list[str]) -> list[tuple[str, str]]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        return [await log_in(http, person) for person in persons]


async def test_five_thousand_logins_at_once_are_all_answered(process):
    persons = [f"person-{n % PERSONS}" for n in range(LOGINS)]
    shares = [persons[n::CLIENTS] for n in range(CLIENTS)]
    shared = await asyncio.gather(*(log_in_many(process.url, share) for share in shares))
    logins = [login for share in shared for login in share]
    assert len(logins) == LOGINS
    assert len(set(logins)) == PERSONS
    assert len({openid for _, openid in logins}) == PERSONS


async def test_it_ends_cleanly_on_sigterm_and_logs_no_access(process):
    await log_in_many(process.url, ["zhang"])
    assert process.stop() == 0
    assert process.log.read_text() == ""


def test_it_tells_how_to_run_it():
    command = [sys.executable, "-m", "integrations.wechat.sandbox", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "--port" in told.stdout
    assert "--appid" in told.stdout
