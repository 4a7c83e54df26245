"""The reviewer's side: papers are claimed, passed, sent back with all that is wrong, refused.

Each end carries the fencing number of its claim: one that was given on meanwhile changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.prereview import Finding, OneTimeNotice, PreReview, ReviewTask
from models.states import PreReviewState
from server.attachments.service import unbind
from server.balancing import reviews
from server.catalog.service import get_item_version, materials_of
from server.kit.access import ENGINE, Actor
from server.kit.ports import Ports
from server.kit.redis import Redis
from server.kit.states import advance
from server.notifications.events import notify
from server.prereview import repository
from server.prereview.errors import (
    NothingFailing,
    NothingToReview,
    RepeatReasonRequired,
    UnknownMaterials,
    VerdictsIncomplete,
)
from server.prereview.rules import FindingReason, find_repeated, find_unjudged


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer says of one material."""

    seq: int
    reason: FindingReason
    advice: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim that somebody acts under, and where."""

    fence: int
    reviewer: Actor
    point_code: str


async def claim_next(
    point_code: str, reviewer: Actor, *, now: datetime, ports: Ports
) -> tuple[PreReview, ReviewTask]:
    """Take what is due first; raises `NothingToReview`."""
    task = await reviews.claim_next(point_code, reviewer, now=now, ports=ports)
    if task is None:
        raise NothingToReview
    pre_review = await PreReview.get(id=task.pre_review_id)
    await _move(
        pre_review,
        PreReviewState.IN_REVIEW,
        actor=reviewer,
        now=now,
        reviewed_point_code=point_code,
    )
    return pre_review, task


async def pass_papers(pre_review: PreReview, claim: Claim, *, now: datetime, redis: Redis) -> None:
    """Find the papers in order; raises `LeaseLost`."""
    await _finish(pre_review, claim, now, redis)
    await _move(pre_review, PreReviewState.PASSED, actor=claim.reviewer, now=now, decided_at=now)
    await _tell_owner(pre_review, "passed", now=now)


async def return_papers(
    pre_review: PreReview,
    claim: Claim,
    *,
    verdicts: Sequence[Verdict],
    repeat_reason: str | None,
    now: datetime,
    redis: Redis,
) -> None:
    """Send the papers back with everything that is wrong, at once (一次性告知).

    Raises `LeaseLost`, `UnknownMaterials`, `VerdictsIncomplete`, `NothingFailing`,
    `RepeatReasonRequired`.
    """
    await _finish(pre_review, claim, now, redis)
    failing = [one for one in verdicts if one.reason is not FindingReason.IN_ORDER]
    await _check_verdicts(pre_review, verdicts)
    is_repeat = await _check_repeat(pre_review, failing, repeat_reason)
    await _move(pre_review, PreReviewState.RETURNED, actor=claim.reviewer, now=now, decided_at=now)
    notice = OneTimeNotice(
        subject=repository.SUBJECT,
        subject_id=pre_review.id,
        round_no=pre_review.round_no,
        told_by=claim.reviewer.name,
        point_code=claim.point_code,
        repeat_reason=repeat_reason if is_repeat else "",
        told_at=now,
    )
    findings = [Finding(seq=one.seq, reason=one.reason, advice=one.advice) for one in failing]
    await repository.save_notice(notice, findings)
    await _tell_owner(pre_review, "returned", now=now, count=str(len(failing)))


async def reject_papers(
    pre_review: PreReview, claim: Claim, *, reason: str, now: datetime, redis: Redis
) -> None:
    """Refuse the matter itself; raises `LeaseLost`."""
    await _finish(pre_review, claim, now, redis)
    await _move(
        pre_review,
        PreReviewState.REJECTED,
        actor=claim.reviewer,
        now=now,
        reason=reason,
        decided_at=now,
    )
    await _tell_owner(pre_review, "rejected", now=now)


async def release(pre_review: PreReview, claim: Claim, *, now: datetime, redis: Redis) -> None:
    """Give the papers back to the queue; raises `LeaseLost`."""
    await reviews.release(
        pre_review.id, fence=claim.fence, reviewer=claim.reviewer, now=now, redis=redis
    )
    await _move(pre_review, PreReviewState.SUBMITTED, actor=claim.reviewer, now=now)


async def return_lapsed(task_id: str, *, now: datetime, redis: Redis) -> None:
    """Give papers back whose reviewer fell silent; raises `ChangedMeanwhile` if not silent."""
    task = await reviews.give_back(task_id, now=now, redis=redis)
    pre_review = await PreReview.get(id=task.pre_review_id)
    await _move(
        pre_review, PreReviewState.SUBMITTED, actor=ENGINE, now=now, reason=reviews.LEASE_LAPSED
    )


async def lapse(pre_review: PreReview, *, now: datetime) -> None:
    """End papers that nobody touched for long; their files are deleted in time."""
    await _move(pre_review, PreReviewState.LAPSED, actor=ENGINE, now=now)
    await unbind(repository.binding(pre_review.id))
    await _tell_owner(pre_review, "lapsed", now=now)


async def _finish(pre_review: PreReview, claim: Claim, now: datetime, redis: Redis) -> None:
    await reviews.finish(
        pre_review.id, fence=claim.fence, reviewer=claim.reviewer, now=now, redis=redis
    )


async def _move(
    pre_review: PreReview,
    target: PreReviewState,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    **columns: object,
) -> None:
    await advance(
        pre_review, target, actor=actor, now=now, reason=reason, touched_at=now, **columns
    )


async def _check_verdicts(pre_review: PreReview, verdicts: Sequence[Verdict]) -> None:
    item = await get_item_version(pre_review.item_code, pre_review.item_version)
    asked = {material.seq for material in await materials_of(item)}
    judged = {one.seq for one in verdicts}
    if judged - asked:
        raise UnknownMaterials(seqs=sorted(judged - asked))
    uploaded = [material.seq for material in await repository.list_materials(pre_review.id)]
    unjudged = find_unjudged(judged, uploaded)
    if unjudged:
        raise VerdictsIncomplete(seqs=unjudged)


async def _check_repeat(
    pre_review: PreReview, failing: Sequence[Verdict], repeat_reason: str | None
) -> bool:
    if not failing:
        raise NothingFailing
    repeated = find_repeated(
        [one.seq for one in failing],
        await repository.handed_in(pre_review.id),
        told=await repository.last_told(pre_review.id),
    )
    if repeated and repeat_reason is None:
        raise RepeatReasonRequired(seqs=repeated)
    return bool(repeated)


async def _tell_owner(pre_review: PreReview, outcome: str, *, now: datetime, **data: str) -> None:
    item = await get_item_version(pre_review.item_code, pre_review.item_version)
    await notify(
        kind=f"pre_review_{outcome}",
        account_id=pre_review.account_id,
        subject_id=pre_review.id,
        key=str(pre_review.round_no),
        now=now,
        data={"item": item.name, **data},
    )
