"""Writing into the trail, and reading it."""

from collections.abc import Mapping
from datetime import datetime

from models.audit import AuditEntry
from server.kit.access import Actor


async def record(
    *,
    actor: Actor,
    action: str,
    subject: str,
    subject_id: str,
    now: datetime,
    request_id: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write down who did or saw what, in the transaction in which it happens.

    `action` is a verb of a thing (`attachment.view`), `detail` holds ids and plain facts only.
    """
    await AuditEntry.create(
        at=now,
        actor=actor.name,
        action=action,
        subject=subject,
        subject_id=subject_id,
        detail=dict(detail or {}),
        request_id=request_id,
    )


async def entries_of(
    subject: str, subject_id: str, *, after_id: int, limit: int
) -> list[AuditEntry]:
    """Return what happened to one thing, first to last, after the entry `after_id`."""
    rows = AuditEntry.filter(subject=subject, subject_id=subject_id, id__gt=after_id)
    return await rows.order_by("id").limit(limit)
