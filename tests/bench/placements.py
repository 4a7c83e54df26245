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
from server.balancing.tasks import repair_hints
from server.catalog.service import forget_caches
from server.kit.ports import Ports
from tests.bench.register import bench, measure_in_turns, median_ratio
from tests.support.system import System, start_system

ROUNDS, PLACEMENTS, AT_ONCE = 3, 5_000, 32
TIMES = 100
"""8,100 points instead of 81."""


@bench("placements", group="balancing")
async def measure_placements() -> dict[str, float]:
    """In one process, at the shipped points, for all items in turn."""
    async with _open() as (_, ports, wanted):
        rates = [await _place(ports, wanted) for _ in range(ROUNDS)]
    return {"per_s": median(rates)}


@bench("placement", group="balancing")
async def measure_growth() -> dict[str, float]:
    """The time of a placement among 8,100 points over that among 81."""
    async with _open() as (system, ports, wanted):
        points = await ServicePoint.all()

        async def among(times: int) -> float:
            await _spread(system, ports, points, times)
            return 1e6 / await _place(ports, wanted)

        measures = {"few": lambda: among(1), "many": lambda: among(TIMES)}
        values = await measure_in_turns(measures, rounds=ROUNDS)
    return {
        "growth": median_ratio(values["many"], values["few"]),
        "us": median(values["few"]),
        "us_among_8100": median(values["many"]),
    }


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
    chosen = iter([next(wanted) for _ in range(PLACEMENTS)])
    now = ports.now()

    async def place_some() -> None:
        for one in chosen:
            await place_review(one, now=now, redis=ports.redis)

    began = time.perf_counter()
    await asyncio.gather(*(place_some() for _ in range(AT_ONCE)))
    return PLACEMENTS / (time.perf_counter() - began)
