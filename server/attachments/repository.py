"""Attachments and the record of who saw them, as the database holds them."""

from collections.abc import Collection
from datetime import datetime

from tortoise.expressions import F

from models.attachments import Attachment, FileView
from models.states import AttachmentState

UNBOUND = ""
USABLE = (AttachmentState.CLEAN, AttachmentState.QUARANTINED)


async def count_uploads(owner_id: str, *, since: datetime) -> int:
    """Return how many files a person has uploaded since a moment, refused ones included."""
    return await Attachment.filter(owner_id=owner_id, uploaded_at__gte=since).count()


async def lock_uploads(owner_id: str, *, since: datetime) -> None:
    """Let uploads of one person that are recorded at the same moment wait for each other."""
    first = Attachment.filter(owner_id=owner_id, uploaded_at__gte=since).order_by("id")
    await first.select_for_update().first()


async def bind_row(attachment_id: str, *, owner_id: str, bound_to: str) -> bool:
    """Bind a person's own, usable, unbound file; tell whether there was one."""
    free = Attachment.filter(
        id=attachment_id, owner_id=owner_id, bound_to=UNBOUND, state__in=USABLE
    )
    return await free.update(bound_to=bound_to, version=F("version") + 1) == 1


async def unbind_rows(bound_to: str, *, ids: Collection[str] | None = None) -> None:
    """Let go of the files bound to something: of all, or of these."""
    bound = Attachment.filter(bound_to=bound_to)
    if ids is not None:
        bound = bound.filter(id__in=list(ids))
    await bound.update(bound_to=UNBOUND, version=F("version") + 1)


async def find_quarantined(*, before: datetime, limit: int) -> list[Attachment]:
    """Return files that have waited for their check since before a moment, oldest first."""
    waiting = Attachment.filter(state=AttachmentState.QUARANTINED, uploaded_at__lt=before)
    return await waiting.order_by("uploaded_at", "id").limit(limit)


async def find_never_bound(*, before: datetime, limit: int) -> list[Attachment]:
    """Return usable files that were uploaded before a moment and serve for nothing."""
    unused = Attachment.filter(state__in=USABLE, bound_to=UNBOUND, uploaded_at__lt=before)
    return await unused.order_by("id").limit(limit)


async def find_undeleted_blobs(*, limit: int) -> list[Attachment]:
    """Return files that are deleted on record and whose bytes may still be there."""
    deleted = Attachment.filter(state=AttachmentState.DELETED).exclude(blob_key="")
    return await deleted.order_by("id").limit(limit)


async def quarantined_names() -> set[str]:
    """Return the names of all files that rightly lie in quarantine."""
    waiting = Attachment.filter(state=AttachmentState.QUARANTINED)
    return {row.quarantine_name for row in await waiting.only("quarantine_name")}


async def list_views(owner_id: str, *, before_id: int | None, limit: int) -> list[FileView]:
    """Return who saw a person's files, newest first."""
    views = FileView.filter(owner_id=owner_id)
    if before_id is not None:
        views = views.filter(id__lt=before_id)
    return await views.order_by("-id").limit(limit)
