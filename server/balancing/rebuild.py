"""The review queues in Redis, compared with the database and made equal to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from server.balancing.hints import BACKLOG_KEY, QUEUE_PREFIX, queue_key, score_of
from server.balancing.repository import all_queued, backlog_minutes
from server.kit.redis import Redis

Queues = dict[tuple[str, str], float]
"""Point code and task id to deadline."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What Redis said otherwise than the database; each entry a point code with a task or minutes.

    `missing` and `misplaced` tasks wait in the database, `stale` ones do not.
    """

    missing: tuple[tuple[str, str], ...]
    misplaced: tuple[tuple[str, str], ...]
    stale: tuple[tuple[str, str], ...]
    backlogs: tuple[tuple[str, int, int], ...]
    """Point code, minutes in Redis, minutes in the database."""

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, (self.missing, self.misplaced, self.stale, self.backlogs)))

    def lines(self) -> list[str]:
        """Describe each difference in a line, for an operator."""
        listed = {"missing": self.missing, "misplaced": self.misplaced, "stale": self.stale}
        lines = [
            f"{kind} review {task_id} at {point}"
            for kind, entries in listed.items()
            for point, task_id in entries
        ]
        lines += [
            f"backlog of {point}: {known} minutes in Redis, {true} in the database"
            for point, known, true in self.backlogs
        ]
        return lines


async def rebuild(redis: Redis, *, check_only: bool) -> Differences:
    """Find what Redis says otherwise than the database and, unless `check_only`, correct it.

    Raises `RedisError` when Redis is away. What moves meanwhile is corrected by its own news.
    """
    known_queues, known_minutes = await _known_queues(redis), await _known_minutes(redis)
    rows = await all_queued()
    queues = {(row["point_code"], row["id"]): score_of(row["due_at"]) for row in rows}
    minutes = await backlog_minutes()
    found = compare(known_queues, queues, known_minutes=known_minutes, minutes=minutes)
    if found.count and not check_only:
        await _correct(redis, found, queues)
    return found


def compare(
    known: Queues,
    true: Queues,
    *,
    known_minutes: Mapping[str, int],
    minutes: Mapping[str, int],
) -> Differences:
    """Compare the queues and backlogs as Redis knows them with the true ones."""
    points = sorted({*known_minutes, *minutes})
    backlogs = [(code, known_minutes.get(code, 0), minutes.get(code, 0)) for code in points]
    return Differences(
        missing=tuple(sorted(true.keys() - known.keys())),
        misplaced=tuple(
            sorted(key for key in true.keys() & known.keys() if true[key] != known[key])
        ),
        stale=tuple(sorted(known.keys() - true.keys())),
        backlogs=tuple(one for one in backlogs if one[1] != one[2]),
    )


async def _known_queues(redis: Redis) -> Queues:
    queues: Queues = {}
    async for key in redis.scan_iter(match=f"{QUEUE_PREFIX}*"):
        scored = cast(list[tuple[str, float]], await redis.zrange(key, 0, -1, withscores=True))
        for task_id, score in scored:
            queues[key.removeprefix(QUEUE_PREFIX), task_id] = score
    return queues


async def _known_minutes(redis: Redis) -> dict[str, int]:
    known = cast(dict[str, str], await redis.hgetall(BACKLOG_KEY))
    return {code: int(minutes) for code, minutes in known.items()}


async def _correct(redis: Redis, found: Differences, queues: Queues) -> None:
    async with redis.pipeline(transaction=False) as pipe:
        for point_code, task_id in (*found.missing, *found.misplaced):
            pipe.zadd(queue_key(point_code), {task_id: queues[point_code, task_id]})
        for point_code, task_id in found.stale:
            pipe.zrem(queue_key(point_code), task_id)
        for point_code, _, minutes in found.backlogs:
            pipe.hset(BACKLOG_KEY, point_code, str(minutes))
        await pipe.execute()
