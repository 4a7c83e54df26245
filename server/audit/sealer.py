"""Chaining the trail: each entry's seal is a keyed digest of the seal before and its own content.

Whoever alters, inserts or removes an entry breaks every seal from there on; to mend them takes the
key. Sealing happens after the commit, so that no request waits for another's seal.
"""

import json
from datetime import UTC, datetime, timedelta

from integrations.contracts.cipher import Cipher
from models.audit import AuditEntry

BATCH = 200
SETTLED_AFTER = timedelta(seconds=60)
"""Far longer than a transaction may last: a number missing for so long was rolled back."""


async def seal_committed(cipher: Cipher, *, now: datetime) -> int:
    """Seal the next entries in order of their ids and return how many; inside a transaction.

    Stops before a gap in the numbers until what follows it is old enough: whoever drew the missing
    number may not have committed yet. The locking read waits for entries that are written but not
    committed. Of several sealers each computes the same seals, and one of them writes each.
    """
    last_id, seal = await chain_head()
    waiting = AuditEntry.filter(id__gt=last_id).order_by("id").limit(BATCH).select_for_update()
    sealed = 0
    for entry in await waiting:
        if entry.id != last_id + 1 and entry.at > now - SETTLED_AFTER:
            break
        last_id, seal = entry.id, seal_of(entry, previous=seal, cipher=cipher)
        sealed += await AuditEntry.filter(id=entry.id, seal="").update(seal=seal)
    return sealed


async def chain_head() -> tuple[int, str]:
    """Return the id and the seal of the last entry that has one."""
    last = await AuditEntry.exclude(seal="").order_by("-id").first()
    return (last.id, last.seal) if last else (0, "")


async def verify_chain(cipher: Cipher) -> int | None:
    """Return the id of the first entry whose seal is not what it must be, or None.

    Entries at the end that wait for their seal are in order; one that has none before others that
    have is not.
    """
    last_sealed_id, _ = await chain_head()
    after_id, seal = 0, ""
    while entries := await _sealed_range(after_id, last_sealed_id):
        for entry in entries:
            seal = seal_of(entry, previous=seal, cipher=cipher)
            if entry.seal != seal:
                return int(entry.id)
        after_id = entries[-1].id
    return None


def seal_of(entry: AuditEntry, *, previous: str, cipher: Cipher) -> str:
    """Return the seal that follows `previous` for this content."""
    content = {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "subject_id": entry.subject_id,
        "detail": entry.detail,
        "request_id": entry.request_id,
    }
    return cipher.digest(f"{previous}\n{json.dumps(content, sort_keys=True)}")


async def _sealed_range(after_id: int, last_id: int) -> list[AuditEntry]:
    rows = AuditEntry.filter(id__gt=after_id, id__lte=last_id)
    return await rows.order_by("id").limit(BATCH)
