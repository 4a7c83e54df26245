"""Scheduled work: each job by one worker at a time, however many run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from tortoise.exceptions import IntegrityError

from models.bookkeeping import JobLease
from server.kit.ports import Ports
from server.kit.relay import describe
from server.kit.transaction import in_transaction

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something done every `every_s` seconds; `run` opens its own transactions and may repeat."""

    name: str
    every_s: float
    run: Callable[[Ports], Awaitable[None]]
    lease_s: float = 600.0


async def run_due_jobs(jobs: Sequence[Job], ports: Ports, *, worker_id: str) -> None:
    """Run every job whose time has come and that nobody else is running."""
    for job in jobs:
        if await in_transaction(lambda job=job: _claim(job, ports.now(), worker_id)):  # type: ignore[misc]
            await _run(job, ports, worker_id)


async def _claim(job: Job, now: datetime, worker_id: str) -> bool:
    await _ensure_lease(job, now)
    due = JobLease.filter(name=job.name, next_run_at__lte=now, leased_until__lte=now)
    claimed = await due.update(holder=worker_id, leased_until=now + timedelta(seconds=job.lease_s))
    return claimed == 1


async def _ensure_lease(job: Job, now: datetime) -> None:
    if await JobLease.exists(name=job.name):
        return
    try:
        await JobLease.create(name=job.name, leased_until=now, next_run_at=now)
    except IntegrityError:
        log.debug("job_lease_made_by_another_worker", job=job.name)


async def _run(job: Job, ports: Ports, worker_id: str) -> None:
    try:
        async with asyncio.timeout(job.lease_s):
            await job.run(ports)
    except Exception as error:
        log.exception("job_failed", job=job.name, reason=describe(error))
    now = ports.now()

    async def finish() -> None:
        await JobLease.filter(name=job.name, holder=worker_id).update(
            leased_until=now, next_run_at=now + timedelta(seconds=job.every_s)
        )

    await in_transaction(finish)
