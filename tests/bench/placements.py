"""Where a review goes: how many are placed a second, and what a hundred times the points cost.

A placement is what submitting papers asks of balancing: sampling the points that take the item, and
one script in Redis that compares their loads, ranks the review, queues it and counts its minutes.
The row in the database is not counted: its price does not depend on the points.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from statistics import median

from models.catalog import ServiceItem, ServicePoint
from server.balancing.hints import Wanted
from server.balancing.placement import place_review
from server.balancing.roster import KEPT_S
from server.balancing.tasks import repair_hints
from server.catalog.service import forget_caches
from server.kit.ports import Ports
from tests.bench.register import bench, measure_in_turns, median_ratio
from tests.support.system import System, start_system

ROUNDS, AT_ONCE = 3, 32
ROUND_S = KEPT_S
"""So that each round pays once for reading who reviews what."""
WARMED = 100
"""More than there are items, so that what each process keeps is there."""
TIMES = 100
"""8,100 points instead of 81."""


_measured: dict[str, list[float]] = {}


@bench("placements", group="balancing")
async def measure_placements() -> dict[str, float]:
    """In one process, at the shipped points, for all items in turn."""
    return {"per_s": median((await _measure())["few"])}


@bench("placement", group="balancing")
async def measure_growth() -> dict[str, float]:
    """The time of a placement among 8,100 points over that among 81."""
    rates = await _measure()
    return {
        "growth": median_ratio(rates["few"], rates["many"]),
        "us": 1e6 / median(rates["few"]),
        "us_among_8100": 1e6 / median(rates["many"]),
    }


async def _measure() -> dict[str, list[float]]:
    """Return how many were placed a second among 81 points and 8,100, for both measurements."""
    if not _measured:
        async with _open() as (system, ports, wanted):
            points = await ServicePoint.all()

            async def among(times: int) -> float:
                await _spread(system, ports, points, times)
                return await _place(ports, wanted)

            measures = {"few": lambda: among(1), "many": lambda: among(TIMES)}
            _measured.update(await measure_in_turns(measures, rounds=ROUNDS))
    return _measured


@asynccontextmanager
async def _open() -> AsyncIterator[tuple[System, Ports, Iterator[Wanted]]]:
    async with start_system() as system, system.engine() as engine:
        items = await ServiceItem.filter(is_current=True).order_by("code")
        codes = itertools.cycle([item.code for item in items])
        wanted = (
            Wanted(f"{number:032x}", code, 7, base_rank_ms=number)
            for number, code in enumerate(codes)
        )
        await repair_hints(engine.ports)
        yield system, engine.ports, wanted


async def _spread(system: System, ports: Ports, points: list[ServicePoint], times: int) -> None:
    await ServicePoint.exclude(code__in=[point.code for point in points]).delete()
    copies = [
        point.clone(pk=f"{point.code}-{number}") for point in points for number in range(1, times)
    ]
    await ServicePoint.bulk_create(copies, batch_size=1_000)
    system.redis.flush()
    forget_caches()
    await repair_hints(ports)


async def _place(ports: Ports, wanted: Iterator[Wanted]) -> float:
    """Place reviews for a round, once what is kept is known; return how many a second."""
    for one in itertools.islice(wanted, WARMED):
        await place_review(one, now=ports.now(), redis=ports.redis)
    now, began = ports.now(), time.perf_counter()

    async def place_some() -> int:
        placed = 0
        while time.perf_counter() - began < ROUND_S:
            await place_review(next(wanted), now=now, redis=ports.redis)
            placed += 1
        return placed

    placed = await asyncio.gather(*(place_some() for _ in range(AT_ONCE)))
    return sum(placed) / (time.perf_counter() - began)
