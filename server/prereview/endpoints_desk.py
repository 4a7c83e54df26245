"""Pre-review for the people at the points."""

from typing import Any

from models.prereview import PreReview
from server.balancing import reviews
from server.balancing.errors import LeaseLost, PointIsDark
from server.kit.access import POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.prereview import reviewing
from server.prereview.access import access_pre_review_at_point
from server.prereview.errors import (
    NothingFailing,
    NothingToReview,
    RepeatReasonRequired,
    UnknownMaterials,
    VerdictsIncomplete,
)
from server.prereview.reviewing import Claim, Verdict
from server.prereview.schemas import (
    ClaimIn,
    ClaimOut,
    LeaseOut,
    PreReviewAtDesk,
    RejectIn,
    ReturnIn,
)
from server.prereview.views import show_at_desk, show_claim

desk = Surface("/desk", tag="prereview_desk")

HELD = (NotFound, LeaseLost, ChangedMeanwhile)


@desk.post(
    "/pre-reviews/claim-next",
    allows=POINT_STAFF,
    refuses=(NothingToReview, PointIsDark, ChangedMeanwhile),
)
async def claim_next(call: Call) -> ClaimOut:
    """Take what is due first here, or else at the most loaded point that can be helped."""
    pre_review, task = await reviewing.claim_next(
        call.point_code, call.actor, now=call.now, ports=call.ports
    )
    return await show_claim(pre_review, task)


@desk.get("/pre-reviews/<pre_review_id>", allows=POINT_STAFF, refuses=(NotFound,))
async def show_here(call: Call) -> PreReviewAtDesk:
    """Show papers that this point has claimed."""
    return await show_at_desk(await _here(call))


@desk.post("/pre-reviews/<pre_review_id>/renew", allows=POINT_STAFF, refuses=HELD)
async def renew(call: Call[ClaimIn, None]) -> LeaseOut:
    """Keep a claim for another while."""
    pre_review = await _here(call)
    task = await reviews.renew(
        pre_review.id,
        fence=call.body.fence,
        reviewer=call.actor,
        now=call.now,
        ports=call.ports,
    )
    assert task.leased_until is not None  # noqa: S101 - just set
    return LeaseOut(fence=task.fence, leased_until=task.leased_until)


@desk.post("/pre-reviews/<pre_review_id>/pass", allows=POINT_STAFF, refuses=HELD)
async def pass_papers(call: Call[ClaimIn, None]) -> PreReviewAtDesk:
    """Find the papers in order."""
    pre_review = await _here(call)
    claim = _claim(call, call.body.fence)
    await reviewing.pass_papers(pre_review, claim, now=call.now, redis=call.ports.redis)
    return await show_at_desk(pre_review)


@desk.post(
    "/pre-reviews/<pre_review_id>/return",
    allows=POINT_STAFF,
    refuses=(
        *HELD,
        UnknownMaterials,
        VerdictsIncomplete,
        NothingFailing,
        RepeatReasonRequired,
    ),
)
async def return_papers(call: Call[ReturnIn, None]) -> PreReviewAtDesk:
    """Send the papers back with everything that is wrong, at once (一次性告知)."""
    pre_review = await _here(call)
    await reviewing.return_papers(
        pre_review,
        _claim(call, call.body.fence),
        verdicts=[Verdict(one.seq, one.reason, one.advice or "") for one in call.body.findings],
        repeat_reason=call.body.repeat_reason,
        now=call.now,
        redis=call.ports.redis,
    )
    return await show_at_desk(pre_review)


@desk.post("/pre-reviews/<pre_review_id>/reject", allows=POINT_STAFF, refuses=HELD)
async def reject_papers(call: Call[RejectIn, None]) -> PreReviewAtDesk:
    """Refuse the matter itself, with the reason."""
    pre_review = await _here(call)
    claim = _claim(call, call.body.fence)
    await reviewing.reject_papers(
        pre_review, claim, reason=call.body.reason, now=call.now, redis=call.ports.redis
    )
    return await show_at_desk(pre_review)


@desk.post("/pre-reviews/<pre_review_id>/release", allows=POINT_STAFF, refuses=HELD)
async def release(call: Call[ClaimIn, None]) -> None:
    """Give the papers back to the queue."""
    pre_review = await _here(call)
    claim = _claim(call, call.body.fence)
    await reviewing.release(pre_review, claim, now=call.now, redis=call.ports.redis)


async def _here(call: Call[Any, Any]) -> PreReview:
    return await access_pre_review_at_point(call.path["pre_review_id"], point_code=call.point_code)


def _claim(call: Call[Any, Any], fence: int) -> Claim:
    return Claim(fence=fence, reviewer=call.actor, point_code=call.point_code)
