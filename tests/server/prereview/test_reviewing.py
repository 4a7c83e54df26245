"""Papers are passed, or sent back with all that is wrong at once, by one person at a time."""

import pytest

from models.attachments import Attachment
from models.bookkeeping import Transition
from models.notifications import Notice
from models.prereview import Finding, OneTimeNotice, PreReview, ReviewTask
from models.states import PreReviewState, ReviewTaskState
from server.balancing.errors import LeaseLost
from server.kit.errors import NotFound
from server.kit.transaction import in_transaction
from server.prereview import reviewing
from server.prereview.access import access_pre_review_at_point, may_see_file
from server.prereview.errors import (
    MaterialsIncomplete,
    NothingFailing,
    NothingToReview,
    RepeatReasonRequired,
    UnknownMaterials,
    VerdictsIncomplete,
)
from server.prereview.tasks import return_lapsed_reviews
from tests.support.papers import BRANCH, CENTER, clerk

SUBMITTED, IN_REVIEW = PreReviewState.SUBMITTED, PreReviewState.IN_REVIEW
PASSED, RETURNED = PreReviewState.PASSED, PreReviewState.RETURNED


async def snapshot():
    """All that a refused return could have changed."""
    return [
        await model.all().order_by("id").values()
        for model in (PreReview, ReviewTask, OneTimeNotice, Finding, Notice, Transition)
    ]


async def test_claimed_papers_are_in_review_at_the_point(desk):
    papers = await desk.submitted()
    claimed, claim = await desk.claim(clerk(1))
    assert (claimed.id, claim.fence) == (papers.id, 1)
    row = await PreReview.get()
    assert (row.state, row.reviewed_point_code) == (IN_REVIEW, CENTER)
    with pytest.raises(NothingToReview):
        await desk.claim(clerk(2))


async def test_passed_papers_are_told(desk, ports):
    await desk.submitted()
    papers, claim = await desk.claim()
    await desk.pass_papers(papers, claim)
    row = await PreReview.get()
    assert (row.state, row.decided_at) == (PASSED, ports.now())
    notice = await Notice.get()
    assert (notice.kind, notice.account_id) == ("pre_review_passed", desk.citizen.id)


async def test_a_return_tells_everything_at_once(desk, ports):
    await desk.submitted()
    papers, claim = await desk.claim()
    await desk.send_back(papers, claim, m1="unreadable", m2="in_order", m3="missing")
    assert (await PreReview.get()).state is RETURNED
    notice = await OneTimeNotice.get()
    assert (notice.subject, notice.subject_id, notice.round_no) == ("pre_review", papers.id, 1)
    assert (notice.told_by, notice.point_code) == (clerk(1).name, CENTER)
    assert (notice.repeat_reason, notice.told_at) == ("", ports.now())
    findings = await Finding.all().order_by("seq").values_list("seq", "reason", "advice")
    assert findings == [(1, "unreadable", "请重拍"), (3, "missing", "请重拍")]
    told = await Notice.get()
    assert told.kind == "pre_review_returned"
    assert "2 项" in told.text


@pytest.mark.parametrize(
    ("findings", "refused_by", "seqs"),
    [
        ({"m1": "unreadable"}, VerdictsIncomplete, [2]),
        ({"m3": "missing"}, VerdictsIncomplete, [1, 2]),
        ({"m1": "unreadable", "m2": "in_order", "m9": "missing"}, UnknownMaterials, [9]),
        ({"m1": "in_order", "m2": "in_order"}, NothingFailing, None),
    ],
)
async def test_an_incomplete_return_changes_nothing(desk, findings, refused_by, seqs):
    await desk.submitted()
    papers, claim = await desk.claim()
    before = await snapshot()
    with pytest.raises(refused_by) as refusal:
        await desk.send_back(papers, claim, **findings)
    assert refusal.value.data.get("seqs") == seqs
    assert await snapshot() == before


async def return_once(desk, clock):
    """Papers of which the first was sent back once, mended and claimed again."""
    papers = await desk.submitted()
    await desk.send_back(*await desk.claim(), m1="unreadable", m2="in_order")
    clock.advance(hours=1)
    await desk.hand_in(papers, 1)
    await desk.submit(papers)
    return await desk.claim(clerk(2))


async def test_what_could_have_been_seen_before_needs_a_reason(desk, clock):
    papers, claim = await return_once(desk, clock)
    before = await snapshot()
    with pytest.raises(RepeatReasonRequired) as refusal:
        await desk.send_back(papers, claim, m1="in_order", m2="expired")
    assert refusal.value.data == {"seqs": [2]}
    assert await snapshot() == before
    await desk.send_back(papers, claim, "今日起执行新规", m1="in_order", m2="expired")
    second = await OneTimeNotice.get(round_no=2)
    assert (second.repeat_reason, second.point_code) == ("今日起执行新规", CENTER)


