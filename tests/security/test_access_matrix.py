"""Every route, asked by everybody, about their own things and other people's."""

import pytest

from models.cases import Case
from models.catalog import Window
from server.wiring import SURFACES
from tests.security.matrix import rows
from tests.security.requests import ABSENT, ask
from tests.support.booking import STREET

CODES = {
    "unauthenticated": "1",
    "forbidden": "3",
    "real_name_required": "n",
    "not_found": "0",
}
pytestmark = pytest.mark.timeout(400)  # thousands of requests

ROUTES = {(route.method, route.path): route for surface in SURFACES for route in surface.routes}


def test_every_route_has_a_row_and_every_row_a_route():
    told = {(method, path) for method, path, _, _ in rows()}
    missing = [f"{method} {path}" for method, path in ROUTES.keys() - told]
    gone = [f"{method} {path}" for method, path in told - ROUTES.keys()]
    assert not missing, (
        f"add a line to tests/security/matrix.py for {sorted(missing)}: the route, the thing of "
        "tests/security/world.py that it is asked for (or -), and who reaches it; add a body to "
        "tests/security/requests.py if it takes one"
    )
    assert not gone, f"take these lines out of tests/security/matrix.py: {sorted(gone)}"


def test_what_everybody_may_do_shares_no_idempotency_keys():
    shared = [route.name for route in ROUTES.values() if route.allows.is_open and route.is_keyed]
    assert shared == []


@pytest.mark.timeout(480)  # a thousand requests, on whatever the machine has left
@pytest.mark.usefixtures("catalogue")
async def test_everybody_reaches_what_is_theirs_and_nothing_else(http, world):
    wrong = []
    for method, path, thing, expected in rows():
        for who, outcome in expected.items():
            answer = await _ask(http, world, (method, path, thing), who)
            found = _outcome(answer)
            if found != outcome:
                told = f"{answer.status_code} {answer.text[:80]}"
                wrong.append(f"{method} {path} {thing}: {who} {found}, not {outcome}: {told}")
    assert wrong == []


@pytest.mark.usefixtures("catalogue")
async def test_every_refusal_has_a_code_that_its_route_documents(http, world):
    page = await http.get(str(http.base_url.copy_with(path="/docs/openapi.json")))
    wrong = []
    for method, path, thing, expected in rows():
        told = page.json()["paths"]["/api/v1" + path.replace("<", "{").replace(">", "}")][
            method.lower()
        ]
        for who in expected:
            answer = await _ask(http, world, (method, path, thing), who)
            if answer.is_error and answer.json()["code"] not in _codes(told, answer.status_code):
                wrong.append(f"{method} {path}: {answer.status_code} {answer.json()['code']}")
    assert wrong == []


async def test_what_is_not_mine_is_answered_as_what_is_not_there(http, world):
    wrong = []
    for method, path, thing, expected in rows():
        for who in (who for who, outcome in expected.items() if outcome == "0"):
            mine = await _ask(http, world, (method, path, thing), who)
            none = await _ask(http, world, (method, path, thing), who, known_as=ABSENT)
            if _shown(mine) != _shown(none):
                wrong.append(f"{method} {path} {thing}: {who} {mine.text} but {none.text}")
    assert wrong == []


async def test_lists_show_what_is_ones_own(http, world):
    pairs = (
        ("/citizen/appointments", "owner", "other"),
        ("/citizen/pre-reviews", "owner", "other"),
        ("/citizen/cases", "owner", "other"),
        ("/citizen/notices", "owner", "other"),
        ("/desk/appointments?date=2026-11-24", "clerk", "clerk2"),
        ("/desk/cases", "clerk", "clerk2"),
        ("/desk/cases", "handler", "handler2"),
        ("/desk/parcels", "clerk", "clerk2"),
        ("/courier/rounds", "courier", "courier2"),
    )
    for path, mine, others in pairs:
        shown = await http.get(path, headers=await world.headers(mine))
        hidden = await http.get(path, headers=await world.headers(others))
        assert len(shown.json()["items"]) > 0, path
        assert hidden.json() == {"items": [], "next_cursor": None}, path


async def test_a_window_of_the_same_number_elsewhere_is_another_window(http, world):
    await http.post("/desk/windows/1/open", headers=await world.headers("clerk2"))
    here = await Window.get(point_code=STREET, number=1)
    assert here.opened_at is None


async def test_a_review_of_somebody_else_books_and_opens_nothing(http, world):
    booking = {"point_code": STREET, "starts_at": "2026-11-24T02:00:00Z", "item_codes": ["GL0002"]}
    answers = [
        await http.post(
            "/citizen/appointments",
            json=booking | {"pre_review_id": pre_review_id},
            headers=await world.headers("other"),
        )
        for pre_review_id in (world.ids["passed"], ABSENT)
    ]
    assert [one.json()["code"] for one in answers] == ["pre_review_not_usable"] * 2
    assert _shown(answers[0]) == _shown(answers[1])
    before = await Case.all().count()
    person = {"name": "赵六", "id_number": "350102190001020010"}
    body = {"item_code": "GL0002", "person": person, "pre_review_id": world.ids["passed"]}
    refused = await http.post("/desk/cases", json=body, headers=await world.headers("clerk2"))
    assert refused.is_error
    assert await Case.all().count() == before


async def _ask(http, world, line, who, *, known_as=None):
    method, path, thing = line
    name = thing.lstrip("@").removesuffix("+person")
    known_as = known_as or world.ids.get(name, ABSENT)
    return await ask(http, method, path, (thing, known_as), await world.headers(who))


def _codes(operation, status):
    content = operation["responses"].get(str(status), {}).get("content", {})
    schema = content.get("application/problem+json", {}).get("schema", {"allOf": [{}, {}]})
    return schema["allOf"][1].get("properties", {}).get("code", {}).get("enum", [])


def _outcome(answer):
    if answer.status_code >= 500:
        return "5xx"
    problem = answer.headers.get("content-type") == "application/problem+json"
    return CODES.get(answer.json()["code"], ".") if problem else "."


def _shown(answer):
    if answer.is_success:
        return answer.status_code, answer.content
    problem = answer.json()
    del problem["request_id"]
    return answer.status_code, problem
