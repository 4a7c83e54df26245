"""The hints in Redis, compared with the database and made equal to it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from models.states import ReviewTaskState
from server.balancing import hints, repository
from server.balancing.hints import entry_of, keys_of
from server.balancing.presence import dark_points
from server.balancing.review_rules import as_ms
from server.catalog.service import point_codes
from server.kit.redis import Redis

AT_ONCE = 500


class Fact(NamedTuple):
    """What a hint is about: a kind as in `hints`, a point, and a task, an item or a reviewer."""

    kind: str
    point_code: str
    name: str = ""


Facts = Mapping[Fact, int | str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What Redis and the database say of one thing; None is nothing."""

    fact: Fact
    known: int | str | None
    true: int | str | None

    def __str__(self) -> str:
        kind, point, name = self.fact
        about = f"{kind} of {point}" + (f", {name}" if name else "")
        known, true = ("nothing" if one is None else one for one in (self.known, self.true))
        return f"{about}: {known} in Redis, {true} in the database"


async def rebuild(redis: Redis, *, now: datetime, check_only: bool) -> list[Difference]:
    """Find what Redis says otherwise than the database and, unless `check_only`, correct it.

    Raises `RedisError` when Redis is away. What is corrected was so at two looks: whatever merely
    moved in between is left to those who moved it.
    """
    points = await point_codes()
    found = await _look(redis, points, now)
    if check_only:
        return found
    if found:
        again = await _look(redis, points, now)
        found = [one for one in found if one in again]
    await _correct(redis, found, points)
    hints.trust_again()
    return found


def compare(known: Facts, true: Facts) -> list[Difference]:
    """Compare what Redis and the database say.

    Redis may have seen a reviewer later than the database remembers.
    """
    both = sorted(known.keys() | true.keys())
    differences = [Difference(fact, known.get(fact), true.get(fact)) for fact in both]
    return [one for one in differences if one.known != one.true and not _is_seen_later(one)]


def _is_seen_later(one: Difference) -> bool:
    if one.fact.kind != "duty" or one.known is None:
        return False
    return one.true is None or int(one.known) > int(one.true)


async def _look(redis: Redis, points: Collection[str], now: datetime) -> list[Difference]:
    return compare(await _known(redis, points, now), await _true(now))


async def _true(now: datetime) -> Facts:
    facts: dict[Fact, int | str] = {}
    sums: Counter[Fact] = Counter()
    for row in await repository.all_open():
        point, task_id = row["point_code"], row["id"]
        facts[Fact("open", point, task_id)] = entry_of(row["minutes"], row["item_code"])
        if row["state"] == ReviewTaskState.QUEUED:
            facts[Fact("queue", point, task_id)] = row["rank_ms"]
        sums[Fact("items", point, row["item_code"])] += row["minutes"]
        sums[Fact("minutes", point)] += row["minutes"]
    for claim in await repository.last_claims(since=now - hints.ON_DUTY_FOR):
        facts[Fact("duty", claim["point_code"], claim["claimed_by"])] = as_ms(claim["at"])
    return facts | sums | {Fact("dark", code): 1 for code in await dark_points()}


async def _known(redis: Redis, points: Collection[str], now: datetime) -> Facts:
    facts: dict[Fact, int | str] = {}
    minutes: Any = dict(await redis.zrange(hints.MINUTES, 0, -1, withscores=True))  # type: ignore[arg-type]
    facts |= {Fact("minutes", code): int(score) for code, score in minutes.items() if score}
    facts |= {Fact("dark", str(code)): 1 for code in await redis.smembers(hints.DARK)}
    codes = sorted({*points, *minutes})
    for begin in range(0, len(codes), AT_ONCE):
        facts |= await _read_points(redis, codes[begin : begin + AT_ONCE], now)
    return facts


async def _read_points(redis: Redis, codes: Sequence[str], now: datetime) -> Facts:
    pipe: Any
    async with redis.pipeline(transaction=False) as pipe:
        for code in codes:
            queue, opened, items, duty = keys_of(code)
            pipe.zrange(queue, 0, -1, withscores=True)
            pipe.hgetall(opened)
            pipe.hgetall(items)
            pipe.zrangebyscore(duty, as_ms(now - hints.ON_DUTY_FOR), "+inf", withscores=True)
        answers = await pipe.execute()
    facts: dict[Fact, int | str] = {}
    for place, code in enumerate(codes):
        facts |= _facts_of(code, *answers[place * 4 : place * 4 + 4])
    return facts


def _facts_of(
    code: str,
    queue: Iterable[tuple[str, float]],
    opened: Mapping[str, str],
    items: Mapping[str, str],
    duty: Iterable[tuple[str, float]],
) -> dict[Fact, int | str]:
    return {
        **{Fact("queue", code, one): int(rank) for one, rank in queue},
        **{Fact("open", code, one): entry for one, entry in opened.items()},
        **{Fact("items", code, item): int(minutes) for item, minutes in items.items()},
        **{Fact("duty", code, one): int(at) for one, at in duty},
    }


async def _correct(redis: Redis, found: Collection[Difference], points: Collection[str]) -> None:
    async with redis.pipeline(transaction=False) as pipe:
        for one in found:
            _write(pipe, one)
        # A point that Redis does not know is looked up in the database each time.
        pipe.zadd(hints.MINUTES, dict.fromkeys(points, 0), nx=True)
        await pipe.execute()


def _write(pipe: Any, one: Difference) -> None:
    kind, point, name = one.fact
    if kind == "minutes":
        pipe.zadd(hints.MINUTES, {point: one.true or 0})
        return
    if kind == "dark":
        (pipe.srem if one.true is None else pipe.sadd)(hints.DARK, point)
        return
    key = f"{hints.PREFIX}{kind}:{point}"
    if kind in {"queue", "duty"}:
        pipe.zrem(key, name) if one.true is None else pipe.zadd(key, {name: one.true})
        return
    pipe.hdel(key, name) if one.true is None else pipe.hset(key, name, str(one.true))
