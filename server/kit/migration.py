"""Applying the migrations: once, before anything serves, whoever else tries at the same time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.migrations.api.migrate import migrate

from config.settings import Settings
from server.kit.database import (
    DatabaseUnfit,
    close_database,
    connect_alone,
    tortoise_config,
)

LOCK_NAME = "tongban_migrate"
LOCK_WAIT_S = 120


async def apply_migrations(settings: Settings) -> None:
    """Bring the tables to the newest version; raises `DatabaseUnfit` if another run hangs.

    DDL is not transactional and carries no lock of its own, hence the named one.
    """
    try:
        if settings.is_embedded:
            await migrate(config=await tortoise_config(settings))
            return
        async with _named_lock(settings):
            await migrate(config=await tortoise_config(settings))
    finally:
        await close_database()


@asynccontextmanager
async def _named_lock(settings: Settings) -> AsyncIterator[None]:
    async with connect_alone(settings) as connection, connection.cursor() as cursor:
        await cursor.execute("SELECT GET_LOCK(%s, %s)", (LOCK_NAME, LOCK_WAIT_S))
        (held,) = await cursor.fetchone()
        if held != 1:
            raise DatabaseUnfit("another migration has been running for two minutes")
        yield
