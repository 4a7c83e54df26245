"""The work of reviewing: queued at the best point, claimed by one person at a time.

All of it runs in the caller's transaction. A claim raises `fence`; whatever comes with an older one
is refused, so that work which was given on cannot be finished twice.
"""

import random
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import F

from models.catalog import ServicePoint
from models.prereview import ReviewTask
from models.states import DARK, ReviewTaskState
from server.balancing import hints, repository
from server.balancing.errors import LeaseLost, NobodyReviews, PointIsDark
from server.balancing.events import ReviewTaskMoved
from server.balancing.presence import dark_points, hear
from server.balancing.rules import ReviewBacklog, choose_point
from server.catalog.errors import UnknownItem
from server.catalog.service import find_points_for
from server.kit.access import ENGINE, Actor
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.outbox import emit
from server.kit.ports import Ports
from server.kit.redis import Redis
from server.kit.states import advance, record_move

SAMPLED = 3
"""Two choices already even out nearly all; the cost does not grow with the number of points."""
ROBBED = 3
"""Points that an idle one looks at, most loaded first."""
LAPSED_AT_ONCE = 200
DRAINED_AT_ONCE = 100
LEASE_LAPSED = "lease lapsed"


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """One round of a pre-review that wants to be looked at until `due_at`, for `minutes`."""

    pre_review_id: str
    round_no: int
    item_code: str
    wished_point_code: str | None
    due_at: datetime
    minutes: int


async def enqueue(
    request: ReviewRequest, *, actor: Actor, now: datetime, redis: Redis
) -> ReviewTask:
    """Queue a review at the wished point if done in time there, else where it is done soonest.

    Raises `NobodyReviews` if no open point reviews the item.
    """
    task = await ReviewTask.create(
        pre_review_id=request.pre_review_id,
        round_no=request.round_no,
        item_code=request.item_code,
        point_code=await _choose_point(
            request.item_code, request.minutes, redis=redis, wish=request.wished_point_code
        ),
        state=ReviewTaskState.QUEUED,
        due_at=request.due_at,
        minutes=request.minutes,
        created_at=now,
    )
    await record_move(task, from_state=None, to_state=task.state, actor=actor, now=now)
    await _tell(task, now=now)
    return task


async def claim_next(
    point_code: str, reviewer: Actor, *, now: datetime, ports: Ports
) -> ReviewTask | None:
    """Claim what is due first at a point, or else at the most loaded one that it can help.

    The lease lasts `review_lease_s`; None when there is nothing to do. Raises `PointIsDark` at an
    evacuated point.
    """
    if (await hear(point_code, actor=reviewer, now=now)).state in DARK:
        raise PointIsDark
    task = await _first_here(point_code, ports.redis) or await _first_elsewhere(point_code)
    if task is None:
        return None
    left = task.point_code if task.point_code != point_code else None
    await advance(
        task,
        ReviewTaskState.CLAIMED,
        actor=reviewer,
        now=now,
        point_code=point_code,
        fence=task.fence + 1,
        claimed_by=reviewer.id,
        leased_until=now + _lease(ports),
    )
    await _tell(task, now=now, left_point_code=left)
    return task


async def renew(
    pre_review_id: str, *, fence: int, reviewer: Actor, now: datetime, ports: Ports
) -> ReviewTask:
    """Lengthen the lease of a claim; raises `LeaseLost`, also at an evacuated point."""
    task = await _claimed(pre_review_id, fence=fence, reviewer=reviewer)
    if (await hear(task.point_code, actor=reviewer, now=now)).state in DARK:
        raise LeaseLost
    leased_until = now + _lease(ports)
    held = ReviewTask.filter(id=task.id, state=ReviewTaskState.CLAIMED, version=task.version)
    if await held.update(leased_until=leased_until, version=F("version") + 1) != 1:
        raise LeaseLost
    task.leased_until, task.version = leased_until, task.version + 1
    return task


async def finish(pre_review_id: str, *, fence: int, reviewer: Actor, now: datetime) -> ReviewTask:
    """Close a claimed task; raises `LeaseLost`."""
    task = await _claimed(pre_review_id, fence=fence, reviewer=reviewer)
    await _advance_held(task, ReviewTaskState.DONE, actor=reviewer, now=now, claimed_by=reviewer.id)
    return task


async def release(pre_review_id: str, *, fence: int, reviewer: Actor, now: datetime) -> ReviewTask:
    """Give a claimed task back to the point's queue; raises `LeaseLost`."""
    task = await _claimed(pre_review_id, fence=fence, reviewer=reviewer)
    await _advance_held(task, ReviewTaskState.QUEUED, actor=reviewer, now=now, claimed_by=None)
    return task


async def find_lapsed(*, now: datetime) -> list[ReviewTask]:
    """Return claimed tasks whose reviewers fell silent, longest silent first."""
    return await repository.lapsed_tasks(now=now, limit=LAPSED_AT_ONCE)


async def give_back(task_id: str, *, now: datetime) -> ReviewTask:
    """Return a task whose lease lapsed to its queue, where its deadline puts it in front.

    Raises `ChangedMeanwhile` if its reviewer renewed or finished it just now.
    """
    task = await repository.find_lapsed_task(task_id, now=now)
    if task is None:
        raise ChangedMeanwhile
    await advance(
        task,
        ReviewTaskState.QUEUED,
        actor=ENGINE,
        now=now,
        reason=LEASE_LAPSED,
        claimed_by=None,
        leased_until=None,
    )
    await _tell(task, now=now)
    return task


