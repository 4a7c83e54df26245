"""What comes in and goes out about the trail."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from models.audit import AuditEntry
from server.kit.http.schemas import Code, Outgoing, PageQuery


class AuditQuery(PageQuery):
    """Whose history is wanted: a kind of thing and its id."""

    subject: Code
    subject_id: Code
    cursor: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")] | None = None


class AuditEntryOut(Outgoing):
    """Who did or saw what; `is_sealed` once it is part of the chain."""

    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    subject_id: str
    detail: dict[str, object]
    is_sealed: bool

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryOut":
        """Show an entry."""
        return cls(
            id=str(entry.id),
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            subject_id=entry.subject_id,
            detail=entry.detail,
            is_sealed=bool(entry.seal),
        )
