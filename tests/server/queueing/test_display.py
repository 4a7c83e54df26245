"""The display of a hall, as a page and as events."""

import asyncio
import contextlib
import json

import httpx
import pytest

from models.kinds import WindowKind
from models.queueing import HallNews
from server.kit.relay import Relay
from server.queueing import bells
from server.queueing.calling import call_next, finish, miss, recall
from tests.server.queueing.hall import do, walk_in
from tests.support.booking import STREET

PATH = f"/api/v1/public/points/{STREET}/display"


class Display:
    """A screen that listens."""

    def __init__(self, answer):
        self._lines = answer.aiter_lines()

    async def next(self):
        event = {}
        async with asyncio.timeout(10):
            async for line in self._lines:
                if not line and event:
                    return event.get("event"), event.get("id"), json.loads(event["data"])
                name, _, value = line.partition(": ")
                if name:
                    event[name] = value
        raise AssertionError("the stream ended")

    async def calls(self, count):
        told = []
        while len(told) < count:
            name, change, data = await self.next()
            if name not in {"waiting", "snapshot"}:
                told.append((name, change, data["label"], data["window_no"]))
        return told


@contextlib.asynccontextmanager
async def listening(url, after=None):
    headers = {"accept": "text/event-stream"} | ({"last-event-id": after} if after else {})
    async with (
        httpx.AsyncClient(timeout=20) as http,
        http.stream("GET", url + PATH, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        yield Display(answer)


async def test_a_display_is_shown_how_things_stand_and_then_each_change(api_url, window, ports):
    await walk_in(1, ports)
    async with listening(api_url) as display:
        name, _, shown = await display.next()
        accepting = next(one for one in shown["kinds"] if one["kind"] == "accept")
        assert (name, shown["calls"], accepting["next_labels"]) == ("snapshot", [], ["A001"])
        counts = {"consult": 0, "accept": 1, "issue": 0}
        assert await display.next() == ("waiting", None, counts)
        await do(call_next, window, ports=ports)
        name, _, data = await display.next()
        assert (name, data) == ("called", {"label": "A001", "window_no": 1})
        assert await display.next() == ("waiting", None, counts | {"accept": 0})
        await do(recall, window, ports=ports)
        await do(finish, window, ports=ports)
        told = await display.calls(2)
    assert [(one[0], *one[2:]) for one in told] == [("recalled", "A001", 1), ("cleared", "A001", 1)]


async def test_after_a_break_a_display_goes_on_where_it_left_off(api_url, window, ports):
    for number in range(3):
        await walk_in(number, ports)
    await do(call_next, window, ports=ports)
    seen = str((await HallNews.get()).change)
    await do(finish, window, ports=ports)
    await do(call_next, window, ports=ports)
    async with listening(api_url, after=seen) as display:
        told = await display.calls(2)
    changes = [str(one.change) for one in await HallNews.all().order_by("change")]
    assert [one[1] for one in told] == changes[1:]
    assert [(one[0], one[2]) for one in told] == [("cleared", "A001"), ("called", "A002")]


@pytest.mark.parametrize("after", ["none", "999999", "9" * 30])
async def test_a_display_that_knows_what_never_was_begins_anew(api_url, window, ports, after):
    assert window.opened_at
    await walk_in(1, ports)
    async with listening(api_url, after=after) as display:
        assert (await display.next())[0] == "snapshot"


async def test_calls_that_are_long_over_are_not_called_again(api_url, window, ports, clock):
    await walk_in(1, ports)
    await do(call_next, window, ports=ports)
    seen = str((await HallNews.get()).change)
    await do(miss, window, ports=ports)
    clock.advance(minutes=16)
    async with listening(api_url, after=seen) as display:
        assert (await display.next())[0] == "snapshot"


async def test_a_change_rings_at_once_by_redis(api_url, window, ports, monkeypatch):
    monkeypatch.setattr(bells, "LOOKED_EVERY_S", 60.0)
    await walk_in(1, ports)
    async with listening(api_url) as display:
        await display.next()
        await display.next()
        await do(call_next, window, ports=ports)
        await Relay(ports, worker_id="w").run_once()
        assert (await display.next())[0] == "called"
        # So that the look that was begun with the long pause ends now.
        await ports.redis.publish(bells.CHANNEL, "")
    await ports.redis.publish(bells.CHANNEL, "")


async def test_a_change_is_told_while_redis_is_away(api_url, window, ports, redis_server):
    await walk_in(1, ports)
    redis_server.freeze()
    try:
        async with listening(api_url) as display:
            await display.next()
            await display.next()
            await do(call_next, window, ports=ports)
            assert (await display.next())[0] == "called"
    finally:
        redis_server.thaw()


async def test_nobody_is_named_on_a_display(api_url, window, ports):
    ticket = await walk_in(1, ports, kind=WindowKind.ACCEPT)
    await do(call_next, window, ports=ports)
    async with httpx.AsyncClient() as http:
        page = (await http.get(api_url + PATH)).text
    async with listening(api_url) as display:
        told = json.dumps(await display.next())
    for shown in (page, told):
        assert "A001" in shown
        assert ticket.id not in shown
        assert ticket.person_id not in shown


async def test_every_display_hears_the_same_calls_in_order(api_url, window, ports, clock):
    async with contextlib.AsyncExitStack() as stack:
        displays = [await stack.enter_async_context(listening(api_url)) for _ in range(3)]
        for number in range(5):
            await walk_in(number, ports)
            await do(call_next, window, ports=ports)
            await do(finish, window, ports=ports)
            clock.advance(seconds=1)
        heard = await asyncio.gather(*(display.calls(10) for display in displays))
    assert heard[0] == heard[1] == heard[2]
    assert [one[2] for one in heard[0]] == [f"A00{n // 2 + 1}" for n in range(10)]
