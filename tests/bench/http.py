"""The yardstick: what a Sanic process does when it has nothing to do."""

from statistics import median

from tests.bench.register import bench
from tests.support.load import build_request, run_load
from tests.support.servers import start_module

ROUNDS = 5
REQUESTS = 20_000
CONNECTIONS = 64


@bench("hello", group="http")
async def measure_hello() -> dict[str, float]:
    with start_module("tests.bench.hello") as server:
        rounds = [await _measure(server.port) for _ in range(ROUNDS)]
    return {
        "requests_per_s": median(outcome.rate for outcome in rounds),
        "p50_ms": median(outcome.latency_ms(50) for outcome in rounds),
        "p99_ms": median(outcome.latency_ms(99) for outcome in rounds),
    }


async def _measure(port: int):
    outcome = await run_load(port, [build_request("GET", "/")] * REQUESTS, connections=CONNECTIONS)
    assert outcome.statuses == {200: REQUESTS}, outcome.statuses
    return outcome
