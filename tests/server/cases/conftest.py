"""The whole product over HTTP, held to its own documentation."""

import json
import re

import httpx
import pytest

from server.app import PREFIX, VERSION
from server.kit.http import openapi
from server.wiring import SURFACES
from tests.server.cases.desk import Town


@pytest.fixture(scope="session")
def documented():
    """The OpenAPI document as pattern and operations by method."""
    routes = [route for surface in SURFACES for route in surface.routes]
    document = openapi.describe(routes, prefix=PREFIX, version=VERSION)
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), methods)
        for path, methods in document["paths"].items()
    ]


@pytest.fixture
async def http(api_url, documented):
    """A client for which every answer must be one that the documentation lists."""

    async def check(answer):
        await answer.aread()
        path, method = answer.request.url.path, answer.request.method.lower()
        responses = next(
            methods[method]["responses"]
            for pattern, methods in documented
            if pattern.fullmatch(path) and method in methods
        )
        listed = responses[str(answer.status_code)]
        if answer.status_code >= 400:
            assert f"`{json.loads(answer.content)['code']}`" in listed["description"]

    hooks = {"response": [check]}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=f"{api_url}{PREFIX}", event_hooks=hooks, limits=limits
    ) as client:
        yield client


@pytest.fixture
async def town(http, ports):
    """Everybody."""
    return Town(http, ports)


@pytest.fixture
async def clerk(town):
    """At a street."""
    return await town.clerk()


@pytest.fixture
async def handler(town):
    """Of the district's civil affairs."""
    return await town.handler()


@pytest.fixture
async def zhang(town):
    """A citizen."""
    return await town.citizen()
