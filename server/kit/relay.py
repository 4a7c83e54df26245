"""The outbox relay: takes news that is due, hands it to its consumer, marks it done."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from tortoise import connections
from tortoise.expressions import F

from integrations.contracts.errors import VendorError
from models.bookkeeping import OutboxRow
from server.kit.outbox import Consumer, consumer_of
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

BATCH = 32
MOST_ATTEMPTS = 12

_DUE = """
SELECT id FROM outbox AS due
WHERE done_at IS NULL AND blocked_at IS NULL AND available_at <= {p}
  AND (claimed_until IS NULL OR claimed_until < {p})
  AND NOT EXISTS (
    SELECT 1 FROM outbox AS earlier
    WHERE earlier.consumer = due.consumer AND earlier.aggregate = due.aggregate
      AND earlier.aggregate_id = due.aggregate_id AND earlier.done_at IS NULL
      AND earlier.id < due.id)
ORDER BY id LIMIT {limit}{lock}
"""

log = structlog.get_logger(__name__)


class Relay:
    """Works through the outbox under the name `worker_id`; any number may run side by side."""

    def __init__(self, ports: Ports, *, worker_id: str) -> None:
        self._ports = ports
        self._worker_id = worker_id
        self._lease = timedelta(seconds=ports.settings.outbox_lease_s)
        self._longest_pause_s = float(ports.settings.outbox_pause_s)

    async def run_once(self) -> int:
        """Hand over one batch and return how many rows it held."""
        rows = await in_transaction(self._claim)
        ended = await asyncio.gather(
            *(self._hand_over(row) for row in rows), return_exceptions=True
        )
        for failure in filter(None, ended):
            raise failure
        return len(rows)

    async def _claim(self) -> list[OutboxRow]:
        now = self._ports.now()
        ids = await _due_ids(now)
        if not ids:
            return []
        # Counted before the try, so that news which kills its worker is blocked in the end.
        await OutboxRow.filter(id__in=ids).update(
            claimed_by=self._worker_id, claimed_until=now + self._lease, attempts=F("attempts") + 1
        )
        return await OutboxRow.filter(id__in=ids).order_by("id")

    async def _hand_over(self, row: OutboxRow) -> None:
        consumer = consumer_of(row.topic, row.consumer)
        if consumer is None:
            await self._block(row, "no such consumer")
            return
        try:
            await self._deliver(consumer, row)
        except Exception as error:  # noqa: BLE001 - whatever a consumer raises, its row waits for another try
            await self._postpone(row, error)

    async def _deliver(self, consumer: Consumer, row: OutboxRow) -> None:
        event = consumer.event_type.model_validate(row.payload)
        if consumer.is_remote:
            await consumer.handle(event, self._ports)
            await in_transaction(lambda: self._mark_done(row))
            return

        async def handle_and_mark() -> None:
            if await self._mark_done(row):
                await consumer.handle(event, self._ports)

        await in_transaction(handle_and_mark)

    async def _mark_done(self, row: OutboxRow) -> bool:
        mine = OutboxRow.filter(id=row.id, claimed_by=self._worker_id, done_at=None)
        return await mine.update(done_at=self._ports.now()) == 1

    async def _postpone(self, row: OutboxRow, error: Exception) -> None:
        reason = describe(error)
        log.warning("outbox_row_failed", row=row.id, consumer=row.consumer, reason=reason)
        if row.attempts >= MOST_ATTEMPTS:
            await self._block(row, reason)
            return
        pause_s = _draw_pause_s(row.attempts, longest_s=self._longest_pause_s)
        available_at = self._ports.now() + timedelta(seconds=pause_s)
        await self._release(row, reason, available_at=available_at)

    async def _block(self, row: OutboxRow, reason: str) -> None:
        log.error("outbox_row_blocked", row=row.id, consumer=row.consumer, reason=reason)
        await self._release(row, reason, blocked_at=self._ports.now())

    async def _release(self, row: OutboxRow, reason: str, **columns: datetime) -> None:
        async def write() -> None:
            await OutboxRow.filter(id=row.id, claimed_by=self._worker_id, done_at=None).update(
                claimed_until=None, last_error=reason, **columns
            )

        await in_transaction(write)


def _draw_pause_s(attempts: int, *, longest_s: float) -> float:
    return random.uniform(0.2, min(longest_s, 0.5 * 2**attempts))  # noqa: S311 - jitter


def describe(error: Exception) -> str:
    """Name an error for the log and the table without repeating what it was about."""
    if isinstance(error, VendorError):
        return f"{type(error).__name__} {error.vendor} {error.code}"
    return type(error).__name__


async def _due_ids(now: datetime) -> list[int]:
    connection = connections.get("default")
    is_mysql = connection.capabilities.dialect == "mysql"
    statement = _DUE.format(
        p="%s" if is_mysql else "?",
        limit=BATCH,
        lock=" FOR UPDATE SKIP LOCKED" if is_mysql else "",
    )
    rows = await connection.execute_query_dict(statement, [now, now])
    return [row["id"] for row in rows]


async def unblock(rows: Sequence[OutboxRow], *, now: datetime) -> None:
    """Let rows that were given up be tried again from now on."""
    ids = [row.id for row in rows]
    await OutboxRow.filter(id__in=ids, done_at=None).update(
        blocked_at=None, attempts=0, available_at=now
    )
