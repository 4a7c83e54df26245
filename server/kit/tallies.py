"""How often something happened in a window of time: counted in memory, shared by processes.

Counting waits for nobody. Now and then each process tells Redis its own numbers and hears the
others'; without Redis it goes on by its own. Windows begin at the same time in all processes.
"""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import structlog

from integrations.contracts.clock import Clock
from models.fields import digest_of, new_id
from server.kit.redis import Redis, RedisError

PREFIX = "tongban:tally:"
MOST_COUNTED = 100_000
MOST_TOLD = 500
"""Of one tally at a time: what is beyond has its turn the next time."""
SLACK_S = 10
"""So much longer than its window a number is kept, for clocks that differ."""

log = structlog.get_logger(__name__)


class _Count:
    __slots__ = ("others", "own", "until_s")

    def __init__(self, until_s: float) -> None:
        self.own = 0
        self.others = 0
        self.until_s = until_s


class Told(NamedTuple):
    """How often something happened in one process, until its window is over."""

    key: str
    until_s: float
    own: int


class Tally:
    """Counters by key, each over windows of `window_s`; the present is in seconds of Unix time.

    `told_from` is how often something must have happened here before the others are told.
    """

    def __init__(
        self, name: str, window_s: int, *, told_from: int = 1, most: int = MOST_COUNTED
    ) -> None:
        self.id = new_id()
        self._name = name
        self._window_s = window_s
        self._told_from = told_from
        self._most = most
        self._counts: dict[str, _Count] = {}
        self._untold: dict[str, None] = {}

    def count(self, key: str, now_s: float, times: int = 1) -> int:
        """Count; return how many there are in the window, as far as is known."""
        count = self._counts.get(key)
        if count is None or count.until_s <= now_s:
            self._make_room(now_s)
            count = self._counts[key] = _Count(self.ends_at_s(now_s))
        count.own += times
        if count.own >= self._told_from:
            self._untold[key] = None
        return count.own + count.others

    def known(self, key: str, now_s: float) -> int:
        """Return how many there are, as far as is known."""
        count = self._counts.get(key)
        return count.own + count.others if count and count.until_s > now_s else 0

    def ends_at_s(self, now_s: float) -> float:
        """Return when the present window is over."""
        return now_s - now_s % self._window_s + self._window_s

    def tell(self, now_s: float) -> list[Told]:
        """Return what the others have not been told yet, once."""
        keys = list(islice(self._untold, MOST_TOLD))
        for key in keys:
            del self._untold[key]
        known = ((key, self._counts.get(key)) for key in keys)
        return [
            Told(key, count.until_s, count.own)
            for key, count in known
            if count and count.until_s > now_s
        ]

    def hear(self, told: Told, in_all: int) -> None:
        """Take in how often it happened in all processes when it was told."""
        count = self._counts.get(told.key)
        if count is not None and count.until_s == told.until_s:
            count.others = in_all - told.own

    def name_of(self, told: Told) -> str:
        """Return the key under which all processes tell it: it gives nobody away."""
        return PREFIX + digest_of(f"tally:{self._name}:{told.key}:{told.until_s:.0f}")

    def _make_room(self, now_s: float) -> None:
        if len(self._counts) < self._most:
            return
        self._counts = {key: one for key, one in self._counts.items() if one.until_s > now_s}
        if len(self._counts) >= self._most:
            self._counts.clear()


class Exchange:
    """Lets tallies of this process and those of the same names elsewhere know of each other."""

    def __init__(self, tallies: Sequence[Tally], clock: Clock, redis: Redis) -> None:
        self._tallies = tallies
        self._clock = clock
        self._redis = redis
        self._is_alone = False

    async def run(self) -> None:
        """Tell and hear once; what Redis does not take is told with what is counted next."""
        now_s = self._clock.now().timestamp()
        told = [(tally, one) for tally in self._tallies for one in tally.tell(now_s)]
        if not told:
            return
        try:
            await self._tell(told, now_s)
        except RedisError as error:
            if not self._is_alone:
                log.warning("tallies_not_shared", kind=type(error).__name__)
            self._is_alone = True
        else:
            self._is_alone = False

    async def _tell(self, told: Sequence[tuple[Tally, Told]], now_s: float) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for tally, one in told:
            name = tally.name_of(one)
            pipeline.hset(name, tally.id, one.own)
            pipeline.expire(name, int(one.until_s - now_s) + SLACK_S)
            pipeline.hvals(name)
        answers = await pipeline.execute()
        for (tally, one), numbers in zip(told, answers[2::3], strict=True):
            tally.hear(one, sum(map(int, numbers)))
