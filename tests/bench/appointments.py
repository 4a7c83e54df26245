"""Bookings through the whole HTTP path against the bare hello: in turns, one process each.

Every booking has a key of its own and comes from a citizen whose session the process does not know
yet; the database is as durable as in production, the access log is written.
"""

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import monotonic, sleep

from models.appointments import Slot
from models.kinds import WindowKind
from tests.bench.effort import Efforts
from tests.bench.register import bench, measure_in_turns, median_ratio
from tests.support.booking import ITEM, QUANTUM, SHORT_ITEM, STREET
from tests.support.crowd import Member, gather_crowd
from tests.support.load import Outcome, build_request, run_load
from tests.support.servers import Api, MariaDB, start_api, start_module
from tests.support.system import System, start_system

ROUNDS, REQUESTS, HELLOS, CONNECTIONS = 5, 2_000, 6_000, 64
STARTS, ROOM = 1_000, 1_000_000
ALL_SEE = {"LOG_LEVEL": "INFO", "ACCESS_LOG": "true"}
HALF_HOURS = {"SLOT_QUANTUM_MINUTES": "30"}
HALF_HOUR = timedelta(minutes=30)
FEW_POINTS, MANY_POINTS, DAYS, STARTS_A_DAY = 81, 8_100, 14, 16

COPY_POINTS = """
INSERT INTO service_points (code, {columns})
SELECT CONCAT('X', LPAD(seq, 5, '0')), {columns}
FROM service_points JOIN seq_1_to_{count} WHERE code = '{like}'
"""
COPIED = (
    "name, level, street, address, phone, lat, lng, geo_precision, reviewers, confirms_by_itself, "
    "is_open"
)
OPEN_POINTS = """
INSERT INTO slots (point_code, kind, starts_at, capacity, taken)
SELECT code, 'accept', '{begin}' + INTERVAL (day.seq * 48 + start.seq) * 30 MINUTE, {room}, 0
FROM service_points JOIN seq_0_to_{last_day} AS day JOIN seq_0_to_{last_start} AS start
WHERE code LIKE 'X%' ORDER BY code, day.seq, start.seq
"""
DIRTY_PAGES = "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'"
FEW_PAGES, WRITTEN_WITHIN_S = 100, 60
BEGIN = (datetime.now(UTC) + timedelta(days=2)).replace(hour=1, minute=0, second=0, microsecond=0)


@dataclass
class Course:
    """What is measured: requests that are never sent twice, and what they are answered."""

    requests: Iterator[bytes]
    status: int


@bench("booking_hot", group="appointments")
async def measure_hot() -> dict[str, float]:
    """One slot a booking, all of one slot."""
    async with _system() as system:
        await _open(system, 1, ROOM)
        crowd = await _crowd(system)
        wished = (_booking(one, BEGIN, ITEM) for one in crowd)
        return await _compare(system, Course(wished, 201), HALF_HOURS)


@bench("booking_spread", group="appointments")
async def measure_spread() -> dict[str, float]:
    """Three neighbouring slots a booking, over a thousand starts."""
    async with _system() as system:
        await _open(system, STARTS + 2, ROOM)
        crowd = await _crowd(system)
        wished = (
            _booking(one, BEGIN + place * 7 % STARTS * QUANTUM, SHORT_ITEM)
            for place, one in enumerate(crowd)
        )
        return await _compare(system, Course(wished, 201), {})


@bench("refusal", group="appointments")
async def measure_refusal() -> dict[str, float]:
    """A slot that is sold out."""
    async with _system() as system:
        await _open(system, 1, 0)
        crowd = await _crowd(system)
        wished = (_booking(one, BEGIN, ITEM) for one in crowd)
        return await _compare(system, Course(wished, 409), HALF_HOURS)


@bench("booking_cost", group="appointments")
async def measure_cost_growth() -> dict[str, float]:
    """One slot a booking, anywhere in two weeks of half hours: at 81 points and at 8,100, in turns.

    Each in a database of its own, on disk before it begins.
    """
    async with _system() as small, _system() as large:
        few, many = await _anywhere(small, FEW_POINTS), await _anywhere(large, MANY_POINTS)
        with (
            start_api({**small.env, **ALL_SEE, **HALF_HOURS}) as of_few,
            start_api({**large.env, **ALL_SEE, **HALF_HOURS}) as of_many,
        ):
            await _send(of_few.port, few), await _send(of_many.port, many)
            measures = {
                "few": lambda: _rate(of_few.port, few),
                "many": lambda: _rate(of_many.port, many),
            }
            rates = await measure_in_turns(measures, rounds=ROUNDS)
        [(pool_bytes,)] = large.mariadb.execute("SELECT @@innodb_buffer_pool_size")
        [(slots,)] = large.mariadb.execute("SELECT COUNT(*) FROM slots", "tongban")
    return {
        "growth": median_ratio(rates["few"], rates["many"]),
        "few_per_s": median(rates["few"]),
        "many_per_s": median(rates["many"]),
        "slots": slots,
        "buffer_pool_mb": pool_bytes / 2**20,
    }


