"""Fixtures for all: private servers, started once, and what is fresh in them."""

import itertools

import pytest

from tests.support.servers import start_mariadb, start_redis

pytest_plugins = ("tests.support.engine",)

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def mariadb_server():
    """One MariaDB for the whole session."""
    # What is durable is proved elsewhere; here a commit need not wait for the disk.
    with start_mariadb("--innodb-flush-log-at-trx-commit=2") as server:
        yield server


@pytest.fixture(scope="module")
def mariadb(mariadb_server):
    """The URL of a database that is empty when the module begins."""
    with mariadb_server.database(f"test_{next(numbers)}") as url:
        yield url


@pytest.fixture(scope="session")
def redis_server():
    """One Redis for the whole session."""
    with start_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server):
    """The URL of a Redis that is empty when the test begins."""
    redis_server.flush()
    return redis_server.url


def pytest_addoption(parser):
    parser.addoption(
        "--database",
        choices=("mariadb", "sqlite"),
        default="mariadb",
        help="what the capability tests run on: the real one or the embedded default",
    )


@pytest.fixture(scope="session")
def is_embedded(request):
    """Whether the capability tests run on the embedded default."""
    return request.config.getoption("--database") == "sqlite"