async def drop(pre_review_id: str, *, actor: Actor, now: datetime) -> None:
    """Take what nobody has claimed yet out of the queue; raises `WrongState` once it is claimed."""
    task = await repository.open_task(pre_review_id)
    if task is None:
        return
    if task.state is not ReviewTaskState.QUEUED:
        raise WrongState(state=str(task.state), wanted=str(ReviewTaskState.DONE))
    await advance(task, ReviewTaskState.DONE, actor=actor, now=now, reason="withdrawn")
    await _tell(task, now=now)


async def drain(point_codes: Collection[str], *, redis: Redis) -> int:
    """Let some of what waits at these points wait elsewhere, in its place; return how much did."""
    stranded = await repository.stranded_tasks(point_codes, limit=DRAINED_AT_ONCE)
    going: dict[str, list[ReviewTask]] = {}
    for task in stranded:
        with suppress(NobodyReviews, UnknownItem):
            target = await _choose_point(task.item_code, task.minutes, redis=redis)
            going.setdefault(target, []).append(task)
    for target, tasks in sorted(going.items()):
        await repository.move_tasks([task.id for task in tasks], target)
    return sum(map(len, going.values()))


async def is_claimed_by(reviewer: Actor, pre_review_id: str, *, now: datetime) -> bool:
    """Tell whether this very reviewer holds a live claim on a pre-review."""
    return await ReviewTask.exists(
        pre_review_id=pre_review_id,
        state=ReviewTaskState.CLAIMED,
        claimed_by=reviewer.id,
        leased_until__gte=now,
    )


async def _choose_point(
    item_code: str, minutes: int, *, redis: Redis, wish: str | None = None
) -> str:
    dark = await dark_points()
    manned = [
        point
        for point in await find_points_for([item_code])
        if point.reviewers > 0 and point.code not in dark
    ]
    if not manned:
        raise NobodyReviews
    sampled = random.sample(manned, min(SAMPLED, len(manned)))
    wished = [point for point in manned if point.code == wish]
    backlogs = await _backlogs({point.code: point for point in (*sampled, *wished)}.values(), redis)
    return choose_point(
        [backlogs[point.code] for point in sampled],
        wished=backlogs[wished[0].code] if wished else None,
        minutes=minutes,
    )


async def _backlogs(points: Collection[ServicePoint], redis: Redis) -> dict[str, ReviewBacklog]:
    codes = [point.code for point in points]
    minutes = await hints.known_backlogs(redis, codes)
    unknown = [code for code in codes if code not in minutes]
    if unknown:
        minutes |= await repository.backlog_minutes(unknown)
    return {
        point.code: ReviewBacklog(point.code, minutes.get(point.code, 0), point.reviewers)
        for point in points
    }


async def _first_here(point_code: str, redis: Redis) -> ReviewTask | None:
    here = repository.queued().filter(point_code=point_code)
    for task_id in await hints.earliest(redis, point_code):
        task = await repository.lock_first(here.filter(id=task_id))
        if task is not None:
            return task
    return await repository.lock_first(here)


async def _first_elsewhere(point_code: str) -> ReviewTask | None:
    minutes = await repository.queued_minutes()
    others = minutes.keys() - {point_code}
    most_loaded = sorted(others, key=lambda code: (-minutes[code], code))
    for code in most_loaded[:ROBBED]:
        there = repository.queued().filter(point_code=code)
        for waiting in await _reviewable(point_code, await there.limit(hints.LOOKED_AT)):
            task = await repository.lock_first(there.filter(id=waiting.id))
            if task is not None:
                return task
    return None


async def _reviewable(point_code: str, tasks: Sequence[ReviewTask]) -> list[ReviewTask]:
    codes = {task.item_code for task in tasks}
    reviewable = {code for code in codes if await _can_review(point_code, code)}
    return [task for task in tasks if task.item_code in reviewable]


async def _can_review(point_code: str, item_code: str) -> bool:
    try:
        capable = await find_points_for([item_code])
    except UnknownItem:
        # Withdrawn meanwhile: whoever has it queued finishes it.
        return False
    return any(point.code == point_code for point in capable)


async def _claimed(pre_review_id: str, *, fence: int, reviewer: Actor) -> ReviewTask:
    task = await repository.open_task(pre_review_id)
    if task is None or task.state is not ReviewTaskState.CLAIMED:
        raise LeaseLost
    if task.fence != fence or task.claimed_by != reviewer.id:
        raise LeaseLost
    return task


async def _advance_held(
    task: ReviewTask,
    target: ReviewTaskState,
    *,
    actor: Actor,
    now: datetime,
    claimed_by: str | None,
) -> None:
    try:
        await advance(task, target, actor=actor, now=now, leased_until=None, claimed_by=claimed_by)
    except ChangedMeanwhile:
        raise LeaseLost from None
    await _tell(task, now=now)


async def _tell(task: ReviewTask, *, now: datetime, left_point_code: str | None = None) -> None:
    await emit(ReviewTaskMoved(aggregate_id=task.id, left_point_code=left_point_code), now=now)


def _lease(ports: Ports) -> timedelta:
    return timedelta(seconds=ports.settings.review_lease_s)
