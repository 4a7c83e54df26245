"""Many rows in one statement and many statements at once, where each one's price is too high."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import NoneType
from typing import Any, NamedTuple

from tortoise import Model, connections
from tortoise.backends.mysql.client import translate_exceptions

from server.kit.transaction import guard_database, in_transaction, until_uncontended

_INSERT = "INSERT {ignore} INTO {table} ({columns}) VALUES {rows}"


class Statement(NamedTuple):
    """SQL with a placeholder for each of the values."""

    sql: str
    values: Sequence[Any] = ()


_BEGIN = Statement("START TRANSACTION")


Judge = Callable[[list[int]], None]
"""Is told how many rows each statement changed; what it raises undoes them all."""


async def run_all(statements: Sequence[Statement]) -> list[int]:
    """Run statements that return no rows, in order; return how many rows each one changed.

    Call it inside a transaction: the first error ends it. MySQL is sent all of them at once.
    """
    connection = connections.get("default")
    if connection.capabilities.dialect == "mysql":
        return await _run_stacked(connection, statements)  # type: ignore[no-any-return]
    return [(await connection.execute_query(*one))[0] for one in statements]


async def fetch_all(statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
    """Run statements that return rows, in order; return the rows of each.

    MySQL is sent all of them at once.
    """
    connection = connections.get("default")
    if connection.capabilities.dialect == "mysql":
        return await _fetch_stacked(connection, statements)  # type: ignore[no-any-return]
    found = [(await connection.execute_query(*one))[1] for one in statements]
    return [[tuple(row.values()) for row in map(dict, rows)] for rows in found]


async def run_whole(statements: Sequence[Statement], judge: Judge) -> None:
    """Run statements as a transaction of their own, if `judge` does not raise.

    Does what `in_transaction` over `run_all` does, with fewer messages to MySQL; likewise, a
    deadlock or a lock wait is tried again. Call it where nobody hangs up.
    """
    connection = connections.get("default")
    if connection.capabilities.dialect == "mysql":
        await guard_database(
            lambda: until_uncontended(lambda: _commit(connection, statements, judge))
        )
    else:
        await in_transaction(lambda: _run_judged(statements, judge))


async def _run_judged(statements: Sequence[Statement], judge: Judge) -> None:
    judge(await run_all(statements))


@translate_exceptions
async def _commit(connection: Any, statements: Sequence[Statement], judge: Judge) -> None:
    async with connection.acquire_connection() as raw:
        try:
            _, *results = await _send_stacked(raw, [_BEGIN, *statements])
            judge([result.affected_rows for result in results])
            await raw.commit()
        except Exception:
            if not raw.closed:
                await raw.rollback()
            raise


@translate_exceptions
async def _run_stacked(connection: Any, statements: Sequence[Statement]) -> list[int]:
    async with connection.acquire_connection() as raw:
        return [result.affected_rows for result in await _send_stacked(raw, statements)]


@translate_exceptions
async def _fetch_stacked(
    connection: Any, statements: Sequence[Statement]
) -> list[list[tuple[Any, ...]]]:
    async with connection.acquire_connection() as raw:
        return [list(result.rows) for result in await _send_stacked(raw, statements)]


async def _send_stacked(raw: Any, statements: Sequence[Statement]) -> list[Any]:
    filled = [sql % tuple([as_literal(value) for value in values]) for sql, values in statements]
    await raw.query(";".join(filled))
    results = [raw._result]  # noqa: SLF001 - its cursors hide it and ask for warnings
    while results[-1].has_next:
        await raw.next_result()
        results.append(raw._result)  # noqa: SLF001 - see above
    return results


def as_instant(stored: datetime | str) -> datetime:
    """Return the instant that a column holds, as either database gives it."""
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_literal(value: str | int | datetime | None) -> str:
    """Return a value as MySQL reads it; the driver's own way takes several times as long.

    Holds as long as backslashes escape, which is checked of every session at the start.
    """
    return _LITERALS[type(value)](value)


def _quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


@lru_cache(maxsize=1024)
def _quote_instant(value: datetime) -> str:
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)
    return f"'{moment.replace(tzinfo=None).isoformat(' ')}'"


def _write_null(_: None) -> str:
    return "NULL"


_LITERALS: dict[type, Callable[[Any], str]] = {
    str: _quote,
    int: int.__repr__,
    datetime: _quote_instant,
    NoneType: _write_null,
}


def insert(
    model: type[Model],
    columns: tuple[str, ...],
    rows: Sequence[Sequence[object]],
    *,
    keeps_known: bool = False,
) -> Statement:
    """Insert one row or more, whose values are as the columns store them.

    Columns that are not named get the model's default. All are refused if one of them is there
    already; `keeps_known` leaves such a row as it is instead.
    """
    dialect = connections.get("default").capabilities.dialect
    sql = _insertion(model, columns, len(rows), dialect, keeps_known=keeps_known)
    return Statement(sql, [value for row in rows for value in row])


def marks(count: int) -> str:
    """Return so many placeholders of the database in use, with commas."""
    dialect = connections.get("default").capabilities.dialect
    return ", ".join([_mark(dialect)] * count)


@lru_cache(maxsize=2048)
def _insertion(
    model: type[Model], columns: tuple[str, ...], count: int, dialect: str, *, keeps_known: bool
) -> str:
    defaults = _defaults(model, columns)
    row = ", ".join([*[_mark(dialect)] * len(columns), *defaults.values()])
    ignore = ("IGNORE" if dialect == "mysql" else "OR IGNORE") if keeps_known else ""
    return _INSERT.format(
        ignore=ignore,
        table=model._meta.db_table,  # noqa: SLF001 - the ORM names it nowhere else
        columns=", ".join(f"`{name}`" for name in (*columns, *defaults)),
        rows=", ".join([f"({row})"] * count),
    )


def _mark(dialect: str) -> str:
    return "%s" if dialect == "mysql" else "?"


def _defaults(model: type[Model], columns: tuple[str, ...]) -> dict[str, str]:
    fields = model._meta.fields_map  # noqa: SLF001 - the ORM names them nowhere else
    return {
        name: _literal(field.default)
        for name, field in fields.items()
        if name not in columns and not field.generated
    }


def _literal(default: object) -> str:
    if default is None:
        return "NULL"
    if default == "":
        return "''"
    if isinstance(default, int):
        return str(int(default))
    raise TypeError("a column without a plain default must be named")
