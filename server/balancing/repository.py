"""Review tasks as the database holds them: the one truth of the work queues."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, cast

from tortoise.expressions import F
from tortoise.functions import Sum
from tortoise.queryset import QuerySet

from models.prereview import ReviewTask
from models.states import ReviewTaskState

OPEN = (ReviewTaskState.QUEUED, ReviewTaskState.CLAIMED)


class QueuedTask(TypedDict):
    """What the hint of a queued task is made of."""

    id: str
    point_code: str
    due_at: datetime


def queued() -> "QuerySet[ReviewTask]":
    """Return the query of waiting tasks, earliest deadline first.

    Ids rise with the time of creation, so a task that was claimed and given back stands before
    those that came after it.
    """
    return ReviewTask.filter(state=ReviewTaskState.QUEUED).order_by("due_at", "id")


async def lock_first(tasks: "QuerySet[ReviewTask]") -> ReviewTask | None:
    """Return the first of `tasks` that nobody else is just claiming, locked."""
    return await tasks.select_for_update(skip_locked=True).first()


async def open_task(pre_review_id: str) -> ReviewTask | None:
    """Return the unfinished task of a pre-review, if there is one."""
    return await ReviewTask.get_or_none(pre_review_id=pre_review_id, state__in=OPEN)


async def lapsed_tasks(*, now: datetime, limit: int) -> list[ReviewTask]:
    """Return claimed tasks whose lease has ended, longest ended first."""
    return await _lapsed(now).order_by("leased_until", "id").limit(limit)


async def find_lapsed_task(task_id: str, *, now: datetime) -> ReviewTask | None:
    """Return a task if it is claimed and its lease has ended."""
    return await _lapsed(now).get_or_none(id=task_id)


async def end_leases(point_code: str, *, now: datetime) -> int:
    """Let every lease at a point end now; return how many there were."""
    held = ReviewTask.filter(
        point_code=point_code, state=ReviewTaskState.CLAIMED, leased_until__gt=now
    )
    return await held.update(leased_until=now, version=F("version") + 1)


async def stranded_tasks(point_codes: Collection[str], *, limit: int) -> list[ReviewTask]:
    """Return waiting tasks of these points that nobody is just claiming, locked."""
    return await (
        queued()
        .filter(point_code__in=list(point_codes))
        .limit(limit)
        .select_for_update(skip_locked=True)
    )


async def move_tasks(task_ids: Collection[str], point_code: str) -> int:
    """Let waiting tasks wait at another point; return how many did."""
    waiting = ReviewTask.filter(id__in=list(task_ids), state=ReviewTaskState.QUEUED)
    return await waiting.update(point_code=point_code, version=F("version") + 1)


async def backlog_minutes(point_codes: Collection[str] | None = None) -> dict[str, int]:
    """Return the open work in minutes by point; points without any are left out."""
    tasks = ReviewTask.filter(state__in=OPEN)
    if point_codes is not None:
        tasks = tasks.filter(point_code__in=list(point_codes))
    return await _minutes_by_point(tasks)


async def queued_minutes() -> dict[str, int]:
    """Return the work that waits unclaimed in minutes by point."""
    return await _minutes_by_point(ReviewTask.filter(state=ReviewTaskState.QUEUED))


async def all_queued() -> list[QueuedTask]:
    """Return id, point and deadline of every waiting task."""
    rows = await ReviewTask.filter(state=ReviewTaskState.QUEUED).values(
        "id", "point_code", "due_at"
    )
    return cast(list[QueuedTask], rows)


def _lapsed(now: datetime) -> "QuerySet[ReviewTask]":
    return ReviewTask.filter(state=ReviewTaskState.CLAIMED, leased_until__lt=now)


async def _minutes_by_point(tasks: "QuerySet[ReviewTask]") -> dict[str, int]:
    rows = (
        await tasks.annotate(total=Sum("minutes"))
        .group_by("point_code")
        .values("point_code", "total")
    )
    return {row["point_code"]: int(row["total"]) for row in rows}
