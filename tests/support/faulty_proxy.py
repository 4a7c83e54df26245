"""A TCP proxy that spoils answers: late, reset, half-closed, garbage, an error in a 200.

It runs on a thread of its own, so that a proof that waits does not hold it up, and takes only the
time that nobody else wants, for what it stands for is elsewhere. Almost every fault
comes after the request took effect behind it: what the caller then believes is the hard part.
"""

import asyncio
import contextlib
import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from deploy.children import LOOPBACK
from tests.support.servers import be_elsewhere

LATE_S = 0.4
TOO_LATE_S = 6.0
"""Beyond the caller's read timeout of five seconds."""
START_TIMEOUT_S = 10.0
NOW_AND_HERE = struct.pack("ii", 1, 0)
"""`SO_LINGER`: closing sends a reset."""


class Fault(StrEnum):
    """How an exchange goes wrong."""

    LATE = "late"
    TOO_LATE = "too_late"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    HALF_CLOSED = "half_closed"
    GARBAGE = "garbage"
    ERROR_IN_200 = "error_in_200"


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class FaultyProxy:
    """Listens on `port`; spoils a `share` of the exchanges, all of them while `is_down`."""

    def __init__(self, upstream_port: int, *, share: float, most_too_late: int, seed: int) -> None:
        self.is_down = False
        self.share = share
        self.faults: Counter[Fault] = Counter()
        self.exchanges = 0
        self._upstream_port = upstream_port
        self._most_too_late = most_too_late
        self._draw = random.Random(seed)
        self._listening = threading.Event()
        self.port = 0

    def run(self) -> None:
        """Serve until `stop`; this is the thread's work."""
        be_elsewhere(threading.get_native_id())
        asyncio.run(self._serve())

    def wait_until_listening(self) -> None:
        assert self._listening.wait(START_TIMEOUT_S), "the proxy does not listen"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task] = set()
        server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stop.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()

    async def _accept(self, *caller: asyncio.StreamReader | asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await self._pass_on(caller)

    async def _pass_on(self, caller: Streams) -> None:
        behind = await asyncio.open_connection(LOOPBACK, self._upstream_port)
        try:
            while await self._exchange(caller, behind):
                self.exchanges += 1
        finally:
            caller[1].close()
            behind[1].close()

    async def _exchange(self, caller: Streams, behind: Streams) -> bool:
        request = await _read_message(caller[0])
        fault = self._draw_fault()
        if self.is_down or fault is Fault.RESET_BEFORE:
            _reset(caller[1])
            return False
        behind[1].write(request)
        answer = await _read_message(behind[0])
        return await _spoil(caller[1], answer, fault)

    def _draw_fault(self) -> Fault | None:
        if self._draw.random() >= self.share:
            return None
        fault = self._draw.choice(list(Fault))
        if fault is Fault.TOO_LATE and self.faults[fault] >= self._most_too_late:
            fault = Fault.LATE
        self.faults[fault] += 1
        return fault


@contextlib.contextmanager
def start_faulty_proxy(
    upstream_port: int, *, share: float, most_too_late: int = 2, seed: int = 20261123
) -> Iterator[FaultyProxy]:
    """Run a proxy in front of a port of this machine."""
    proxy = FaultyProxy(upstream_port, share=share, most_too_late=most_too_late, seed=seed)
    thread = threading.Thread(target=proxy.run, daemon=True)
    thread.start()
    proxy.wait_until_listening()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(START_TIMEOUT_S)


async def _spoil(caller: asyncio.StreamWriter, answer: bytes, fault: Fault | None) -> bool:
    match fault:
        case Fault.LATE | Fault.TOO_LATE:
            await asyncio.sleep(LATE_S if fault is Fault.LATE else TOO_LATE_S)
        case Fault.RESET_AFTER:
            _reset(caller)
            return False
        case Fault.HALF_CLOSED:
            caller.write(answer[: len(answer) // 2])
            caller.write_eof()
            return False
        case Fault.GARBAGE:
            answer = b"\x16\x03\x01\x02\x00" + answer[::-1]
        case Fault.ERROR_IN_200:
            answer = _write_error()
    caller.write(answer)
    await caller.drain()
    return fault is not Fault.GARBAGE


async def _read_message(source: asyncio.StreamReader) -> bytes:
    head = await source.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    lengths = [line.partition(b":")[2] for line in lines if line.startswith(b"content-length:")]
    return head + await source.readexactly(int(lengths[0]) if lengths else 0)


def _write_error() -> bytes:
    frame = {"retCode": "S9999", "retMsg": "系统异常", "retBody": "", "serialNo": "0" * 32}
    body = json.dumps(frame, ensure_ascii=False).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def _reset(caller: asyncio.StreamWriter) -> None:
    caller.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW_AND_HERE)
    caller.transport.abort()
