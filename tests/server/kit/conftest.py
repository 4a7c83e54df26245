"""A server with the toy capability only."""

import itertools

import httpx
import pytest

from server.app import create_app
from tests.server.kit.toy import authenticate, open_gate, toy
from tests.support.sanic_server import serve

numbers = itertools.count(1)


@pytest.fixture
async def toy_url(engine, ports):
    """The URL of a server with the toy routes."""
    open_gate()
    app = create_app(
        [toy],
        ports,
        authenticate=authenticate,
        probe=engine.probe,
        name=f"toy_{next(numbers)}",
    )
    async with serve(app) as url:
        yield url


@pytest.fixture
async def http(toy_url):
    """A client of the toy routes."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=f"{toy_url}/api/v1/toy", limits=limits) as client:
        yield client
