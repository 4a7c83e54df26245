"""`python -m tests.support.keys FOLDER`: which keys the migrations leave out on SQLite.

SQLite alters a field by copying its table, and what stands beside the table is easily left behind.
"""

import asyncio
import sqlite3
import sys
from pathlib import Path

from tortoise import Tortoise

from config.settings import Settings
from models import MODEL_MODULES
from server.kit.migration import apply_migrations

Keys = set[tuple[str, tuple[str, ...], bool]]


async def find_missing(folder: Path) -> Keys:
    """Return table, columns and uniqueness of what the models declare and the tables lack."""
    migrated, declared = folder / "migrated", folder / "declared.sqlite3"
    migrated.mkdir()
    await apply_migrations(Settings(environment="test", data_folder=migrated))
    await Tortoise.init(db_url=f"sqlite://{declared}", modules={"models": list(MODEL_MODULES)})
    await Tortoise.generate_schemas()
    await Tortoise.close_connections()
    return read_keys(declared) - read_keys(migrated / "tongban.sqlite3")


def read_keys(path: Path) -> Keys:
    """Return every index of a database by its columns."""
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {key for (table,) in tables.fetchall() for key in _keys_of(connection, table)}


def _keys_of(connection: sqlite3.Connection, table: str) -> Keys:
    found = connection.execute(f"PRAGMA index_list('{table}')").fetchall()
    return {
        (table, tuple(row[2] for row in _columns(connection, name)), bool(is_unique))
        for _, name, is_unique, *_ in found
    }


def _columns(connection: sqlite3.Connection, name: str) -> list[tuple[int, int, str]]:
    return connection.execute(f"PRAGMA index_info('{name}')").fetchall()


if __name__ == "__main__":
    for key in sorted(asyncio.run(find_missing(Path(sys.argv[1])))):
        sys.stdout.write(f"{key}\n")
