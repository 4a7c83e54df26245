"""The worker: outbox relay and schedules, with a graceful stop."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import structlog

from models.fields import new_id
from server.bootstrap import Engine
from server.kit.errors import Busy
from server.kit.jobs import Job, run_due_jobs
from server.kit.relay import Relay
from server.wiring import JOBS

RELAY_PAUSE_S = 0.2
SHORTEST_JOB_PAUSE_S, LONGEST_JOB_PAUSE_S = 1.0, 30.0
TROUBLE_PAUSE_S = 1.0

log = structlog.get_logger(__name__)


async def run_worker(engine: Engine, *, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then finish what is under way."""
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{new_id()[-8:]}"
    relay = Relay(engine.ports, worker_id=worker_id)

    def keep(job: Job) -> Awaitable[None]:
        async def run_if_due() -> int:
            await run_due_jobs([job], engine.ports, worker_id=worker_id)
            return 0

        return _repeat(run_if_due, pause_s=_pause_between_looks(job), stop=stop)

    log.info("worker_started", worker=worker_id)
    await asyncio.gather(
        _repeat(relay.run_once, pause_s=RELAY_PAUSE_S, stop=stop), *map(keep, JOBS)
    )
    log.info("worker_stopped", worker=worker_id)


def _pause_between_looks(job: Job) -> float:
    """Look at a rare job rarely: each look is a query."""
    return min(LONGEST_JOB_PAUSE_S, max(SHORTEST_JOB_PAUSE_S, job.every_s / 10))


async def _repeat(
    step: Callable[[], Awaitable[int]], *, pause_s: float, stop: asyncio.Event
) -> None:
    while not stop.is_set():
        try:
            pause = 0.0 if await step() else pause_s
        except Busy:
            pause = TROUBLE_PAUSE_S
        except Exception:
            log.exception("worker_step_failed")
            pause = TROUBLE_PAUSE_S
        await _rest(pause, stop)


async def _rest(pause_s: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(pause_s):
            await stop.wait()
    except TimeoutError:
        return
