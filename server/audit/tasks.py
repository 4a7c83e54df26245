"""What the trail does by itself."""

import structlog

from server.audit.sealer import BATCH, chain_head, seal_committed
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

MOST_BATCHES = 100
"""So that one run ends well within its lease; the next goes on."""

log = structlog.get_logger(__name__)


async def seal_trail(ports: Ports) -> None:
    """Seal what was committed since the last time."""
    sealed = 0
    for _ in range(MOST_BATCHES):
        batch = await in_transaction(lambda: seal_committed(ports.cipher, now=ports.now()))
        sealed += batch
        if batch < BATCH:
            break
    if sealed:
        # Kept outside of the database, the seal shows whether the end of the chain was cut off.
        last_id, seal = await chain_head()
        log.info("audit_entries_sealed", entries=sealed, last_id=last_id, seal=seal)


JOBS = (Job(name="seal_audit_trail", every_s=10, run=seal_trail),)
CONSUMERS: tuple[Consumer, ...] = ()
