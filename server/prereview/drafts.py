"""The owner's side: papers are gathered, submitted, taken back."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from models.attachments import Attachment
from models.catalog import Material
from models.kinds import OnlineDepth
from models.prereview import PreReview, PreReviewMaterial
from models.states import PreReviewState
from server.attachments.service import bind, unbind
from server.balancing.reviews import ReviewRequest, drop, enqueue
from server.catalog.rules import local_day
from server.catalog.service import find_points_for, get_item, materials_of, working_calendar
from server.identity.people import is_elder
from server.kit.access import Actor
from server.kit.errors import NotFound, WrongState
from server.kit.messages import text
from server.kit.ports import Ports
from server.kit.redis import Redis
from server.kit.states import advance, record_move
from server.prereview import repository
from server.prereview.errors import MaterialsIncomplete, NotReviewedOnline, PointCannotReview
from server.prereview.rules import (
    EDITABLE,
    Gaps,
    estimate_minutes,
    find_gaps,
    review_due_at,
)


async def start_pre_review(
    item_code: str, *, wished_point_code: str | None, person_id: str, actor: Actor, now: datetime
) -> PreReview:
    """Open a draft; raises `UnknownItem`, `NotReviewedOnline`, `PointCannotReview`."""
    item = await get_item(item_code)
    if item.online_depth is OnlineDepth.NONE:
        raise NotReviewedOnline
    await _check_wish(item_code, wished_point_code)
    pre_review = await PreReview.create(
        person_id=person_id,
        account_id=actor.id,
        item_code=item.code,
        item_version=item.version,
        wished_point_code=wished_point_code,
        state=PreReviewState.DRAFT,
        touched_at=now,
        created_at=now,
    )
    await record_move(pre_review, from_state=None, to_state=pre_review.state, actor=actor, now=now)
    return pre_review


async def check_may_hand_in(pre_review: PreReview, seq: int) -> None:
    """Refuse what cannot be handed in before its bytes are taken: `WrongState`, `NotFound`."""
    if pre_review.state not in EDITABLE:
        raise WrongState(state=str(pre_review.state), wanted="material")
    item = await get_item(pre_review.item_code)
    if all(material.seq != seq for material in await materials_of(item)):
        raise NotFound


async def hand_in(
    pre_review: PreReview, seq: int, *, attachment: Attachment, now: datetime
) -> None:
    """Let an uploaded file stand for a material, in place of an earlier one."""
    await _hold_editable(pre_review, now)
    bound_to = repository.binding(pre_review.id)
    await bind(attachment.id, owner_id=pre_review.person_id, bound_to=bound_to)
    earlier = await repository.find_material(pre_review.id, seq)
    if earlier is None:
        await PreReviewMaterial.create(
            pre_review=pre_review, seq=seq, attachment_id=attachment.id, uploaded_at=now
        )
        return
    await unbind(bound_to, ids=[earlier.attachment_id])
    earlier.attachment_id, earlier.uploaded_at = attachment.id, now
    await earlier.save(update_fields=["attachment_id", "uploaded_at"])


async def take_back(pre_review: PreReview, seq: int, *, now: datetime) -> None:
    """Take a material out again; raises `NotFound` where none was handed in."""
    await _hold_editable(pre_review, now)
    material = await repository.find_material(pre_review.id, seq)
    if material is None:
        raise NotFound
    await material.delete()
    await unbind(repository.binding(pre_review.id), ids=[material.attachment_id])


async def submit(pre_review: PreReview, *, actor: Actor, now: datetime, ports: Ports) -> None:
    """Hand the papers over for review; raises `MaterialsIncomplete` naming all that is needed."""
    item = await get_item(pre_review.item_code)
    materials = await materials_of(item)
    handed_in = await repository.handed_in(pre_review.id)
    required = [material.seq for material in materials if material.is_required]
    told = await repository.last_told(pre_review.id)
    gaps = find_gaps(required, handed_in, told=told)
    if gaps:
        raise _incomplete(gaps, materials)
    await advance(
        pre_review,
        PreReviewState.SUBMITTED,
        actor=actor,
        now=now,
        item_version=item.version,
        round_no=pre_review.round_no + 1,
        submitted_at=now,
        touched_at=now,
    )
    is_first = await is_elder(
        pre_review.person_id, from_age=ports.settings.green_lane_age, today=local_day(now)
    )
    request = await _review_request(pre_review, len(handed_in), now, is_elder=is_first)
    await enqueue(request, actor=actor, now=now, redis=ports.redis)


async def withdraw(pre_review: PreReview, *, actor: Actor, now: datetime, redis: Redis) -> None:
    """End it, unless somebody is just looking at it; its files are deleted in time."""
    await drop(pre_review.id, actor=actor, now=now, redis=redis)
    await advance(pre_review, PreReviewState.WITHDRAWN, actor=actor, now=now, touched_at=now)
    await unbind(repository.binding(pre_review.id))


async def _check_wish(item_code: str, wished_point_code: str | None) -> None:
    if wished_point_code is None:
        return
    capable = await find_points_for([item_code])
    if all(point.code != wished_point_code for point in capable):
        raise PointCannotReview


async def _hold_editable(pre_review: PreReview, now: datetime) -> None:
    if not await repository.touch_editable(pre_review.id, now=now):
        raise WrongState(state=str(pre_review.state), wanted="material")


async def _review_request(
    pre_review: PreReview, materials: int, now: datetime, *, is_elder: bool
) -> ReviewRequest:
    return ReviewRequest(
        pre_review_id=pre_review.id,
        round_no=pre_review.round_no,
        item_code=pre_review.item_code,
        wished_point_code=pre_review.wished_point_code,
        due_at=review_due_at(now, await working_calendar()),
        minutes=estimate_minutes(materials),
        is_elder=is_elder,
    )


def _incomplete(gaps: Gaps, materials: Collection[Material]) -> MaterialsIncomplete:
    names = {material.seq: material.name for material in materials}
    groups = {
        "missing": gaps.missing,
        "unchecked": gaps.unchecked,
        "not_mended": gaps.not_mended,
    }
    parts = [
        text(f"materials_{group}", names="、".join(names.get(seq, str(seq)) for seq in seqs))
        for group, seqs in groups.items()
        if seqs
    ]
    data: dict[str, Any] = {
        group: [{"seq": seq, "name": names.get(seq, "")} for seq in seqs]
        for group, seqs in groups.items()
    }
    return MaterialsIncomplete(explanation=";".join(parts), **data)
