"""Fixtures for whatever runs on an engine: real servers, the shipped catalogue, an API."""

from datetime import UTC, datetime

import httpx
import pytest
from tortoise import Tortoise, connections
from tortoise.transactions import in_transaction

from config.settings import Settings
from server.app import create_app
from server.appointments.shown import forget_shown
from server.bootstrap import open_engine
from server.catalog.service import forget_caches
from server.identity.sessions import SessionDirectory
from server.kit.migration import apply_migrations
from server.kit.transaction import finish_running
from server.wiring import SEEDS, SURFACES
from tests.support.clock import FrozenClock
from tests.support.sanic_server import serve
from tests.support.servers import start_ems_sandbox, start_wechat_sandbox

MONDAY_MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""Nine o'clock in Fuzhou."""

SHIPPED = frozenset(
    {
        "tortoise_migrations",
        "service_points",
        "windows",
        "departments",
        "service_items",
        "materials",
        "calendar_days",
        "slot_templates",
    }
)
"""Tables that are filled once a session and stay; a test that changes them asks for `catalogue`."""


@pytest.fixture(scope="session")
def clock():
    """The clock of every engine in the tests; back at Monday morning for each test."""
    return FrozenClock(MONDAY_MORNING)


@pytest.fixture(scope="session")
def wechat_sandbox():
    """A running WeChat sandbox."""
    with start_wechat_sandbox() as server:
        yield server


@pytest.fixture(scope="session")
def ems_sandbox():
    """A running EMS sandbox whose pushes go nowhere."""
    with start_ems_sandbox("http://127.0.0.1:9/push") as server:
        yield server


@pytest.fixture(scope="session")
def settings(request, is_embedded, redis_server, wechat_sandbox, ems_sandbox, tmp_path_factory):
    """Settings of the engine under test."""
    database_url = ""
    if not is_embedded:
        server = request.getfixturevalue("mariadb_server")
        database_url = request.getfixturevalue("_session_database")
        assert server.is_ready()
    return Settings(
        environment="test",
        data_folder=tmp_path_factory.mktemp("data"),
        database_url=database_url,
        redis_url=redis_server.url,
        wechat_api_base=wechat_sandbox.url,
        ems_api_base=f"{ems_sandbox.url}/amp-prod-api/f/amp/api/open",
        rush_tries_per_s=1_000_000,
        wechat_templates={"*": "notice-template-for-tests-0123456789abcdefg"},
    )


@pytest.fixture(scope="session")
def _session_database(mariadb_server):
    with mariadb_server.database("tongban") as url:
        yield url


@pytest.fixture(scope="session")
async def engine(settings, clock):
    """An engine on a migrated database that holds the shipped catalogue."""
    await apply_migrations(settings)
    async with open_engine(settings, clock=clock) as opened:
        await fill_catalogue(opened.ports)
        yield opened


@pytest.fixture
async def ports(engine, redis_server, clock):
    """The ports of an engine with the shipped catalogue and nothing else."""
    clock.advance(seconds=(MONDAY_MORNING - clock.now()).total_seconds())
    redis_server.flush()
    forget_caches()
    forget_shown()
    yield engine.ports
    await finish_running()
    await empty_tables(keep=SHIPPED)


@pytest.fixture
async def catalogue(engine):
    """For a test that changes the catalogue: it is as shipped again afterwards."""
    yield
    await empty_tables(keep=frozenset({"tortoise_migrations"}))
    await fill_catalogue(engine.ports)


@pytest.fixture(scope="session")
async def api_server(engine):
    """A server in this process on the same engine; making one takes half a second."""
    app = create_app(
        SURFACES,
        engine.ports,
        authenticate=SessionDirectory(engine.ports).authenticate,
        probe=engine.probe,
        name="tongban_under_test",
    )
    async with serve(app) as url:
        yield url


@pytest.fixture
async def api_url(api_server, ports):
    """The URL of the server, with tables that hold the catalogue and nothing else."""
    assert ports is not None
    return api_server


@pytest.fixture
async def http(api_url):
    """A client of the API."""
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1", timeout=30) as client:
        yield client


async def fill_catalogue(ports):
    for name, load in SEEDS:
        if name != "slots":
            await load(ports)


async def empty_tables(*, keep):
    tables = {model._meta.db_table for model in Tortoise.apps["models"].values()} - keep
    async with in_transaction():
        for table in sorted(tables):
            await connections.get("default").execute_query(f"DELETE FROM {table}")
