"""Many rows in one statement, where the ORM's price for each row is too high."""

from collections.abc import Sequence
from functools import lru_cache

from tortoise import Model, connections

_INSERT = "INSERT {ignore} INTO {table} ({columns}) VALUES {rows}"


async def insert_rows(
    model: type[Model],
    columns: tuple[str, ...],
    rows: Sequence[Sequence[object]],
    *,
    keeps_known: bool = False,
) -> int:
    """Insert rows whose values are as the column stores them; return how many went in.

    Columns that are not named get the model's default. Raises `IntegrityError` and inserts none if
    one of them is there already; `keeps_known` leaves such a row as it is instead.
    """
    if not rows:
        return 0
    connection = connections.get("default")
    statement = _statement(
        model, columns, len(rows), connection.capabilities.dialect, keeps_known=keeps_known
    )
    changed, _ = await connection.execute_query(statement, [v for row in rows for v in row])
    return changed


def marks(count: int) -> str:
    """Return so many placeholders of the database in use, with commas."""
    dialect = connections.get("default").capabilities.dialect
    return ", ".join([_mark(dialect)] * count)


@lru_cache(maxsize=2048)
def _statement(
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
