"""Pre-reviews as they are shown."""

from collections.abc import Mapping

from models.attachments import Attachment
from models.catalog import Material, ServiceItem
from models.prereview import OneTimeNotice, PreReview, PreReviewMaterial, ReviewTask
from models.states import PreReviewState
from server.attachments.checks import explain
from server.attachments.service import get_attachments
from server.catalog.service import get_item_version, materials_of
from server.identity.people import get_person
from server.kit.masking import mask_name
from server.kit.messages import text
from server.kit.states import moves_of
from server.prereview import repository
from server.prereview.rules import FindingReason
from server.prereview.schemas import (
    ClaimOut,
    FindingOut,
    MaterialOut,
    NoticeOut,
    PreReviewAtDesk,
    PreReviewOut,
    PreReviewSummary,
)


async def summarise(pre_review: PreReview) -> PreReviewSummary:
    """Show one pre-review in a list."""
    return _summary(pre_review, await _item_of(pre_review))


async def show(pre_review: PreReview) -> PreReviewOut:
    """Show a pre-review to its owner."""
    item = await _item_of(pre_review)
    asked = await materials_of(item)
    names = {material.seq: material.name for material in asked}
    return PreReviewOut(
        **_summary(pre_review, item).model_dump(),
        materials=await _materials(pre_review, asked),
        notices=[_notice(notice, names) for notice in await repository.list_notices(pre_review.id)],
        rejection=await _rejection(pre_review),
    )


async def show_at_desk(pre_review: PreReview) -> PreReviewAtDesk:
    """Show a pre-review to its reviewer."""
    person = await get_person(pre_review.person_id)
    shown = await show(pre_review)
    return PreReviewAtDesk(**shown.model_dump(), applicant=mask_name(person.name))


async def show_claim(pre_review: PreReview, task: ReviewTask) -> ClaimOut:
    """Show what was claimed, with the fencing number."""
    assert task.leased_until is not None  # noqa: S101 - a claimed task has a lease
    return ClaimOut(
        fence=task.fence,
        due_at=task.due_at,
        leased_until=task.leased_until,
        pre_review=await show_at_desk(pre_review),
    )


async def _item_of(pre_review: PreReview) -> ServiceItem:
    return await get_item_version(pre_review.item_code, pre_review.item_version)


def _summary(pre_review: PreReview, item: ServiceItem) -> PreReviewSummary:
    return PreReviewSummary(
        id=pre_review.id,
        item_code=pre_review.item_code,
        item_name=item.name,
        state=pre_review.state,
        round_no=pre_review.round_no,
        wished_point_code=pre_review.wished_point_code,
        reviewed_point_code=pre_review.reviewed_point_code,
        submitted_at=pre_review.submitted_at,
        decided_at=pre_review.decided_at,
        created_at=pre_review.created_at,
    )


async def _materials(pre_review: PreReview, asked: list[Material]) -> list[MaterialOut]:
    handed_in = {one.seq: one for one in await repository.list_materials(pre_review.id)}
    files = await get_attachments([one.attachment_id for one in handed_in.values()])
    return [_material(material, handed_in.get(material.seq), files) for material in asked]


def _material(
    asked: Material, handed_in: PreReviewMaterial | None, files: Mapping[str, Attachment]
) -> MaterialOut:
    file = files[handed_in.attachment_id] if handed_in else None
    return MaterialOut(
        seq=asked.seq,
        name=asked.name,
        is_required=asked.is_required,
        e_licence=asked.e_licence,
        attachment_id=file.id if file else None,
        file_state=file.state if file else None,
        file_refusal=explain(file.refusal) if file and file.refusal else "",
        uploaded_at=handed_in.uploaded_at if handed_in else None,
    )


def _notice(notice: OneTimeNotice, names: Mapping[int, str]) -> NoticeOut:
    findings = sorted(notice.findings, key=lambda finding: finding.seq)
    return NoticeOut(
        round_no=notice.round_no,
        told_at=notice.told_at,
        repeat_reason=notice.repeat_reason,
        findings=[
            FindingOut(
                seq=finding.seq,
                name=names.get(finding.seq, ""),
                reason=FindingReason(finding.reason),
                reason_text=text(f"finding_{finding.reason}"),
                advice=finding.advice,
            )
            for finding in findings
        ],
    )


async def _rejection(pre_review: PreReview) -> str:
    if pre_review.state is not PreReviewState.REJECTED:
        return ""
    moves = await moves_of(PreReview, pre_review.id)
    return moves[-1].reason
