"""The trail over HTTP."""

import httpx
import pytest

from server.audit.service import record
from server.identity.demo_accounts import seed_demo_accounts
from server.kit.access import Actor, Role
from server.kit.transaction import in_transaction
from tests.support.people import bearer, log_in_desk

ASKED = {"subject": "attachment", "subject_id": "a1"}


@pytest.fixture
async def http(api_url, ports):
    await in_transaction(lambda: seed_demo_accounts(["350102-C"], [], now=ports.now()))
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1") as client:
        yield client


@pytest.fixture
async def trail(ports):
    """Three views of one file and one of another."""
    actor = Actor(Role.CLERK, id="c1")
    for number, subject_id in enumerate(("a1", "a2", "a1", "a1")):
        await record(
            actor=actor,
            action="attachment.view",
            subject="attachment",
            subject_id=subject_id,
            now=ports.now(),
            detail={"number": number},
        )


@pytest.mark.usefixtures("trail")
async def test_a_supervisor_sees_the_history_of_one_thing_page_by_page(http, ports):
    supervisor = bearer(await log_in_desk(http, "supervisor", ports.now()))
    first = await http.get("/district/audit", params=ASKED | {"limit": "2"}, headers=supervisor)
    page = first.json()
    assert [entry["detail"] for entry in page["items"]] == [{"number": 0}, {"number": 2}]
    assert page["items"][0]["actor"] == "clerk:c1"
    assert page["items"][0]["is_sealed"] is False
    rest = await http.get(
        "/district/audit", params=ASKED | {"cursor": page["next_cursor"]}, headers=supervisor
    )
    assert [entry["detail"] for entry in rest.json()["items"]] == [{"number": 3}]
    assert rest.json()["next_cursor"] is None


@pytest.mark.parametrize("login", ["admin", "clerk-350102-C", "manager-350102-C"])
async def test_nobody_else_sees_the_trail(http, ports, login):
    session = bearer(await log_in_desk(http, login, ports.now()))
    assert (await http.get("/district/audit", params=ASKED, headers=session)).status_code == 403
    assert (await http.get("/district/audit", params=ASKED)).status_code == 401


@pytest.mark.parametrize("change", [{"cursor": "x"}, {"cursor": "9" * 19}, {"subject": "a b"}])
async def test_a_question_that_makes_no_sense_is_refused(http, ports, change):
    supervisor = bearer(await log_in_desk(http, "supervisor", ports.now()))
    answer = await http.get("/district/audit", params=ASKED | change, headers=supervisor)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_shape")