async def test_what_is_new_needs_no_reason_and_is_not_counted(desk, clock):
    papers, claim = await return_once(desk, clock)
    await desk.send_back(papers, claim, "没有必要", m1="unreadable", m2="in_order")
    assert (await OneTimeNotice.get(round_no=2)).repeat_reason == ""


async def test_what_was_sent_back_has_to_be_mended(desk, clock):
    papers = await desk.submitted()
    await desk.send_back(*await desk.claim(), m1="unreadable", m2="expired")
    clock.advance(hours=1)
    await desk.hand_in(papers, 2)
    with pytest.raises(MaterialsIncomplete) as refusal:
        await desk.submit(papers)
    assert [one["seq"] for one in refusal.value.data["not_mended"]] == [1]
    assert (await PreReview.get()).state is RETURNED
    await desk.hand_in(papers, 1)
    assert (await desk.submit(papers)).round_no == 2


async def test_an_end_under_an_old_fence_changes_nothing(desk, clock, ports):
    await desk.submitted()
    papers, old = await desk.claim(clerk(1))
    clock.advance(seconds=ports.settings.review_lease_s + 1)
    await return_lapsed_reviews(ports)
    assert (await PreReview.get()).state is SUBMITTED
    _, new = await desk.claim(clerk(2))
    before = await snapshot()
    with pytest.raises(LeaseLost):
        await desk.pass_papers(papers, old)
    with pytest.raises(LeaseLost):
        await desk.send_back(papers, old, m1="unreadable", m2="in_order")
    with pytest.raises(LeaseLost):
        await in_transaction(
            lambda: reviewing.reject_papers(
                papers, old, reason="不符合条件", now=ports.now(), redis=ports.redis
            )
        )
    with pytest.raises(LeaseLost):
        await in_transaction(
            lambda: reviewing.release(papers, old, now=ports.now(), redis=ports.redis)
        )
    assert await snapshot() == before
    await desk.pass_papers(papers, new)
    assert (await PreReview.get()).state is PASSED


async def test_a_live_lease_is_left_alone(desk, clock, ports):
    await desk.submitted()
    await desk.claim()
    clock.advance(seconds=ports.settings.review_lease_s)
    await return_lapsed_reviews(ports)
    assert (await PreReview.get()).state is IN_REVIEW


async def test_released_papers_wait_for_somebody_else(desk, ports):
    await desk.submitted()
    papers, claim = await desk.claim(clerk(1))
    await in_transaction(
        lambda: reviewing.release(papers, claim, now=ports.now(), redis=ports.redis)
    )
    assert (await PreReview.get()).state is SUBMITTED
    assert (await ReviewTask.get()).state is ReviewTaskState.QUEUED
    _, second = await desk.claim(clerk(2))
    assert second.fence == 2


async def test_rejected_papers_keep_the_reason(desk, ports):
    await desk.submitted()
    papers, claim = await desk.claim()
    await in_transaction(
        lambda: reviewing.reject_papers(
            papers, claim, reason="不符合条件", now=ports.now(), redis=ports.redis
        )
    )
    assert (await PreReview.get()).state is PreReviewState.REJECTED
    move = await Transition.filter(aggregate="PreReview").order_by("-id").first()
    assert (move.to_state, move.reason) == ("rejected", "不符合条件")
    assert (await Notice.get()).kind == "pre_review_rejected"


async def test_files_are_open_only_to_whoever_is_reviewing_them_now(desk, clock, ports):
    await desk.submitted()
    attachment = await Attachment.all().first()
    assert await may_see_file(attachment, clerk(1), ports.now()) is None
    await desk.claim(clerk(1))
    assert await may_see_file(attachment, clerk(1), ports.now()) == "pre_review"
    assert await may_see_file(attachment, clerk(2), ports.now()) is None
    clock.advance(seconds=ports.settings.review_lease_s + 1)
    assert await may_see_file(attachment, clerk(1), ports.now()) is None


async def test_papers_are_shown_to_the_point_that_claimed_them(desk):
    await desk.submitted()
    papers, _ = await desk.claim(clerk(1, BRANCH))
    found = await access_pre_review_at_point(papers.id, point_code=BRANCH)
    assert found.id == papers.id
    with pytest.raises(NotFound):
        await access_pre_review_at_point(papers.id, point_code=CENTER)
