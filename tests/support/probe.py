"""One request again and again from a process of its own, whose time nothing else takes."""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

from tests.support.load import run_load

EVERY_S = 0.05
STOPS_WITHIN_S = 30.0


class Probe:
    """A process that measures until it is stopped."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def stop(self) -> list[float]:
        """End it; return the milliseconds of every request."""
        self._pipe.send(None)
        assert self._pipe.poll(STOPS_WITHIN_S), "the probe does not stop"
        return self._pipe.recv()


@contextlib.contextmanager
def start_probe(port: int, request: bytes) -> Iterator[Probe]:
    """Run a probe; return once it has measured for the first time."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=measure, args=(port, request, theirs), daemon=True)
    process.start()
    try:
        assert ours.poll(STOPS_WITHIN_S), "the probe does not start"
        ours.recv()
        yield Probe(ours)
    finally:
        process.kill()
        process.join()


def measure(port: int, request: bytes, pipe: Connection) -> None:
    """Ask until something comes through the pipe, then send the latencies back."""
    asyncio.run(_measure(port, request, pipe))


async def _measure(port: int, request: bytes, pipe: Connection) -> None:
    latencies: list[float] = []
    await _ask_once(port, request)
    pipe.send(None)
    while not pipe.poll():
        begun = time.perf_counter()
        latencies.append(await _ask_once(port, request))
        await asyncio.sleep(max(0.0, EVERY_S - (time.perf_counter() - begun)))
    pipe.send(latencies)


async def _ask_once(port: int, request: bytes) -> float:
    outcome = await run_load(port, [request], connections=1)
    assert outcome.statuses == {200: 1}, outcome.statuses
    return outcome.latency_ms(50)