async def _anywhere(system: System, points: int) -> Course:
    _add_points(system.mariadb, points)
    crowd = await _crowd(system)
    _write_out(system.mariadb)
    draw = random.Random(points)
    wished = (
        _booking(
            one,
            BEGIN + timedelta(days=draw.randrange(DAYS)) + draw.randrange(STARTS_A_DAY) * HALF_HOUR,
            ITEM,
            f"X{draw.randint(1, points):05d}",
        )
        for one in crowd
    )
    return Course(wished, 201)


def _write_out(mariadb: MariaDB) -> None:
    mariadb.execute("SET GLOBAL innodb_max_dirty_pages_pct = 0")
    until = monotonic() + WRITTEN_WITHIN_S
    while int(mariadb.execute(DIRTY_PAGES)[0][1]) > FEW_PAGES:
        assert monotonic() < until, "the database does not write its pages"
        sleep(0.2)
    mariadb.execute("SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT")


async def _rate(port: int, course: Course) -> float:
    return (await _send(port, course)).rate


def _add_points(mariadb: MariaDB, count: int) -> None:
    copied = COPY_POINTS.format(columns=COPIED, like=STREET, count=count)
    opened = OPEN_POINTS.format(
        begin=BEGIN.replace(tzinfo=None),
        room=ROOM,
        last_day=DAYS - 1,
        last_start=STARTS_A_DAY - 1,
    )
    for statement in (copied, opened):
        mariadb.execute(statement, "tongban")


@asynccontextmanager
async def _system() -> AsyncIterator[System]:
    async with start_system() as system:
        flush = system.mariadb.execute("SELECT @@innodb_flush_log_at_trx_commit")
        assert flush == [(1,)], "a booking would not be durable"
        yield system


async def _open(system: System, count: int, capacity: int) -> None:
    async with system.engine():
        await Slot.bulk_create(
            Slot(
                point_code=STREET,
                kind=WindowKind.ACCEPT,
                starts_at=BEGIN + place * QUANTUM,
                capacity=capacity,
            )
            for place in range(count)
        )


async def _crowd(system: System) -> list[Member]:
    async with system.engine() as engine:
        return await gather_crowd((ROUNDS + 1) * REQUESTS, now=engine.ports.now())


def _booking(one: Member, starts_at: datetime, item: str, point_code: str = STREET) -> bytes:
    return build_request(
        "POST",
        "/api/v1/citizen/appointments",
        headers=one.headers(),
        json_body={
            "point_code": point_code,
            "starts_at": starts_at.isoformat(),
            "item_codes": [item],
        },
    )


async def _compare(system: System, course: Course, env: dict[str, str]) -> dict[str, float]:
    outcomes: list[Outcome] = []
    efforts = Efforts()

    async def measure(api: Api) -> float:
        with efforts.measure({"server": api.pid, "database": system.mariadb.pid}, count=REQUESTS):
            outcomes.append(await _send(api.port, course))
        return outcomes[-1].rate

    with (
        start_module("tests.bench.hello") as hello,
        start_api({**system.env, **ALL_SEE, **env}) as api,
    ):
        await _send(api.port, course)
        rates = await measure_in_turns(
            {"hello": lambda: _greet(hello.port), "course": lambda: measure(api)}, rounds=ROUNDS
        )
    return {
        "ratio": median_ratio(rates["course"], rates["hello"]),
        "p99_over_p50": median(one.latency_ms(99) / one.latency_ms(50) for one in outcomes),
        "requests_per_s": median(rates["course"]),
        "hello_per_s": median(rates["hello"]),
        "p50_ms": median(one.latency_ms(50) for one in outcomes),
        "p99_ms": median(one.latency_ms(99) for one in outcomes),
        **efforts.medians(),
    }


async def _greet(port: int) -> float:
    greetings = [build_request("GET", "/")] * HELLOS
    return (await run_load(port, greetings, connections=CONNECTIONS)).rate


async def _send(port: int, course: Course) -> Outcome:
    requests = [next(course.requests) for _ in range(REQUESTS)]
    outcome = await run_load(port, requests, connections=CONNECTIONS)
    assert outcome.statuses == {course.status: REQUESTS}, outcome.statuses
    return outcome
