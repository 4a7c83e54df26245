"""The work of reviewing: queued at the best point, claimed by one person at a time.

All of it runs in the caller's transaction. A claim raises `fence`; whatever comes with an older one
is refused, so that work which was given on cannot be finished twice.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import F

from models.fields import new_id
from models.prereview import ReviewTask
from models.states import DARK, ReviewTaskState
from server.balancing import hints, repository
from server.balancing.errors import LeaseLost, NobodyReviews, PointIsDark
from server.balancing.hints import Wanted
from server.balancing.pace import expect_minutes, learn
from server.balancing.placement import place_review
from server.balancing.presence import hear
from server.balancing.review_rules import base_rank_ms
from server.balancing.roster import reviewing_points
from server.catalog.errors import UnknownItem
from server.catalog.rules import local_day
from server.kit.access import ENGINE, Actor
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.ports import Ports
from server.kit.redis import Redis
from server.kit.states import advance, record_move

LAPSED_AT_ONCE = 200
DRAINED_AT_ONCE = 100
LEASE_LAPSED = "lease lapsed"


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """One round of a pre-review that wants to be looked at until `due_at`.

    It is planned for so many minutes; what was learned of its item counts more.
    """

    pre_review_id: str
    round_no: int
    item_code: str
    wished_point_code: str | None
    due_at: datetime
    minutes: int
    is_elder: bool = False


async def enqueue(
    request: ReviewRequest, *, actor: Actor, now: datetime, redis: Redis
) -> ReviewTask:
    """Queue a review at the wished point if done in time there, else where it is done soonest.

    Raises `NobodyReviews` if no open point reviews the item.
    """
    task = ReviewTask(
        id=new_id(),
        pre_review_id=request.pre_review_id,
        round_no=request.round_no,
        item_code=request.item_code,
        state=ReviewTaskState.QUEUED,
        due_at=request.due_at,
        minutes=await expect_minutes(request.item_code, request.minutes, today=local_day(now)),
        created_at=now,
    )
    wanted = Wanted(
        task.id,
        task.item_code,
        task.minutes,
        base_rank_ms(request.due_at, is_elder=request.is_elder),
        wish=request.wished_point_code,
    )
    placed = await place_review(wanted, now=now, redis=redis)
    task.point_code, task.rank_ms = placed.point_code, placed.rank_ms
    await task.save(force_create=True)
    await record_move(task, from_state=None, to_state=task.state, actor=actor, now=now)
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
    redis = ports.redis
    task = await _first_here(point_code, redis) or await _first_elsewhere(point_code, redis)
    if task is None:
        return None
    left = task.point_code
    await advance(
        task,
        ReviewTaskState.CLAIMED,
        actor=reviewer,
        now=now,
        point_code=point_code,
        fence=task.fence + 1,
        claimed_by=reviewer.id,
        claimed_at=now,
        leased_until=now + _lease(ports),
    )
    await hints.note_claim(redis, task, left=left, now=now)
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


async def finish(
    pre_review_id: str, *, fence: int, reviewer: Actor, now: datetime, redis: Redis
) -> ReviewTask:
    """Close a claimed task, and learn how long it took; raises `LeaseLost`."""
    task = await _claimed(pre_review_id, fence=fence, reviewer=reviewer)
    await _advance_held(task, ReviewTaskState.DONE, actor=reviewer, now=now, claimed_by=reviewer.id)
    if task.claimed_at is not None:
        await learn(task.item_code, now - task.claimed_at, today=local_day(now))
    await hints.remove(redis, task.id, point_code=task.point_code)
    return task


async def release(
    pre_review_id: str, *, fence: int, reviewer: Actor, now: datetime, redis: Redis
) -> ReviewTask:
    """Give a claimed task back to the point's queue; raises `LeaseLost`."""
    task = await _claimed(pre_review_id, fence=fence, reviewer=reviewer)
    await _advance_held(task, ReviewTaskState.QUEUED, actor=reviewer, now=now, claimed_by=None)
    await hints.put(redis, task)
    return task


async def find_lapsed(*, now: datetime) -> list[ReviewTask]:
    """Return claimed tasks whose reviewers fell silent, longest silent first."""
    return await repository.lapsed_tasks(now=now, limit=LAPSED_AT_ONCE)


async def give_back(task_id: str, *, now: datetime, redis: Redis) -> ReviewTask:
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
    await hints.put(redis, task)
    return task


async def drop(pre_review_id: str, *, actor: Actor, now: datetime, redis: Redis) -> None:
    """Take what nobody has claimed yet out of the queue; raises `WrongState` once it is claimed."""
    task = await repository.open_task(pre_review_id)
    if task is None:
        return
    if task.state is not ReviewTaskState.QUEUED:
        raise WrongState(state=str(task.state), wanted=str(ReviewTaskState.DONE))
    await advance(task, ReviewTaskState.DONE, actor=actor, now=now, reason="withdrawn")
    await hints.remove(redis, task.id, point_code=task.point_code)


async def drain(point_codes: Collection[str], *, now: datetime, redis: Redis) -> int:
    """Let some of what waits at these points wait elsewhere, in its place; return how much did."""
    stranded = await repository.stranded_tasks(point_codes, limit=DRAINED_AT_ONCE)
    going: dict[str, list[ReviewTask]] = {}
    for task in stranded:
        with suppress(NobodyReviews, UnknownItem):
            wanted = Wanted(task.id, task.item_code, task.minutes, task.rank_ms, is_fixed=True)
            placed = await place_review(wanted, now=now, redis=redis)
            going.setdefault(placed.point_code, []).append(task)
    for target, tasks in sorted(going.items()):
        await repository.move_tasks([task.id for task in tasks], target)
        for task in tasks:
            await hints.remove(redis, task.id, point_code=task.point_code)
    return sum(map(len, going.values()))


async def is_claimed_by(reviewer: Actor, pre_review_id: str, *, now: datetime) -> bool:
    """Tell whether this very reviewer holds a live claim on a pre-review."""
    return await ReviewTask.exists(
        pre_review_id=pre_review_id,
        state=ReviewTaskState.CLAIMED,
        claimed_by=reviewer.id,
        leased_until__gte=now,
    )


async def _first_here(point_code: str, redis: Redis) -> ReviewTask | None:
    here = repository.queued().filter(point_code=point_code)
    for _ in range(hints.LOOKED_AT):
        task_id = await hints.pop(redis, point_code)
        if task_id is None:
            break
        if task := await repository.lock_first(here.filter(id=task_id)):
            return task
    return await repository.lock_first(here)


async def _first_elsewhere(point_code: str, redis: Redis) -> ReviewTask | None:
    elsewhere = repository.queued().exclude(point_code=point_code)
    for code in await hints.most_loaded(redis, but=point_code):
        for one in await repository.waiting_among(await hints.heads(redis, code)):
            if not await _can_review(point_code, one.item_code):
                continue
            if task := await repository.lock_first(elsewhere.filter(id=one.id)):
                return task
    codes = await repository.waiting_items()
    reviewable = [code for code in codes if await _can_review(point_code, code)]
    return await repository.lock_first(elsewhere.filter(item_code__in=reviewable))


async def _can_review(point_code: str, item_code: str) -> bool:
    try:
        return point_code in (await reviewing_points(item_code)).reviewers
    except UnknownItem:
        # Withdrawn meanwhile: whoever has it queued finishes it.
        return False


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


def _lease(ports: Ports) -> timedelta:
    return timedelta(seconds=ports.settings.review_lease_s)
