"""Papers are gathered, replaced, submitted when complete, withdrawn, and lapse."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.contracts.errors import VendorUnavailable
from models.attachments import Attachment
from models.bookkeeping import Transition
from models.notifications import Notice
from models.people import Person
from models.prereview import PreReview, PreReviewMaterial, ReviewTask
from models.states import AttachmentState, PreReviewState, ReviewTaskState
from server.balancing.review_rules import HEAD_START, as_ms
from server.catalog.errors import UnknownItem
from server.identity.rules import complete_id_number
from server.kit.errors import NotFound, WrongState
from server.prereview.drafts import check_may_hand_in
from server.prereview.errors import MaterialsIncomplete, NotReviewedOnline, PointCannotReview
from server.prereview.service import reviewed_items
from server.prereview.tasks import lapse_untouched
from tests.support.papers import BRANCH, ITEM, make_citizen, take_in

DRAFT, SUBMITTED = PreReviewState.DRAFT, PreReviewState.SUBMITTED
NONE = timedelta(0)
WITHDRAWN, LAPSED = PreReviewState.WITHDRAWN, PreReviewState.LAPSED


class Away:
    name = "away"

    async def scan(self, path):
        del path
        raise VendorUnavailable(self.name, code="timeout")


async def state_of(pre_review):
    return (await PreReview.get(id=pre_review.id)).state


async def test_a_draft_is_for_an_item_in_force_that_is_reviewed_online(desk):
    with pytest.raises(UnknownItem):
        await desk.start("GL9999")
    with pytest.raises(NotReviewedOnline):
        await desk.start("GL0089")
    assert await PreReview.all().count() == 0
    draft = await desk.start()
    assert (draft.state, draft.round_no, draft.person_id) == (DRAFT, 0, desk.citizen.person_id)


async def test_a_point_that_does_not_take_the_item_cannot_be_wished_for(desk):
    with pytest.raises(PointCannotReview):
        await desk.start(wish="350102001000")
    assert await PreReview.all().count() == 0
    assert (await desk.start(wish=BRANCH)).wished_point_code == BRANCH


@pytest.mark.parametrize(("born", "head_start"), [("19000101", HEAD_START), ("19900101", NONE)])
async def test_the_papers_of_an_elder_are_looked_at_before_their_deadline_asks(
    desk, born, head_start
):
    person = await Person.get(id=desk.citizen.person_id)
    person.id_number = complete_id_number(f"350102{born}001")
    await person.save()
    await desk.submitted()
    task = await ReviewTask.get()
    assert task.rank_ms == as_ms(task.due_at - head_start)


async def test_a_second_file_for_a_material_replaces_the_first(desk):
    draft = await desk.start()
    await desk.hand_in(draft, 1)
    first = await Attachment.get()
    await desk.hand_in(draft, 1)
    material = await PreReviewMaterial.get()
    assert material.attachment_id != first.id
    bound = {row.id: row.bound_to for row in await Attachment.all()}
    assert bound == {first.id: "", material.attachment_id: f"pre_review:{draft.id}"}


async def test_a_material_can_be_taken_back(desk):
    draft = await desk.start()
    await desk.hand_in(draft, 1)
    await desk.take_back(draft, 1)
    assert await PreReviewMaterial.all().count() == 0
    assert (await Attachment.get()).bound_to == ""
    with pytest.raises(NotFound):
        await desk.take_back(draft, 1)


async def test_only_what_the_item_asks_for_is_taken(desk):
    draft = await desk.start()
    await check_may_hand_in(draft, 3)
    with pytest.raises(NotFound):
        await check_may_hand_in(draft, 4)


async def test_somebody_elses_file_cannot_be_handed_in(desk, ports):
    draft = await desk.start()
    foreign = await take_in(ports, await make_citizen(2))
    with pytest.raises(NotFound):
        await desk.put(draft, 1, foreign)
    assert await PreReviewMaterial.all().count() == 0
    assert (await Attachment.get()).bound_to == ""


async def test_every_missing_material_is_named_in_one_answer(desk):
    draft = await desk.start()
    with pytest.raises(MaterialsIncomplete) as refusal:
        await desk.submit(draft)
    assert [one["seq"] for one in refusal.value.data["missing"]] == [1, 2]
    names = "、".join(one["name"] for one in refusal.value.data["missing"])
    assert refusal.value.detail == f"材料还不齐全。还需上传:{names}"
    assert (await state_of(draft), await ReviewTask.all().count()) == (DRAFT, 0)


async def test_an_unchecked_file_waits_visibly(desk, ports):
    draft = await desk.start()
    desk.ports = replace(ports, scanner=Away())
    await desk.hand_in(draft, 1, 2)
    with pytest.raises(MaterialsIncomplete) as refusal:
        await desk.submit(draft)
    assert refusal.value.data["missing"] == []
    assert [one["seq"] for one in refusal.value.data["unchecked"]] == [1, 2]
    assert await state_of(draft) is DRAFT


async def test_complete_papers_are_submitted_and_queued(desk):
    papers = await desk.submitted(1, 2, 3, wish=BRANCH)
    assert (await state_of(papers), papers.round_no) == (SUBMITTED, 1)
    task = await ReviewTask.get()
    assert (task.pre_review_id, task.round_no) == (papers.id, 1)
    assert (task.point_code, task.minutes) == (BRANCH, 9)
    assert (task.state, task.fence) == (ReviewTaskState.QUEUED, 0)
    assert task.due_at.isoformat() == "2026-11-24T09:30:00+00:00"


async def test_submitted_papers_are_not_changed_any_more(desk):
    papers = await desk.submitted()
    handed_in = await PreReviewMaterial.all().order_by("seq").values()
    with pytest.raises(WrongState):
        await check_may_hand_in(papers, 1)
    with pytest.raises(WrongState):
        await desk.hand_in(papers, 1)
    with pytest.raises(WrongState):
        await desk.take_back(papers, 1)
    with pytest.raises(WrongState):
        await desk.submit(papers)
    assert await PreReviewMaterial.all().order_by("seq").values() == handed_in
    assert await ReviewTask.all().count() == 1


async def test_a_withdrawal_takes_the_work_out_of_the_queue(desk):
    papers = await desk.submitted()
    await desk.withdraw(papers)
    assert await state_of(papers) is WITHDRAWN
    assert (await ReviewTask.get()).state is ReviewTaskState.DONE
    assert {row.bound_to for row in await Attachment.all()} == {""}


async def test_nobody_withdraws_what_is_just_looked_at(desk):
    papers = await desk.submitted()
    await desk.claim()
    with pytest.raises(WrongState):
        await desk.withdraw(papers)
    assert await state_of(papers) is PreReviewState.IN_REVIEW
    assert (await ReviewTask.get()).state is ReviewTaskState.CLAIMED


async def test_a_draft_untouched_for_thirty_days_lapses(desk, clock, ports):
    draft = await desk.start()
    clock.advance(days=29)
    await desk.hand_in(draft, 1)
    clock.advance(days=30)
    await lapse_untouched(ports)
    assert await state_of(draft) is DRAFT
    clock.advance(seconds=1)
    await lapse_untouched(ports)
    assert await state_of(draft) is LAPSED
    attachment = await Attachment.get()
    assert (attachment.bound_to, attachment.state) == ("", AttachmentState.CLEAN)
    assert (await Notice.get()).kind == "pre_review_lapsed"


async def test_submitted_papers_do_not_lapse(desk, clock, ports):
    papers = await desk.submitted()
    clock.advance(days=60)
    await lapse_untouched(ports)
    assert await state_of(papers) is SUBMITTED


async def test_only_ones_own_passed_papers_count_for_a_booking(desk):
    papers = await desk.submitted()
    mine, theirs = desk.citizen.person_id, (await make_citizen(2)).person_id
    assert await reviewed_items(mine, papers.id) == frozenset()
    await desk.pass_papers(*await desk.claim())
    assert await reviewed_items(mine, papers.id) == frozenset({ITEM})
    assert await reviewed_items(theirs, papers.id) == frozenset()
    moves = await Transition.filter(aggregate="PreReview").order_by("id")
    assert [move.to_state for move in moves] == ["draft", "submitted", "in_review", "passed"]
