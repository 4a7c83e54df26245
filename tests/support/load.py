"""A load generator: HTTP/1.1 over kept connections, cheap enough to share a machine with servers.

    outcome = await run_load(port, requests, connections=200)

`requests` are whole requests as bytes (`build_request`), taken in turn by whichever connection is
free. One connection has one request under way. A request whose connection is lost counts with
status 0, and is never sent again.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from httptools import HttpParserError, HttpResponseParser

from deploy.children import LOOPBACK

LOST = 0


@dataclass(slots=True)
class Answer:
    """What came back for one request; `status` is 0 if the connection was lost."""

    status: int = LOST
    body: bytes = b""
    latency_s: float = 0.0

    def json(self) -> object:
        return json.loads(self.body)


@dataclass(slots=True)
class Outcome:
    """All answers in the order in which their requests were taken."""

    answers: list[Answer] = field(default_factory=list)
    duration_s: float = 0.0

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return sum(answer.status != LOST for answer in self.answers) / self.duration_s

    def latency_ms(self, percent: float) -> float:
        """Return a percentile of the latency of all that was answered."""
        known = sorted(answer.latency_s for answer in self.answers if answer.status != LOST)
        return known[min(len(known) - 1, int(len(known) * percent / 100))] * 1000


def build_request(
    method: str, path: str, *, headers: dict[str, str] | None = None, json_body: object = None
) -> bytes:
    """Return a whole request, to be sent as it is."""
    body, about_body = b"", {}
    if method != "GET":
        body = b"" if json_body is None else json.dumps(json_body, ensure_ascii=False).encode()
        about_body = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    given = {"Host": LOOPBACK, **about_body, **(headers or {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def run_load(
    ports: int | list[int],
    requests: Iterable[bytes],
    *,
    connections: int,
    timeout_s: float = 120.0,
    duration_s: float | None = None,
    keeps_bodies: bool = True,
) -> Outcome:
    """Send every request, spread over the ports; stop taking new ones after `duration_s`.

    Where many long answers would fill the memory, do without their bodies.
    """
    spread = [ports] if isinstance(ports, int) else ports
    source = _Source(requests, duration_s, keeps_bodies=keeps_bodies)
    started = time.perf_counter()
    async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
        for n in range(connections):
            group.create_task(_drive(spread[n % len(spread)], source))
    return Outcome(source.answers, time.perf_counter() - started)


class _Source:
    """Hands out requests, each with the place where its answer is kept."""

    def __init__(
        self, requests: Iterable[bytes], duration_s: float | None, *, keeps_bodies: bool
    ) -> None:
        self.answers: list[Answer] = []
        self.keeps_bodies = keeps_bodies
        self._requests: Iterator[bytes] = iter(requests)
        self._until = None if duration_s is None else time.perf_counter() + duration_s

    def take(self) -> tuple[bytes, Answer] | None:
        if self._until is not None and time.perf_counter() > self._until:
            return None
        request = next(self._requests, None)
        if request is None:
            return None
        self.answers.append(answer := Answer())
        return request, answer


async def _drive(port: int, source: _Source) -> None:
    loop = asyncio.get_running_loop()
    while (taken := source.take()) is not None:
        try:
            _, connection = await loop.create_connection(
                lambda first=taken: _Connection(source, first), LOOPBACK, port
            )
        except OSError:
            await asyncio.sleep(0.01)
            continue
        try:
            await connection.closed
        finally:
            connection.transport.abort()


class _Connection(asyncio.Protocol):
    """Sends one request after the other until there are no more, or the peer closes."""

    def __init__(self, source: _Source, first: tuple[bytes, Answer]) -> None:
        self._source = source
        self._taken: tuple[bytes, Answer] | None = first
        self._chunks: list[bytes] = []
        self._sent_at = 0.0
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._parser = HttpResponseParser(self)
        self._send()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def on_body(self, body: bytes) -> None:
        if self._source.keeps_bodies:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return
        _, answer = self._taken
        answer.status = status
        answer.body = b"".join(self._chunks)
        answer.latency_s = time.perf_counter() - self._sent_at
        if not self._parser.should_keep_alive():
            self.transport.close()
            return
        self._taken = self._source.take()
        self._send()

    def _send(self) -> None:
        if self._taken is None:
            self.transport.close()
            return
        self._chunks.clear()
        self._sent_at = time.perf_counter()
        self.transport.write(self._taken[0])
