"""Review tasks as the database holds them: the one truth of the work queues."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, cast

from tortoise.expressions import F
from tortoise.functions import Max, Sum
from tortoise.queryset import QuerySet

from models.prereview import ReviewTask
from models.states import ReviewTaskState

OPEN = (ReviewTaskState.QUEUED, ReviewTaskState.CLAIMED)


class OpenTask(TypedDict):
    """What the hints of an unfinished task are made of."""

    id: str
    point_code: str
    state: ReviewTaskState
    minutes: int
    item_code: str
    rank_ms: int


class LastClaim(TypedDict):
    """When a reviewer claimed something last at a point."""

    point_code: str
    claimed_by: str
    at: datetime


def queued() -> "QuerySet[ReviewTask]":
    """Return the query of waiting tasks, by their places.

    Ids rise with the time of creation, so a task that was claimed and given back stands before
    those that came after it.
    """
    return ReviewTask.filter(state=ReviewTaskState.QUEUED).order_by("rank_ms", "id")


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
    """Return tasks that wait at these points, first ones first, and lock them."""
    there = queued().filter(point_code__in=list(point_codes)).limit(limit)
    return await there.select_for_update(skip_locked=True)


async def move_tasks(task_ids: Collection[str], point_code: str) -> None:
    """Let tasks that were locked while they wait do so at another point."""
    waiting = ReviewTask.filter(id__in=list(task_ids), state=ReviewTaskState.QUEUED)
    await waiting.update(point_code=point_code, version=F("version") + 1)


async def backlog_minutes(point_codes: Collection[str] | None = None) -> dict[str, int]:
    """Return the open work in minutes by point; points without any are left out."""
    tasks = ReviewTask.filter(state__in=OPEN)
    if point_codes is not None:
        tasks = tasks.filter(point_code__in=list(point_codes))
    return await _minutes_by_point(tasks)


async def open_minutes_of_item(point_code: str, item_code: str) -> int:
    """Return the open work of one item at a point, in minutes."""
    tasks = ReviewTask.filter(point_code=point_code, item_code=item_code, state__in=OPEN)
    return (await _minutes_by_point(tasks)).get(point_code, 0)


async def last_claims(
    *, since: datetime, point_codes: Collection[str] | None = None
) -> list[LastClaim]:
    """Return when each reviewer claimed something last, of those who did since then."""
    claimed = ReviewTask.filter(claimed_at__gte=since, claimed_by__isnull=False)
    if point_codes is not None:
        claimed = claimed.filter(point_code__in=list(point_codes))
    rows = (
        await claimed.annotate(at=Max("claimed_at"))
        .group_by("point_code", "claimed_by")
        .values("point_code", "claimed_by", "at")
    )
    return cast(list[LastClaim], rows)


async def count_on_duty(point_codes: Collection[str], *, since: datetime) -> Counter[str]:
    """Return how many reviewers claimed something at each point since then."""
    claims = await last_claims(since=since, point_codes=point_codes)
    return Counter(one["point_code"] for one in claims)


async def waiting_among(task_ids: Collection[str]) -> list[ReviewTask]:
    """Return those of the tasks that still wait, by their places."""
    return await queued().filter(id__in=list(task_ids)) if task_ids else []


async def waiting_items() -> list[str]:
    """Return the codes of the items that something waits of."""
    codes = ReviewTask.filter(state=ReviewTaskState.QUEUED).distinct()
    return [str(code) for code in await codes.values_list("item_code", flat=True)]


async def all_open() -> list[OpenTask]:
    """Return what the hints of every unfinished task are made of."""
    rows = await ReviewTask.filter(state__in=OPEN).values(*OpenTask.__annotations__)
    return cast(list[OpenTask], rows)


def _lapsed(now: datetime) -> "QuerySet[ReviewTask]":
    return ReviewTask.filter(state=ReviewTaskState.CLAIMED, leased_until__lt=now)


async def _minutes_by_point(tasks: "QuerySet[ReviewTask]") -> dict[str, int]:
    rows = (
        await tasks.annotate(total=Sum("minutes"))
        .group_by("point_code")
        .values("point_code", "total")
    )
    return {row["point_code"]: int(row["total"]) for row in rows}
