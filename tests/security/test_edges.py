"""What no client of ours sends: ids and codes too long for a column, methods a path has not."""

import httpx
import pytest

from models.people import SessionKind
from server.identity.sessions import open_session
from tests.support.papers import make_citizen

LONG_CODE, LONG_ID = "a" * 17, "a" * 33


@pytest.fixture
async def http(api_url, ports):
    citizen = await make_citizen()
    session = await open_session(SessionKind.CITIZEN, citizen.id, ports=ports, now=ports.now())
    headers = {"authorization": f"Bearer {session.token}", "idempotency-key": "edges-of-shape"}
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1", headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/citizen/appointments/{LONG_ID}", "not_found"),
        (f"/citizen/cases/{LONG_ID}", "not_found"),
        (f"/citizen/parcels/{LONG_ID}", "not_found"),
        (f"/public/points/{LONG_CODE}", "unknown_point"),
        (f"/public/items/{LONG_CODE}", "unknown_item"),
        (f"/public/points?item_code={LONG_CODE}", "unknown_item"),
        (f"/public/ratings/summary?point_code={LONG_CODE}", "unknown_point"),
    ],
)
async def test_what_is_too_long_to_be_there_is_not_there(http, path, code):
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_items_too_long_to_be_there_are_unknown_in_a_booking(http):
    body = {"point_code": "350102-C", "item_codes": [LONG_CODE, "GL0001"]}
    answer = await http.post("/citizen/appointments", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_item")


@pytest.mark.parametrize("method", ["TRACE", "PATCH", "QUERY"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/admin/points/350102-C", {"GET", "PUT"}), ("/citizen/me", {"GET"})],
)
async def test_a_method_that_a_path_has_not_is_refused_with_those_it_has(
    http, method, path, allowed
):
    answer = await http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed


async def test_a_password_longer_than_any_is_refused_unread(http):
    body = {"login": "clerk", "password": "x" * 129}
    answer = await http.post("/courier/login", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_shape")
