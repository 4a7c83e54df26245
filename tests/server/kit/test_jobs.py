"""Scheduled work: by one worker at a time, when its time has come."""

import asyncio

from models.bookkeeping import JobLease
from server.kit.jobs import Job, run_due_jobs


class Runs:
    """Counts how often a job ran; can be made to wait or to fail."""

    def __init__(self, error=None):
        self.count = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.began = asyncio.Event()
        self._error = error

    async def __call__(self, _):
        self.count += 1
        self.began.set()
        await self.gate.wait()
        if self._error:
            raise self._error


def job_of(runs, name="a job", every_s=60):
    return Job(name=name, every_s=every_s, run=runs, lease_s=600)


async def test_two_workers_at_once_make_one_run(ports):
    runs = Runs()
    jobs = [job_of(runs)]
    await asyncio.gather(*(run_due_jobs(jobs, ports, worker_id=f"w{n}") for n in range(8)))
    assert runs.count == 1


async def test_a_job_runs_again_only_after_its_pause(ports, clock):
    runs = Runs()
    jobs = [job_of(runs)]
    await run_due_jobs(jobs, ports, worker_id="one")
    clock.advance(seconds=59)
    await run_due_jobs(jobs, ports, worker_id="two")
    assert runs.count == 1
    clock.advance(seconds=1)
    await run_due_jobs(jobs, ports, worker_id="two")
    assert runs.count == 2


async def test_a_job_under_way_is_not_started_elsewhere_until_its_lease_ends(ports, clock):
    runs = Runs()
    jobs = [job_of(runs)]
    runs.gate.clear()
    dead = asyncio.create_task(run_due_jobs(jobs, ports, worker_id="dead"))
    await runs.began.wait()
    clock.advance(seconds=599)
    await run_due_jobs(jobs, ports, worker_id="living")
    assert runs.count == 1
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    runs.gate.set()
    clock.advance(seconds=1)
    await run_due_jobs(jobs, ports, worker_id="living")
    assert runs.count == 2
    assert (await JobLease.get()).holder == "living"


async def test_a_job_that_fails_keeps_no_other_from_running_and_comes_again(ports, clock):
    broken, sound = Runs(ValueError("13900001234")), Runs()
    jobs = [job_of(broken, "broken"), job_of(sound, "sound")]
    await run_due_jobs(jobs, ports, worker_id="one")
    assert (broken.count, sound.count) == (1, 1)
    clock.advance(seconds=60)
    await run_due_jobs(jobs, ports, worker_id="one")
    assert (broken.count, sound.count) == (2, 2)


async def test_a_job_that_hangs_is_cut_off_at_the_end_of_its_lease(ports):
    runs = Runs()
    runs.gate.clear()
    job = Job(name="hanging", every_s=60, run=runs, lease_s=0.05)
    await run_due_jobs([job], ports, worker_id="one")
    assert runs.count == 1
    assert (await JobLease.get()).leased_until == ports.now()
