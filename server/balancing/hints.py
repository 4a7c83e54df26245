"""What Redis remembers of the review queues: fast, and never trusted.

One sorted set a point, scored by deadline, and one hash of open minutes by point. Whoever finds
Redis away or empty asks the database.
"""

from collections.abc import Awaitable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

import structlog

from server.kit.redis import Redis, RedisError

QUEUE_PREFIX = "tongban:review:"
BACKLOG_KEY = "tongban:review-backlog"
LOOKED_AT = 8
"""Heads of a queue that are tried before the database is asked."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


def queue_key(point_code: str) -> str:
    """Return the key of a point's queue."""
    return f"{QUEUE_PREFIX}{point_code}"


def score_of(due_at: datetime) -> float:
    """Return the place of a deadline in a queue, in seconds."""
    return due_at.timestamp()


async def earliest(redis: Redis, point_code: str) -> list[str]:
    """Return ids of the tasks that are due first at a point, as far as Redis knows."""
    asked = redis.zrange(queue_key(point_code), 0, LOOKED_AT - 1)
    return await _unless_away(cast(Awaitable[list[str]], asked), otherwise=[])


async def known_backlogs(redis: Redis, point_codes: Collection[str]) -> dict[str, int]:
    """Return the open minutes of those points that Redis knows."""
    codes = list(point_codes)
    if not codes:
        return {}
    asked = cast(Awaitable[list[str | None]], redis.hmget(BACKLOG_KEY, codes))
    found = await _unless_away(asked, otherwise=[])
    return {code: int(minutes) for code, minutes in zip(codes, found, strict=False) if minutes}


async def place(redis: Redis, task_id: str, *, point_code: str, due_at: datetime) -> None:
    """Put a task into a point's queue."""
    key, scores = queue_key(point_code), {task_id: score_of(due_at)}
    await _unless_away(redis.zadd(key, scores), otherwise=0)


async def remove(redis: Redis, task_id: str, *, point_codes: Iterable[str]) -> None:
    """Take a task out of the queues of these points."""
    for code in point_codes:
        await _unless_away(redis.zrem(queue_key(code), task_id), otherwise=0)


async def set_backlogs(redis: Redis, minutes: Mapping[str, int]) -> None:
    """Note the open minutes of points."""
    if minutes:
        mapping = dict[Any, Any](minutes)
        await _unless_away(redis.hset(BACKLOG_KEY, mapping=mapping), otherwise=0)


async def _unless_away(asked: Awaitable[T], *, otherwise: T) -> T:
    try:
        return await asked
    except RedisError as error:
        log.warning("review_hint_unavailable", reason=type(error).__name__)
        return otherwise
