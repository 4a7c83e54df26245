"""A whole system on private servers, as an operator runs it: for proofs, benchmarks, faults."""

import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from config.settings import Settings
from integrations.ems.sandbox.app import API_PATH as EMS_API_PATH
from server.bootstrap import Engine, open_engine
from server.kit.migration import apply_migrations
from server.wiring import SEEDS
from tests.support.servers import (
    Api,
    Listener,
    MariaDB,
    Redis,
    start_api,
    start_ems_sandbox,
    start_mariadb,
    start_redis,
    start_wechat_sandbox,
    start_worker,
)


@dataclass
class System:
    """What is running, and the environment that whatever else is started gets."""

    mariadb: MariaDB | None
    redis: Redis
    wechat: Listener
    ems: Listener
    env: dict[str, str]

    @property
    def settings(self) -> Settings:
        """The same settings that the processes read."""
        values = {name.lower(): value for name, value in self.env.items()}
        templates = json.loads(values.pop("wechat_templates"))
        return Settings(**values, wechat_templates=templates)

    @contextlib.contextmanager
    def api(self, processes: int = 1) -> Iterator[list[Api]]:
        """Run API processes."""
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(start_api(self.env)) for _ in range(processes)]

    @contextlib.contextmanager
    def worker(self) -> Iterator[object]:
        """Run a worker."""
        with start_worker(self.env) as worker:
            yield worker

    @contextlib.contextmanager
    def serving(self, port: int) -> Iterator[Api]:
        """Run an API process and a worker: one process where the database is embedded."""
        if self.mariadb is None:
            with start_api(self.env, port, "--with-worker") as api:
                yield api
            return
        with start_api(self.env, port) as api, self.worker():
            yield api

    @contextlib.asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """Open an engine in this process on the same database."""
        async with open_engine(self.settings) as engine:
            yield engine


@contextlib.contextmanager
def start_servers(
    push_url: str = "http://127.0.0.1:9/push", *, is_embedded: bool = False
) -> Iterator[System]:
    """Run a Redis, both sandboxes and, unless embedded, a durable MariaDB; nothing of ours yet."""
    with contextlib.ExitStack() as stack:
        mariadb = None if is_embedded else stack.enter_context(start_mariadb())
        redis = stack.enter_context(start_redis())
        wechat = stack.enter_context(start_wechat_sandbox())
        ems = stack.enter_context(start_ems_sandbox(push_url))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tongban-data-"))
        env = {
            "ENVIRONMENT": "test",
            "DATA_FOLDER": folder,
            "DATABASE_URL": stack.enter_context(mariadb.database("tongban")) if mariadb else "",
            "DATABASE_POOL": "20",
            "REDIS_URL": redis.url,
            "WECHAT_API_BASE": wechat.url,
            "EMS_API_BASE": f"{ems.url}{EMS_API_PATH}",
            "WECHAT_TEMPLATES": '{"*": "notice-template-for-tests-0123456789"}',
            "CHECK_IN_AT_ANY_TIME": "true",
            # Load is what most of them make; the rush has proofs of its own.
            "RUSH_TRIES_PER_S": "1000000",
            "LOG_LEVEL": "WARNING",
        }
        yield System(mariadb, redis, wechat, ems, env)


@contextlib.asynccontextmanager
async def start_system(*, with_slots: bool = False) -> AsyncIterator[System]:
    """The same with tables and the shipped catalogue; slots only if asked for."""
    with start_servers() as system:
        await apply_migrations(system.settings)
        async with system.engine() as engine:
            for name, load in SEEDS:
                if with_slots or name != "slots":
                    await load(engine.ports)
        yield system
