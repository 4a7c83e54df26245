"""Numbers handed out one by one: none twice, and no gap once the transaction commits."""

from typing import Any

from tortoise import Model, connections
from tortoise.expressions import F

from server.kit.bulk import marks

_BEGIN = "INSERT INTO {table} ({columns}, last_number) VALUES ({values}, 1) {known} last_number + 1"
_IF_KNOWN = {
    "mysql": "ON DUPLICATE KEY UPDATE last_number =",
    "sqlite": "ON CONFLICT DO UPDATE SET last_number =",
}


async def next_number(counters: type[Model], **key: Any) -> int:
    """Return the next number of the counter row with this key, made when first asked.

    The table has `key`'s columns as a unique key and `last_number`. The row stays locked until the
    transaction ends, so others of the same series wait.
    """
    await count_up(counters, **key)
    [(number,)] = await counters.filter(**key).values_list("last_number")
    return int(number)


async def count_up(counters: type[Model], **key: Any) -> None:
    """Pass over the next number: for whoever only wants others of the series to wait."""
    if await counters.filter(**key).update(last_number=F("last_number") + 1) == 0:
        await _begin(counters, key)


async def _begin(counters: type[Model], key: dict[str, Any]) -> None:
    # In one statement: an INSERT that fails would leave shared locks, and those deadlock.
    connection = connections.get("default")
    statement = _BEGIN.format(
        table=counters._meta.db_table,  # noqa: SLF001 - the ORM names it nowhere else
        columns=", ".join(key),
        values=marks(len(key)),
        known=_IF_KNOWN[connection.capabilities.dialect],
    )
    await connection.execute_query(statement, list(key.values()))
