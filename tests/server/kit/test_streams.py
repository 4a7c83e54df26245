"""Server-sent events: heartbeats, limits, and listeners that do not listen."""

import asyncio
import contextlib
import itertools
import socket

import httpx
import pytest
from sanic import Sanic

from server.kit.errors import TooMany
from server.kit.http import problems
from server.kit.http.call import EventStream, ServerEvent
from server.kit.http.streams import OpenStreams, StreamLimits, encode
from tests.support.sanic_server import serve

LIMITS = StreamLimits(per_address=2, heartbeat_s=0.05, slow_s=0.2)
names = itertools.count()


class Station:
    """A server that streams `events` to everybody, and notes which of them ended."""

    def __init__(self, events, *, limits=LIMITS):
        self.streams = OpenStreams(limits)
        self.ended = asyncio.Event()
        self.app = Sanic(f"station_{next(names)}", configure_logging=False)
        self.left = asyncio.Event()
        self._events = events
        self.app.add_route(self._listen, "/")

    async def _listen(self, request):
        request.ctx.request_id = "r"
        try:
            await self.streams.send(EventStream(self._tell()), request)
        except TooMany as refusal:
            return problems.render(refusal, request_id="r")
        finally:
            self.left.set()

    async def _tell(self):
        try:
            async for event in self._events():
                yield event
        finally:
            self.ended.set()


async def silence():
    await asyncio.Event().wait()
    yield ServerEvent("never")


async def flood():
    while True:
        yield ServerEvent("x" * 4096)


async def two():
    yield ServerEvent("1", name="one", id="7")
    yield ServerEvent("2\n3")


async def faulty():
    yield ServerEvent("1")
    raise RuntimeError


@contextlib.asynccontextmanager
async def on_air(events, **options):
    station = Station(events, **options)
    async with serve(station.app) as url, httpx.AsyncClient(base_url=url) as http:
        yield station, http


def test_an_event_is_written_with_its_id_name_and_each_line():
    assert encode(ServerEvent("2\n3", name="two", id="8")) == (
        b"id: 8\nevent: two\ndata: 2\ndata: 3\n\n"
    )


async def test_a_stream_is_told_whole_and_ends():
    async with on_air(two) as (_, http):
        answer = await http.get("/")
    assert answer.text == "id: 7\nevent: one\ndata: 1\n\ndata: 2\ndata: 3\n\n"
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["x-accel-buffering"] == "no"


async def test_silence_is_filled_with_heartbeats():
    async with on_air(silence) as (_, http), http.stream("GET", "/") as answer:
        lines = answer.aiter_lines()
        assert [await anext(lines) for _ in range(4)] == [": still here", ""] * 2


async def test_an_address_has_so_many_streams_and_another_once_one_ended():
    async with on_air(silence) as (station, http), contextlib.AsyncExitStack() as stack:
        answers = [await stack.enter_async_context(http.stream("GET", "/")) for _ in range(2)]
        heard = [answer.aiter_lines() for answer in answers]
        assert [await anext(lines) for lines in heard] == [": still here"] * 2
        refused = await http.get("/")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
        station.left.clear()
        await answers[0].aclose()
        await asyncio.wait_for(station.left.wait(), 5)
        again = await stack.enter_async_context(http.stream("GET", "/"))
        assert again.status_code == 200


async def test_one_who_does_not_read_is_cut():
    async with on_air(flood) as (station, http):
        with socket.socket() as sleeper:
            sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sleeper.connect(("127.0.0.1", http.base_url.port))
            sleeper.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await asyncio.wait_for(station.left.wait(), 10)
            sleeper.settimeout(10)
            told = b"".join(iter(lambda: sleeper.recv(65_536), b""))
    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not told.endswith(b"\r\n0\r\n\r\n")
    assert station.ended.is_set()


async def test_all_end_when_the_process_stops():
    async with on_air(silence) as (station, http), http.stream("GET", "/") as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        station.streams.end_all()
        rest = [line async for line in lines]
    assert set(rest) <= {": still here", ""}
    assert station.ended.is_set()


async def test_a_fault_in_the_middle_ends_the_stream():
    async with on_air(faulty) as (station, http):
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get("/")
        assert station.ended.is_set()
