"""Hearing that a hall changed: one look at the database for all who watch in this process.

Redis only says when to look; without it, everybody is told a second later.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from models.queueing import HallCounter
from server.kit.errors import Busy
from server.kit.ports import Ports
from server.kit.redis import PubSub, Redis, RedisError
from server.kit.transaction import guard_database, run_apart
from server.queueing.events import HallChanged

CHANNEL = "tongban:halls"
LOOKED_EVERY_S = 1.0

log = structlog.get_logger(__name__)


class Bell:
    """Rings for one listener when the queue of a point changed."""

    def __init__(self, point_code: str) -> None:
        self.point_code = point_code
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake the listener, now or when it next waits."""
        self._rung.set()

    async def wait(self) -> None:
        """Wait until something changed since the last time."""
        await self._rung.wait()
        self._rung.clear()


class BellTower:
    """The bells of one process; it looks for changes while somebody listens."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._bells: set[Bell] = set()
        self._known: dict[str, int] = {}
        self._watch: asyncio.Task[None] | None = None

    @contextmanager
    def listen(self, point_code: str) -> Iterator[Bell]:
        """Hear the changes of one point for the length of a block."""
        bell = Bell(point_code)
        self._bells.add(bell)
        if self._watch is None or self._watch.done():
            self._watch = run_apart(self._keep_looking())
        try:
            yield bell
        finally:
            self._bells.discard(bell)

    async def _keep_looking(self) -> None:
        waking = self.redis.pubsub()
        try:
            while self._bells:
                with suppress(Busy):
                    await self._look()
                await _rest(waking)
        finally:
            with suppress(RedisError, OSError):
                await waking.aclose()  # type: ignore[no-untyped-call]

    async def _look(self) -> None:
        watched = {bell.point_code for bell in self._bells}
        changes = HallCounter.filter(point_code__in=watched).values_list(
            "point_code", "last_number"
        )
        for code, change in await guard_database(lambda: changes):
            if self._known.get(code) != change:
                self._known[code] = change
                self._ring(code)

    def _ring(self, point_code: str) -> None:
        for bell in self._bells:
            if bell.point_code == point_code:
                bell.ring()


class _Process:
    tower: BellTower | None = None


def tower_of(ports: Ports) -> BellTower:
    """Return the bells of this process."""
    tower = _Process.tower
    if tower is None or tower.redis is not ports.redis:
        tower = _Process.tower = BellTower(ports.redis)
    return tower


async def wake_displays(event: HallChanged, ports: Ports) -> None:
    """Let every process look at once; that it looks by itself a little later is enough."""
    try:
        await ports.redis.publish(CHANNEL, event.aggregate_id)
    except RedisError as error:
        log.warning("displays_not_woken", reason=type(error).__name__)


async def _rest(waking: PubSub) -> None:
    try:
        if not waking.subscribed:
            await waking.subscribe(CHANNEL)
        await waking.get_message(ignore_subscribe_messages=True, timeout=LOOKED_EVERY_S)
    except (RedisError, OSError):
        await asyncio.sleep(LOOKED_EVERY_S)
