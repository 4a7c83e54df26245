"""Pre-reviews, their materials and notices, as the database holds them."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import F

from models.prereview import Finding, OneTimeNotice, PreReview, PreReviewMaterial
from server.attachments.service import get_attachments
from server.prereview.rules import EDITABLE, FindingReason, HandedIn, Told

SUBJECT = "pre_review"


def binding(pre_review_id: str) -> str:
    """Return what the attachments of a pre-review are bound to."""
    return f"{SUBJECT}:{pre_review_id}"


async def touch_editable(pre_review_id: str, *, now: datetime) -> bool:
    """Note that the papers are worked on, if they may be; holds the row until the commit."""
    editable = PreReview.filter(id=pre_review_id, state__in=list(EDITABLE))
    return await editable.update(touched_at=now, version=F("version") + 1) == 1


async def find_material(pre_review_id: str, seq: int) -> PreReviewMaterial | None:
    """Return what was handed in for one material."""
    return await PreReviewMaterial.get_or_none(pre_review_id=pre_review_id, seq=seq)


async def list_materials(pre_review_id: str) -> list[PreReviewMaterial]:
    """Return what was handed in, by number."""
    return await PreReviewMaterial.filter(pre_review_id=pre_review_id).order_by("seq")


async def handed_in(pre_review_id: str) -> dict[int, HandedIn]:
    """Return what was handed in and how far each file is, by number."""
    materials = await list_materials(pre_review_id)
    files = await get_attachments([material.attachment_id for material in materials])
    return {
        material.seq: HandedIn(material.uploaded_at, files[material.attachment_id].state)
        for material in materials
    }


async def list_notices(subject_id: str, *, subject: str = SUBJECT) -> list[OneTimeNotice]:
    """Return the notices about one thing with their findings, first to last."""
    notices = OneTimeNotice.filter(subject=subject, subject_id=subject_id)
    return await notices.order_by("round_no").prefetch_related("findings")


async def last_told(pre_review_id: str) -> Told | None:
    """Return what the last notice said, if there was one."""
    notices = await list_notices(pre_review_id)
    if not notices:
        return None
    last = notices[-1]
    return Told(last.told_at, {one.seq: FindingReason(one.reason) for one in last.findings})


async def save_notice(notice: OneTimeNotice, findings: Sequence[Finding]) -> None:
    """Write a notice with all its findings."""
    await notice.save(force_create=True)
    for finding in findings:
        finding.notice = notice
        await finding.save(force_create=True)


async def list_own(person_id: str, *, before_id: str | None, limit: int) -> list[PreReview]:
    """Return a person's pre-reviews, newest first."""
    rows = PreReview.filter(person_id=person_id)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return await rows.order_by("-id").limit(limit)


async def find_untouched(*, before: datetime, limit: int) -> list[PreReview]:
    """Return papers that wait for their owner since before a moment."""
    waiting = PreReview.filter(state__in=list(EDITABLE), touched_at__lt=before)
    return await waiting.order_by("touched_at", "id").limit(limit)
