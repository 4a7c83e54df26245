"""Server-sent events: kept open while somebody listens, never for long behind who does not."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import cast

import structlog
from sanic import Request

from server.kit.errors import TooMany
from server.kit.http.call import EVENT_STREAM, EventStream, ServerEvent

HEARTBEAT = b": still here\n\n"
UNSENT_BYTES = 16 * 1024
"""What is kept for one that reads slowly, here and in the kernel each."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How many streams one address has in a process, and how long silence lasts on either side."""

    per_address: int
    heartbeat_s: float = 15.0
    slow_s: float = 10.0


class OpenStreams:
    """The streams of one process: counted by address, ended together when it stops."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._ending = asyncio.Event()

    def end_all(self) -> None:
        """End every stream: whoever listens comes again and is served by another process."""
        self._ending.set()

    async def send(self, stream: EventStream, request: Request) -> None:
        """Send events until one side ends it, or cut off one that takes none for `slow_s`.

        Raises `TooMany` before anything is sent.
        """
        with self._admit(request.client_ip):
            headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
            headers["x-request-id"] = request.ctx.request_id
            response = await request.respond(status=200, headers=headers, content_type=EVENT_STREAM)
            _keep_little(request)
            try:
                async with aclosing(self._chunks(stream.events)) as chunks:
                    async for chunk in chunks:
                        async with asyncio.timeout(self._limits.slow_s):
                            await response.send(chunk)
                await response.eof()
            except TimeoutError:
                log.info("slow_listener_cut", route=request.route.name if request.route else "")
                _transport(request).abort()
            except Exception:
                # The answer has begun: all that is left to tell is that it ends.
                log.exception("stream_failed")
                _transport(request).abort()

    @contextmanager
    def _admit(self, address: str) -> Iterator[None]:
        if self._open[address] >= self._limits.per_address:
            raise TooMany(retry_after_s=60)
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    async def _chunks(
        self, events: AsyncGenerator[ServerEvent, None]
    ) -> AsyncGenerator[bytes, None]:
        ending = asyncio.ensure_future(self._ending.wait())
        coming = asyncio.ensure_future(anext(events, None))
        try:
            while not ending.done():
                await asyncio.wait(
                    (ending, coming),
                    timeout=self._limits.heartbeat_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not coming.done():
                    yield HEARTBEAT
                    continue
                event = coming.result()
                if event is None:
                    return
                yield encode(event)
                coming = asyncio.ensure_future(anext(events, None))
        finally:
            ending.cancel()
            coming.cancel()
            await asyncio.wait((coming,))
            await events.aclose()


def encode(event: ServerEvent) -> bytes:
    """Return an event as it goes over the wire."""
    lines = [f"data: {line}" for line in event.data.split("\n")]
    if event.name:
        lines.insert(0, f"event: {event.name}")
    if event.id:
        lines.insert(0, f"id: {event.id}")
    return ("\n".join(lines) + "\n\n").encode()


def _keep_little(request: Request) -> None:
    transport = _transport(request)
    transport.set_write_buffer_limits(high=UNSENT_BYTES)
    kept = transport.get_extra_info("socket")
    if kept is not None:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT_BYTES)


def _transport(request: Request) -> asyncio.WriteTransport:
    return cast(asyncio.WriteTransport, request.transport)
