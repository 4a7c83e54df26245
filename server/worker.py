"""The worker: outbox relay and schedules, with a graceful stop."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

import structlog

from models.fields import new_id
from server.bootstrap import Engine
from server.kit.errors import Busy
from server.kit.jobs import run_due_jobs
from server.kit.relay import Relay
from server.wiring import JOBS

RELAY_PAUSE_S = 0.2
JOBS_PAUSE_S = 1.0
TROUBLE_PAUSE_S = 1.0

log = structlog.get_logger(__name__)


async def run_worker(engine: Engine, *, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then finish what is under way."""
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{new_id()[-8:]}"
    relay = Relay(engine.ports, worker_id=worker_id)

    async def do_jobs() -> int:
        await run_due_jobs(JOBS, engine.ports, worker_id=worker_id)
        return 0

    log.info("worker_started", worker=worker_id)
    await asyncio.gather(
        _repeat(relay.run_once, pause_s=RELAY_PAUSE_S, stop=stop),
        _repeat(do_jobs, pause_s=JOBS_PAUSE_S, stop=stop),
    )
    log.info("worker_stopped", worker=worker_id)


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
