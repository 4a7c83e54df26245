"""Hand-over scans: how many a second beside the least a process can do, and what a batch saves."""

from datetime import UTC, datetime
from statistics import median

from models.delivery import HandOver, Parcel
from models.states import ParcelState
from tests.bench.register import bench, measure_in_turns, median_ratio
from tests.support.courier import log_in_courier, seal_parcels, write_batch, write_scan
from tests.support.load import build_request, run_load
from tests.support.servers import start_module
from tests.support.system import start_system

ROUNDS, BATCHES, BATCH, CONNECTIONS = 3, 8, 100, 4
SINGLES = 20
HELLOS = 10_000
PARCELS = ROUNDS * (BATCHES * BATCH + SINGLES + SINGLES // 4 * BATCH)


@bench("scan", group="delivery")
async def measure_scans() -> dict[str, float]:
    async with start_system() as system:
        async with system.engine() as engine:
            token = await log_in_courier(engine.ports, "bench")
            sealed = await seal_parcels(PARCELS, engine.ports)
        codes = iter([code.long for _, code in sealed])
        with system.api() as (api,), start_module("tests.bench.hello") as hello:
            measures = {
                "hello": lambda: _greet(hello.port),
                "scans": lambda: _scan_batches(api.port, token, codes),
                "one_ms": lambda: _time_scans(api.port, token, codes, size=1, count=SINGLES),
                "batch_ms": lambda: _time_scans(
                    api.port, token, codes, size=BATCH, count=SINGLES // 4
                ),
            }
            values = await measure_in_turns(measures, rounds=ROUNDS)
        async with system.engine():
            assert await HandOver.all().count() == PARCELS
            assert await Parcel.filter(state=ParcelState.COLLECTED).count() == PARCELS
    return {
        "per_s": median(values["scans"]),
        "ratio": median_ratio(values["scans"], values["hello"]),
        "one_ms": median(values["one_ms"]),
        "batch_ms": median(values["batch_ms"]),
        "batch_growth": median_ratio(values["batch_ms"], values["one_ms"]),
    }


async def _greet(port: int) -> float:
    outcome = await run_load(port, [build_request("GET", "/")] * HELLOS, connections=64)
    return outcome.rate


async def _scan_batches(port: int, token: str, codes) -> float:
    requests = [_write_batch(token, codes, BATCH) for _ in range(BATCHES)]
    outcome = await run_load(port, requests, connections=CONNECTIONS)
    _check(outcome)
    return BATCHES * BATCH / outcome.duration_s


async def _time_scans(port: int, token: str, codes, *, size: int, count: int) -> float:
    requests = [_write_batch(token, codes, size) for _ in range(count)]
    outcome = await run_load(port, requests, connections=1)
    _check(outcome)
    return outcome.latency_ms(50)


def _write_batch(token: str, codes, size: int) -> bytes:
    now = datetime.now(UTC)
    return write_batch(token, [write_scan(next(codes), now) for _ in range(size)], now)


def _check(outcome) -> None:
    assert set(outcome.statuses) == {200}, outcome.statuses
    outcomes = {one["outcome"] for answer in outcome.answers for one in answer.json()["answers"]}
    assert outcomes == {"collected"}, outcomes
