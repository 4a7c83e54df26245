"""Who was just shown the way to a point, so that the next ones are not all sent there too.

Kept in Redis for all processes, and in this one while Redis is away. Only a hint: it is forgotten
when the person should have come, and then the queue itself tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, cast

import structlog

from server.balancing.rules import Place
from server.kit.redis import Redis, RedisError

RECOMMENDED_KEY = "tongban:recommended"
FOLLOWED = 0.5
"""Of those who are shown a point, so many are taken to go there at once."""
GRID_DEGREES = 0.001
"""A hundred metres: asking again from the same place for the same item is the same person."""
MOST = 5_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A point shown to somebody who would be there at `arrives_at`."""

    point_code: str
    asker: str
    arrives_at: datetime


def asker_of(start: Place, item_code: str | None) -> str:
    """Return what two questions of one person have in common, and no place can be read from."""
    cell = f"{round(start.lat / GRID_DEGREES)}/{round(start.lng / GRID_DEGREES)}/{item_code}"
    return blake2b(cell.encode(), digest_size=8).hexdigest()


def is_followed(asker: str) -> bool:
    """Tell whether this one is counted as going: the same ones in every process."""
    return int(asker[:8], 16) < FOLLOWED * 0x1_0000_0000


class Recommended:
    """What was recommended of late."""

    def __init__(self) -> None:
        self._here: dict[str, Recommendation] = {}

    def note(self, shown: Recommendation) -> bool:
        """Remember a recommendation here; tell whether it is a new person who is counted."""
        if not is_followed(shown.asker) or len(self._here) >= MOST:
            return False
        return self._here.setdefault(shown.asker, shown) is shown

    async def under_way(self, redis: Redis, *, now: datetime) -> Sequence[Recommendation]:
        """Return those who have not come yet, those that other processes know too."""
        self._here |= await self._told(redis, now)
        self._here = {asker: one for asker, one in self._here.items() if one.arrives_at > now}
        return list(self._here.values())

    async def tell(self, redis: Redis, shown: Recommendation) -> None:
        """Let the other processes know of one who is counted here."""
        member, score = f"{shown.asker}/{shown.point_code}", shown.arrives_at.timestamp()
        try:
            async with redis.pipeline(transaction=False) as pipe:
                pipe.zadd(RECOMMENDED_KEY, {member: score}, nx=True)
                pipe.expire(RECOMMENDED_KEY, 7200)
                await pipe.execute()
        except RedisError as error:
            log.warning("recommendation_hint_unavailable", reason=type(error).__name__)

    async def _told(self, redis: Redis, now: datetime) -> Mapping[str, Recommendation]:
        try:
            async with redis.pipeline(transaction=False) as pipe:
                pipe.zremrangebyscore(RECOMMENDED_KEY, 0, now.timestamp())
                pipe.zrange(RECOMMENDED_KEY, 0, MOST - 1, withscores=True)
                told = cast(list[tuple[Any, float]], (await pipe.execute())[1])
        except RedisError as error:
            log.warning("recommendation_hint_unavailable", reason=type(error).__name__)
            return {}
        return {
            asker: Recommendation(point, asker, datetime.fromtimestamp(at, now.tzinfo))
            for member, at in told
            for asker, point in [str(member).split("/", 1)]
        }
