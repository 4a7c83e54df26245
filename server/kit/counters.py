"""Numbers handed out one by one: none twice, and no gap once the transaction commits."""

from typing import Any

from tortoise import Model
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F


async def next_number(counters: type[Model], **key: Any) -> int:
    """Return the next number of the counter row with this key, made when first asked.

    The table has `key`'s columns as a unique key and `last_number`. The row stays locked until the
    transaction ends, so others of the same series wait.
    """
    counter = counters.filter(**key)
    if await counter.update(last_number=F("last_number") + 1) == 0:
        try:
            await counters.create(**key, last_number=1)
        except IntegrityError:
            await counter.update(last_number=F("last_number") + 1)
    row = await counter.get()
    return int(row.last_number)  # type: ignore[attr-defined]
