"""What the kit keeps only for a while."""

from datetime import timedelta
from typing import TypeVar

from tortoise import Model
from tortoise.queryset import QuerySet

from models.bookkeeping import IdempotencyKey, InboxRow, OutboxRow
from server.kit.jobs import Job
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

DONE_KEPT_FOR = timedelta(days=7)
"""Long enough to look into what was sent last week."""

BATCH = 1000
"""Few enough that a backlog of weeks goes in transactions that nobody waits for."""

Row = TypeVar("Row", bound=Model)


async def forget_what_is_over(ports: Ports) -> None:
    """Delete expired keys, news that was handed over, messages that were worked on."""
    now = ports.now()
    before = now - DONE_KEPT_FOR
    await _forget(IdempotencyKey.filter(expires_at__lte=now))
    await _forget(OutboxRow.filter(done_at__lt=before))
    await _forget(InboxRow.filter(received_at__lt=before))


async def _forget(rows: QuerySet[Row]) -> None:
    while ids := await rows.limit(BATCH).values_list("id", flat=True):
        over = rows.model.filter(id__in=ids)
        await in_transaction(over.delete)


JOBS = (Job(name="forget_what_is_over", every_s=3600, run=forget_what_is_over),)
