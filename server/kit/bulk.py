"""Many rows in one statement and many statements at once, where each one's price is too high."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from tortoise import Model, connections
from tortoise.backends.mysql.client import translate_exceptions

_INSERT = "INSERT {ignore} INTO {table} ({columns}) VALUES {rows}"


class Statement(NamedTuple):
    """SQL with a placeholder for each of the values."""

    sql: str
    values: Sequence[Any]


async def run_all(statements: Sequence[Statement]) -> list[int]:
    """Run statements that return no rows, in order; return how many rows each one changed.

    Call it inside a transaction: the first error ends it. MySQL is sent all of them at once.
    """
    connection = connections.get("default")
    if connection.capabilities.dialect == "mysql":
        return await _run_stacked(connection, statements)  # type: ignore[no-any-return]
    return [(await connection.execute_query(*one))[0] for one in statements]


@translate_exceptions
async def _run_stacked(connection: Any, statements: Sequence[Statement]) -> list[int]:
    async with connection.acquire_connection() as raw:
        filled = (sql % tuple(map(raw.escape, values)) for sql, values in statements)
        await raw.query(";".join(filled))
        changed = [raw.affected_rows()]
        while raw._result.has_next:  # noqa: SLF001 - its cursors hide it and ask for warnings
            await raw.next_result()
            changed.append(raw.affected_rows())
        return changed


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
