"""What the kit keeps only for a while."""

from datetime import timedelta

from models.bookkeeping import InboxRow, OutboxRow
from server.kit.idempotency import forget_expired
from server.kit.jobs import Job
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

DONE_KEPT_FOR = timedelta(days=7)
"""Long enough to look into what was sent last week."""


async def forget_what_is_over(ports: Ports) -> None:
    """Delete expired keys, news that was handed over, messages that were worked on."""
    now = ports.now()
    before = now - DONE_KEPT_FOR
    await in_transaction(lambda: forget_expired(now=now))
    await in_transaction(lambda: OutboxRow.filter(done_at__lt=before).delete())
    await in_transaction(lambda: InboxRow.filter(received_at__lt=before).delete())


JOBS = (Job(name="forget_what_is_over", every_s=3600, run=forget_what_is_over),)
