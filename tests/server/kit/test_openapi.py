"""The OpenAPI document: valid, whole, and true to the routes."""

import json
import re

import httpx
import pytest
import schemathesis
from sanic import HTTPResponse

from server.app import PREFIX, VERSION, _refuse_unguarded, create_app
from server.kit.access import CITIZENS, NOBODY, Role
from server.kit.http import openapi
from server.kit.http.schemas import Outgoing
from server.wiring import SURFACES
from tests.server.kit.toy import authenticate, toy

ROUTES = [route for surface in SURFACES for route in surface.routes]
DOCUMENT = openapi.describe(ROUTES, prefix=PREFIX, version=VERSION)
EVERY_ROUTE = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


def operation_of(route):
    return DOCUMENT["paths"][re.sub(r"<(\w+)>", r"{\1}", PREFIX + route.path)][route.method.lower()]


def test_the_document_is_valid():
    assert is_valid(DOCUMENT)
    assert not is_valid(DOCUMENT | {"paths": {"/healthz": {"get": {"responses": 200}}}})


def is_valid(document):
    try:
        schemathesis.openapi.from_dict(json.loads(json.dumps(document))).validate()
    except ValueError:
        return False
    return True


def test_every_reference_leads_somewhere():
    named = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert named - DOCUMENT["components"]["schemas"].keys() == set()
    assert set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT))) == {
        f"#/components/schemas/{name}" for name in named
    }


def test_no_two_routes_have_one_name_or_one_place():
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert sum(len(methods) for methods in DOCUMENT["paths"].values()) == len(ROUTES)


@EVERY_ROUTE
def test_every_refusal_of_a_route_is_listed_by_status_and_code(route):
    responses = operation_of(route)["responses"]
    for refusal in route.refuses:
        assert f"`{refusal.code}`" in responses[str(refusal.status)]["description"]
    wanted = {400, 503}
    if route.allows.roles:
        wanted |= {401, 403}
    if route.body or route.query:
        wanted |= {422}
    if "<" in route.path:
        wanted |= {404}
    if route.is_keyed:
        wanted |= {409, 422}
    assert wanted <= {int(status) for status in responses}


@EVERY_ROUTE
def test_every_route_says_what_it_does_and_who_may(route):
    operation = operation_of(route)
    assert operation["operationId"] == route.name
    assert operation["summary"] != route.name
    assert operation.get("x-roles", []) == sorted(route.allows.roles)
    assert ("security" in operation) is bool(route.allows.roles)


@EVERY_ROUTE
def test_every_route_that_creates_or_moves_is_keyed_and_whole(route):
    if route.is_keyed:
        assert route.answer is None or issubclass(route.answer, Outgoing)
        assert route.is_transactional
        assert not route.allows.admits(NOBODY)
    if route.method == "POST" and not route.is_keyed:
        assert route.path in {
            "/admin/items/import",
            "/callbacks/carriers/<carrier>",
            "/callbacks/wechat",
            "/citizen/addresses/parse",
            "/citizen/login",
            "/citizen/phone",
            "/courier/login",
            "/courier/scans",
            "/desk/login",
            "/desk/parcels/labels",
        }


@EVERY_ROUTE
def test_the_path_says_who_may_call(route):
    audience = route.path.split("/")[1]
    allowed = {
        "citizen": {Role.CITIZEN},
        "desk": {Role.CLERK, Role.MANAGER, Role.HANDLER, Role.SUPERVISOR, Role.ADMIN},
        "courier": {Role.COURIER},
        "district": {Role.SUPERVISOR},
        "admin": {Role.ADMIN, Role.MANAGER},
        "public": set(),
        "callbacks": set(),
    }[audience]
    assert route.allows.roles <= allowed


def test_only_logins_callbacks_and_what_is_public_are_open_to_everybody():
    opened = {route.path for route in ROUTES if not route.allows.roles}
    private = {path for path in opened if not path.startswith(("/public/", "/callbacks/"))}
    assert private == {"/citizen/login", "/courier/login", "/desk/login"}


async def test_a_route_without_a_policy_stops_the_start(ports):
    app = new_app(ports, "unguarded")

    async def bare(_):
        return HTTPResponse()

    app.add_route(bare, "/api/v1/bare", name="bare")
    with pytest.raises(RuntimeError, match="routes without a policy: bare"):
        _refuse_unguarded(app, toy.routes)


async def test_a_route_must_name_its_policy():
    with pytest.raises(TypeError, match="allows"):
        toy.get("/nobody-knows")
    assert CITIZENS.roles == {Role.CITIZEN}


async def test_the_document_and_its_page_are_served(toy_url):
    async with httpx.AsyncClient(base_url=toy_url) as client:
        document = (await client.get("/docs/openapi.json")).json()
        page = await client.get("/docs")
        script = await client.get("/docs/swagger-ui-bundle.js")
        start = await client.get("/docs/start.js")
    assert set(document["paths"]) >= {"/api/v1/toy/things", "/api/v1/toy/things/{thing_id}"}
    assert "/docs/swagger-ui.css" in page.text
    assert "http://" not in page.text.replace("<!doctype html>", "")
    assert script.status_code == start.status_code == 200


def new_app(ports, name):
    async def probe():
        return {}

    return create_app([toy], ports, authenticate=authenticate, probe=probe, name=name)
