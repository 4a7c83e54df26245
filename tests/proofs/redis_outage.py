"""Redis is flushed, killed and started again while the main job runs: nothing is lost."""

import contextlib
import io
import threading

from deploy.children import find_free_port
from server.balancing.rebuild import rebuild
from tests.e2e.demo import Play
from tests.proofs.register import proof
from tests.support.servers import Redis, run_command
from tests.support.system import System, start_servers

PUSHES = "/api/v1/callbacks/carriers/ems"
KILL_AT, RESTART_AT = {6, 18, 28}, {12, 24}
"""Killed while papers are submitted and reviewed, while a transfer travels, while a result does."""


class Troubled(Play):
    """The main job, with Redis flushed after every step and dead for some of them."""

    def __init__(self, url: str, redis: Redis) -> None:
        self._redis = redis
        self._is_dead = False
        self.deaths = self.flushes = 0
        super().__init__(url)

    def _tell(self, who: str, words: str) -> None:
        super()._tell(who, words)
        if self.steps in KILL_AT:
            self._redis.kill()
            self._is_dead, self.deaths = True, self.deaths + 1
        elif self.steps in RESTART_AT:
            self._redis.restart()
            self._is_dead = False
        elif not self._is_dead:
            self._redis.flush()
            self.flushes += 1


@proof("redis", group="survives")
async def prove_redis_outage() -> str:
    """The whole main job while Redis is flushed, killed -9 and started again."""
    port = find_free_port()
    with start_servers(f"http://127.0.0.1:{port}{PUSHES}") as system:
        run_command("server migrate", system.env)
        run_command("server seed", system.env)
        with system.serving(port) as api:
            play = _play(Troubled(api.url, system.redis))
        differences = await _rebuild(system)
    return (
        f"{play.steps} steps done, each session opened once; Redis flushed {play.flushes} times, "
        f"killed -9 {play.deaths} times; rebuild corrected {differences} differences, then 0"
    )


def _play(play: Troubled) -> Troubled:
    told, failures = io.StringIO(), []

    def run() -> None:
        try:
            with contextlib.redirect_stdout(told):
                play.run()
        except Exception as error:  # noqa: BLE001 - told to the thread that waits
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not failures, f"{failures[0]} after:\n{told.getvalue()}"
    return play


async def _rebuild(system: System) -> int:
    system.redis.restart()
    async with system.engine() as engine:
        redis, now = engine.ports.redis, engine.ports.now()
        found = await rebuild(redis, now=now, check_only=False)
        left = await rebuild(redis, now=now, check_only=True)
    assert left == [], [str(one) for one in left]
    return len(found)
