"""Lists of free times against the bare hello, in turns, one process each.

Meanwhile bookings through another process change what is free.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from statistics import median

from models.appointments import Appointment, Slot
from models.catalog import ServiceItem, ServicePoint
from server.catalog.rules import local_day
from tests.bench.register import bench, measure_in_turns, median_ratio
from tests.support.crowd import Member, gather_crowd
from tests.support.load import Outcome, build_request, run_load
from tests.support.servers import start_api, start_module
from tests.support.system import System, start_system

ROUNDS, ROUND_S, HELLOS, CONNECTIONS = 3, 4.0, 5_000, 64
BOOKINGS_PER_S, MOST_BOOKINGS = 50, 1_500
POINTS, DAYS = 81, 14
ALL_SEE = {"LOG_LEVEL": "INFO", "ACCESS_LOG": "true"}
PUBLIC = "/api/v1/public"


@bench("slot_list", group="appointments")
async def measure_slot_lists() -> dict[str, float]:
    """All free times of a point in two weeks, one of 81 points after the other."""
    async with _system() as (system, item_of):
        return await _compare(system, item_of, [_list(*one) for one in item_of.items()])


@bench("soonest", group="appointments")
async def measure_soonest() -> dict[str, float]:
    """The soonest free time at each of 81 points, for one item after the other."""
    async with _system() as (system, item_of):
        items = sorted(set(item_of.values()))
        return await _compare(system, item_of, [_get(f"/soonest?items={item}") for item in items])


@asynccontextmanager
async def _system() -> AsyncIterator[tuple[System, dict[str, str]]]:
    async with start_system(with_slots=True) as system:
        async with system.engine():
            items = await ServiceItem.filter(is_current=True).order_by("-window_minutes")
            points = await ServicePoint.filter(is_open=True).order_by("code")
        item_of = {
            point.code: next(one.code for one in items if point.level in one.accepted_at_levels)
            for point in points
        }
        assert len(item_of) == POINTS, len(item_of)
        yield system, item_of


def _list(point_code: str, item: str) -> bytes:
    first: date = local_day(datetime.now(UTC))
    last = first + timedelta(days=DAYS - 1)
    return _get(f"/points/{point_code}/times?items={item}&from={first}&to={last}")


def _get(path: str) -> bytes:
    return build_request("GET", f"{PUBLIC}{path}")


async def _compare(
    system: System, item_of: dict[str, str], requests: list[bytes]
) -> dict[str, float]:
    outcomes: list[Outcome] = []
    async with system.engine() as engine:
        crowd = await gather_crowd(MOST_BOOKINGS, now=engine.ports.now())
        bookings = iter(await _bookings(crowd, item_of))
    with (
        start_module("tests.bench.hello") as hello,
        start_api({**system.env, **ALL_SEE}) as api,
        start_api(system.env) as other,
    ):
        await _ask(api.port, requests)

        async def measure() -> float:
            async with _booking(other.port, bookings):
                outcomes.append(await _ask(api.port, requests))
            return outcomes[-1].rate

        rates = await measure_in_turns(
            {"hello": lambda: _greet(hello.port), "lists": measure}, rounds=ROUNDS
        )
        [sample] = (await run_load(api.port, requests[:1], connections=1)).answers
    async with system.engine():
        booked = await Appointment.all().count()
    assert booked >= ROUNDS * ROUND_S * BOOKINGS_PER_S / 2, booked
    return {
        "ratio": median_ratio(rates["lists"], rates["hello"]),
        "requests_per_s": median(rates["lists"]),
        "hello_per_s": median(rates["hello"]),
        "p50_ms": median(one.latency_ms(50) for one in outcomes),
        "p99_ms": median(one.latency_ms(99) for one in outcomes),
        "kilobytes": len(sample.body) / 1024,
        "booked_meanwhile": booked,
    }


async def _bookings(crowd: list[Member], item_of: dict[str, str]) -> list[bytes]:
    """One booking for each of the crowd, spread over points, days and hours."""
    begins = await Slot.filter(
        starts_at__gte=datetime.now(UTC) + timedelta(days=1), point_code__in=list(item_of)
    ).values_list("point_code", "starts_at")
    step = max(1, len(begins) // len(crowd))
    return [
        build_request(
            "POST",
            "/api/v1/citizen/appointments",
            headers=one.headers(),
            json_body={
                "point_code": point_code,
                "starts_at": starts_at.isoformat(),
                "item_codes": [item_of[point_code]],
            },
        )
        for one, (point_code, starts_at) in zip(crowd, begins[::step], strict=False)
    ]


@asynccontextmanager
async def _booking(port: int, bookings) -> AsyncIterator[None]:
    """Book at a steady rate as long as the block lasts, however long each booking takes."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:

        def book() -> None:
            nonlocal timer
            group.create_task(run_load(port, [next(bookings)], connections=1))
            timer = loop.call_later(1 / BOOKINGS_PER_S, book)

        timer = loop.call_soon(book)
        yield
        timer.cancel()


async def _ask(port: int, requests: list[bytes]) -> Outcome:
    outcome = await run_load(
        port, cycle(requests), connections=CONNECTIONS, duration_s=ROUND_S, keeps_bodies=False
    )
    assert set(outcome.statuses) == {200}, outcome.statuses
    return outcome


async def _greet(port: int) -> float:
    greetings = [build_request("GET", "/")] * HELLOS
    return (await run_load(port, greetings, connections=CONNECTIONS)).rate
