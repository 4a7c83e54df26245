"""Opening the database: one configuration for MariaDB, MySQL and the embedded SQLite."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomysql
from tortoise import Tortoise, connections

from config.settings import Settings
from models.migrating import CONFIG

# The ORM teaches SQLite dates and instants, but no times of day.
sqlite3.register_adapter(time, time.isoformat)

LOCK_WAIT_S = 5
"""Longer than any transaction holds a row; after it the work is tried again, then `busy`."""
LONGEST_TEXT_BYTES = 1_048_576
"""Of a group's values put together: as MariaDB allows, where MySQL would cut it at 1,024."""


class DatabaseUnfit(Exception):
    """The server is not configured as the product needs it."""


async def open_database(settings: Settings) -> None:
    """Open the pool of this process and check every session setting that correctness rests on."""
    await Tortoise.init(config=await tortoise_config(settings), _enable_global_fallback=True)
    if not settings.is_embedded:
        await _check_sessions(settings)


async def close_database() -> None:
    """Close every connection of this process."""
    await Tortoise.close_connections()


async def answers() -> bool:
    """Tell whether the database answers at all."""
    await connections.get("default").execute_query("SELECT 1")
    return True


async def tortoise_config(settings: Settings) -> dict[str, Any]:
    """Return what the ORM is configured with."""
    connection = _sqlite(settings) if settings.is_embedded else await _mysql(settings)
    return {**CONFIG, "connections": {"default": connection}}


def _sqlite(settings: Settings) -> dict[str, Any]:
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    path = settings.effective_database_url.removeprefix("sqlite://")
    credentials = {"file_path": path, "journal_mode": "WAL", "synchronous": "FULL"}
    return {"engine": "tortoise.backends.sqlite", "credentials": credentials}


async def _mysql(settings: Settings) -> dict[str, Any]:
    credentials = _mysql_credentials(settings.database_url)
    isolation = await _isolation_variable(settings)
    return {
        "engine": "tortoise.backends.mysql",
        "credentials": {
            **credentials,
            "minsize": 1,
            "maxsize": settings.database_pool,
            "connect_timeout": 5,
            "pool_recycle": 3600,
            "init_command": (
                f"SET time_zone='+00:00', {isolation}='READ-COMMITTED', "
                f"innodb_lock_wait_timeout={LOCK_WAIT_S}, group_concat_max_len={LONGEST_TEXT_BYTES}"
            ),
        },
    }


def _mysql_credentials(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 3306,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
    }


@asynccontextmanager
async def connect_alone(settings: Settings) -> AsyncIterator[Any]:
    """Open one connection outside of the pool for the length of a block."""
    login = _mysql_credentials(settings.database_url)
    login["db"] = login.pop("database")
    connection = await aiomysql.connect(connect_timeout=5, autocommit=True, **login)
    try:
        yield connection
    finally:
        connection.close()


async def _isolation_variable(settings: Settings) -> str:
    """MariaDB before 11.1 knows the variable by its old name only, MySQL 8 by the new one only."""
    async with connect_alone(settings) as connection:
        version: str = connection.get_server_info()
    return "tx_isolation" if "mariadb" in version.lower() else "transaction_isolation"


async def _check_sessions(settings: Settings) -> None:
    rows = await connections.get("default").execute_query_dict("SHOW VARIABLES")
    found = {row["Variable_name"]: str(row["Value"]).upper() for row in rows}
    isolation = found.get("transaction_isolation") or found["tx_isolation"]
    if found["time_zone"] != "+00:00" or isolation != "READ-COMMITTED":
        raise DatabaseUnfit("sessions must run in UTC and at READ COMMITTED")
    if "STRICT" not in found["sql_mode"] or "NO_BACKSLASH_ESCAPES" in found["sql_mode"]:
        raise DatabaseUnfit("sessions must run in a strict SQL mode, with backslash escapes")
    is_durable = found["innodb_flush_log_at_trx_commit"] == "1"
    if settings.environment == "production" and not is_durable:
        raise DatabaseUnfit("innodb_flush_log_at_trx_commit must be 1: a commit must be on disk")
