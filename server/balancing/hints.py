"""What Redis remembers of the review queues: fast, and never trusted.

Whoever finds Redis away or empty asks the database; a job makes both equal again. All keys carry
one hash tag, so that on a Redis Cluster one script reaches them all:

- `minutes`, a sorted set: the open minutes of each point; a point that is missing is not known;
- `dark`, a set: the points that get no work;
- of each point `queue`, a sorted set of what waits by rank; `open`, a hash of what is unfinished,
  as minutes and item; `items`, a hash of its minutes by item; `duty`, a sorted set of reviewers by
  their last claim.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar, cast

import structlog

from models.prereview import ReviewTask
from server.balancing.review_rules import IN_TIME_MINUTES, MOST_SHARE, as_ms, share_ms
from server.kit.redis import Redis, RedisError

PREFIX = "{tongban:review}:"
MINUTES, DARK = f"{PREFIX}minutes", f"{PREFIX}dark"
LOOKED_AT = 8
"""Heads of a queue that are tried before the database is asked, and points that are robbed."""
ON_DUTY_FOR = timedelta(minutes=30)
"""Whoever claimed something so lately is on duty."""
RESTS_S = 2.0
"""So long Redis is left alone after it did not answer."""

T = TypeVar("T")

log = structlog.get_logger(__name__)

_ENTER = """
local function enter(first, point, id, minutes, item, rank)
  local queue, open, items = KEYS[first], KEYS[first + 1], KEYS[first + 2]
  if redis.call('HSETNX', open, id, minutes .. ':' .. item) == 1 then
    redis.call('HINCRBY', items, item, minutes)
    redis.call('ZINCRBY', KEYS[1], minutes, point)
  end
  if rank then redis.call('ZADD', queue, rank, id) else redis.call('ZREM', queue, id) end
end
"""
_LEAVE = """
local function leave(first, point, id)
  local queue, open, items = KEYS[first], KEYS[first + 1], KEYS[first + 2]
  redis.call('ZREM', queue, id)
  local entry = redis.call('HGET', open, id)
  if not entry then return end
  local minutes, item = string.match(entry, '^(%d+):(.*)$')
  redis.call('HDEL', open, id)
  if redis.call('HINCRBY', items, item, -minutes) <= 0 then redis.call('HDEL', items, item) end
  redis.call('ZINCRBY', KEYS[1], -minutes, point)
end
"""
PLACE = f"""{_ENTER}
local id, item, wish = ARGV[1], ARGV[2], ARGV[3]
local work, in_time, since = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local base, most_share = tonumber(ARGV[7]), tonumber(ARGV[8])
local best, best_time, first
for place = 9, #ARGV, 2 do
  local point, keys = ARGV[place], 3 + (place - 9) * 2
  local minutes = redis.call('ZSCORE', KEYS[1], point)
  if not minutes then return false end
  if redis.call('SISMEMBER', KEYS[2], point) == 0 then
    local reviewers = redis.call('ZCOUNT', KEYS[keys + 3], since, '+inf')
    if reviewers == 0 then reviewers = tonumber(ARGV[place + 1]) end
    local time = (minutes + work) / reviewers
    if point == wish and time <= in_time then time = -1 end
    if not best or time < best_time then best, best_time, first = point, time, keys end
  end
end
if not best then return false end
local owed = tonumber(redis.call('HGET', KEYS[first + 2], item) or 0)
local rank = string.format('%.0f', base + math.min(owed * 60000, most_share))
enter(first, best, id, ARGV[4], item, rank)
return {{best, rank}}
"""
"""Chooses among candidates as `choose_point` does, ranks, and queues, in one step."""
PUT = f"{_ENTER} enter(2, ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])"
REMOVE = f"{_LEAVE} leave(2, ARGV[1], ARGV[2])"
CLAIM = f"""{_ENTER} {_LEAVE}
local id, from, to = ARGV[1], ARGV[2], ARGV[3]
if from ~= to then leave(2, from, id) end
enter(5, to, id, ARGV[4], ARGV[5], false)
redis.call('ZADD', KEYS[8], ARGV[7], ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[8], '-inf', '(' .. ARGV[8])
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A review that wants a place: `base_rank_ms` before fairness, which it keeps if `is_fixed`."""

    task_id: str
    item_code: str
    minutes: int
    base_rank_ms: int
    wish: str | None = None
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a review waits, and its place there."""

    point_code: str
    rank_ms: int


