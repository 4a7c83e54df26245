"""Pre-reviews are all finished, once and in time, whatever goes dark, dies or forgets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.balancing.hints import MINUTES
from server.balancing.rebuild import rebuild
from server.balancing.tasks import repair_hints
from server.bootstrap import open_engine
from server.kit.ports import Ports
from tests.proofs.register import proof
from tests.support.clock import FrozenClock
from tests.support.redis_cluster import start_redis_cluster
from tests.support.review_day import (
    FULL_DAY,
    NOON_S,
    OPENS,
    Course,
    Plan,
    ReviewDay,
    count_finished,
    draw_plan,
    mean_minutes,
    open_points,
    run_pooled,
)
from tests.support.system import System, start_system

SHORT_DAY, SHORT_DAY_MINUTES = 2_000, 15.0
"""As busy as the full day with a tenth of its papers: the points with one reviewer keep him."""
IN_TIME, NEAR_POOLED = 0.99, 1.2
ODD = {"REVIEW_LEASE_S": "7200", "POINT_SILENT_AFTER_S": "600", "SLOT_QUANTUM_MINUTES": "60"}
"""Of the day's settings: nobody renews, desks are heard every four minutes, slots are hours."""


@proof("dark_points", group="balancing")
async def prove_dark_points() -> str:
    """20,000 pre-reviews at 81 points, 16 of which go dark at noon."""
    async with start_system() as system, _day(system) as (ports, clock):
        plan = draw_plan(FULL_DAY, *await open_points(clock))
        course = await ReviewDay(plan, ports, clock).run()
        await _require_all_once(plan, course)
    in_time = 1 - course.late / len(plan.papers)
    waited, pooled = mean_minutes(course.waits_s.values()), mean_minutes(run_pooled(plan))
    assert in_time >= IN_TIME, f"{in_time:.2%} in time"
    assert waited <= NEAR_POOLED * pooled, f"waited {waited:.2f} minutes, pooled {pooled:.2f}"
    return (
        f"{len(course.waits_s)} finished once by {sum(plan.reviewers.values())} reviewers, "
        f"{len(plan.silent)} points silent and {len(plan.evacuated)} evacuated from noon; "
        f"{in_time:.2%} within two hours; waited {waited:.1f} minutes on average, "
        f"{waited / pooled:.3f} of one common queue's"
    )


@proof("reviews_without_redis", group="balancing")
async def prove_redis_outages() -> str:
    """A short day on which Redis is flushed, killed, started again and frozen."""
    async with start_system() as system, _day(system) as (ports, clock):
        redis = system.redis
        troubles = {
            NOON_S - 7200: redis.flush,
            NOON_S - 3600: redis.kill,
            NOON_S - 2400: redis.restart,
            NOON_S + 600: redis.freeze,
            NOON_S + 900: redis.thaw,
            NOON_S + 3600: redis.flush,
        }
        plan = draw_plan(SHORT_DAY, *await open_points(clock), minutes=SHORT_DAY_MINUTES)
        course = await ReviewDay(plan, ports, clock, troubles).run()
        await _require_all_once(plan, course)
        redis.flush()
        return f"{_tell(course)}; flushed twice, killed, frozen; {await _rebuild(ports)}"


@proof("reviews_on_a_cluster", group="balancing")
async def prove_cluster() -> str:
    """A short day on three masters with replicas, one of them killed in the middle."""
    with start_redis_cluster(MINUTES) as cluster:
        async with start_system() as system:
            system.env["REDIS_URL"] = cluster.url
            async with _day(system) as (ports, clock):
                troubles = {NOON_S - 3600: cluster.kill, NOON_S + 3600: cluster.restart}
                plan = draw_plan(SHORT_DAY, *await open_points(clock), minutes=SHORT_DAY_MINUTES)
                course = await ReviewDay(plan, ports, clock, troubles).run()
                await _require_all_once(plan, course)
                return f"{_tell(course)}; the master of the queues killed; {await _rebuild(ports)}"


@asynccontextmanager
async def _day(system: System) -> AsyncIterator[tuple[Ports, FrozenClock]]:
    system.env.update(ODD)
    clock = FrozenClock(OPENS)
    async with open_engine(system.settings, clock=clock) as engine:
        await repair_hints(engine.ports)
        yield engine.ports, clock


async def _require_all_once(plan: Plan, course: Course) -> None:
    size = len(plan.papers)
    assert len(course.waits_s) == size, f"{size - len(course.waits_s)} were not finished"
    assert await count_finished() == (size, size), await count_finished()


async def _rebuild(ports: Ports) -> str:
    found = await rebuild(ports.redis, now=ports.now(), check_only=False)
    left = await rebuild(ports.redis, now=ports.now(), check_only=True)
    assert left == [], [str(one) for one in left]
    return f"rebuild corrected {len(found)} differences, then 0"


def _tell(course: Course) -> str:
    return f"{len(course.waits_s)} finished once, {course.late} after more than two hours"