def queue_key(point_code: str) -> str:
    """Return the key of what waits at a point."""
    return f"{PREFIX}queue:{point_code}"


def keys_of(point_code: str) -> list[str]:
    """Return the keys of a point: what waits, what is open, by item, and who is on duty."""
    return [f"{PREFIX}{kind}:{point_code}" for kind in ("queue", "open", "items", "duty")]


def entry_of(minutes: int, item_code: str) -> str:
    """Return how an open review stands in the hash of its point."""
    return f"{minutes}:{item_code}"


async def place(
    redis: Redis, wanted: Wanted, candidates: Sequence[tuple[str, int]], *, now: datetime
) -> Placed | None:
    """Queue a review at the best of the candidates, given in order of code with their reviewers.

    None if Redis does not know one of them, or all are dark: nothing is queued then.
    """
    keys = [MINUTES, DARK]
    arguments: list[object] = [
        wanted.task_id,
        wanted.item_code,
        wanted.wish or "",
        wanted.minutes,
        IN_TIME_MINUTES,
        as_ms(now - ON_DUTY_FOR),
        wanted.base_rank_ms,
        0 if wanted.is_fixed else share_ms(MOST_SHARE // timedelta(minutes=1)),
    ]
    for code, reviewers in candidates:
        keys += keys_of(code)
        arguments += (code, reviewers)
    found = await _run(redis, PLACE, keys, arguments)
    return Placed(found[0], int(found[1])) if found else None


async def put(redis: Redis, task: ReviewTask) -> None:
    """Let a task wait at its point."""
    keys = [MINUTES, *keys_of(task.point_code)]
    about = [task.point_code, task.id, task.minutes, task.item_code, task.rank_ms]
    await _run(redis, PUT, keys, about)


async def remove(redis: Redis, task_id: str, *, point_code: str) -> None:
    """Forget a task of a point."""
    await _run(redis, REMOVE, [MINUTES, *keys_of(point_code)], [point_code, task_id])


async def note_claim(redis: Redis, task: ReviewTask, *, left: str, now: datetime) -> None:
    """Note that a task that waited at the point `left` is in hand at its point."""
    keys = [MINUTES, *keys_of(left)[:3], *keys_of(task.point_code)]
    task_facts = [task.id, left, task.point_code, task.minutes, task.item_code]
    duty = [task.claimed_by, as_ms(now), as_ms(now - ON_DUTY_FOR)]
    await _run(redis, CLAIM, keys, [*task_facts, *duty])


async def pop(redis: Redis, point_code: str) -> str | None:
    """Take the first id out of a point's queue: whoever asks next gets another."""
    key = queue_key(point_code)
    found: list[Any] = await _unless_away(lambda: redis.zpopmin(key), otherwise=[])
    return str(found[0][0]) if found else None


async def most_loaded(redis: Redis, *, but: str) -> list[str]:
    """Return the points that owe most, most first."""

    def ask() -> Awaitable[Any]:
        return redis.zrevrange(MINUTES, 0, LOOKED_AT)

    found: list[str] = await _unless_away(ask, otherwise=[])
    return [code for code in found if code != but]


async def heads(redis: Redis, point_code: str) -> list[str]:
    """Return the first ids of a point's queue."""
    key = queue_key(point_code)
    return await _unless_away(lambda: redis.zrange(key, 0, LOOKED_AT - 1), otherwise=[])


async def set_dark(redis: Redis, point_code: str, *, is_dark: bool) -> None:
    """Note whether a point gets no work."""
    change = redis.sadd if is_dark else redis.srem
    await _unless_away(lambda: change(DARK, point_code), otherwise=0)


class _Trouble:
    until_s = 0.0


def trust_again() -> None:
    """Ask Redis again at once, since it was just heard."""
    _Trouble.until_s = 0.0


async def _run(
    redis: Redis, script: str, keys: Collection[str], arguments: Collection[object]
) -> Any:
    values: list[Any] = [*keys, *arguments]
    return await _unless_away(lambda: redis.eval(script, len(keys), *values), otherwise=None)


async def _unless_away(ask: Callable[[], Awaitable[Any]], *, otherwise: T) -> T:
    if monotonic() < _Trouble.until_s:
        return otherwise
    try:
        return cast(T, await ask())
    except (RedisError, OSError) as error:
        _Trouble.until_s = monotonic() + RESTS_S
        log.warning("review_hint_unavailable", reason=type(error).__name__)
        return otherwise
