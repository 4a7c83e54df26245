"""When there is a rush, and when it is over."""

import pytest

from config.settings import Settings
from server.kit.redis import open_redis
from server.kit.rush import Rush
from server.kit.tallies import Exchange

MOST = Settings(rush_tries_per_s=3)
"""Thirty in ten seconds."""


@pytest.fixture
def redis(ports):
    return ports.redis


class Watch(Rush):
    """The watch of one process with its way to the others."""

    def __init__(self, clock, redis):
        super().__init__(MOST, clock)
        self.exchange = Exchange([self.tally], clock, redis)

    async def look_now(self):
        await self.look(self.exchange)


def tries(rush, count):
    return [rush.note_try() for _ in range(count)][-1]


async def test_a_rush_is_more_than_so_many_in_all_processes(clock, redis):
    one, other = Watch(clock, redis), Watch(clock, redis)
    tries(one, 15)
    tries(other, 15)
    for rush in (one, other):
        await rush.look_now()
    assert (one.is_on, other.is_on) == (False, False)
    clock.advance(seconds=1)
    assert tries(other, 1) is False
    await other.look_now()
    assert tries(other, 1) is True
    assert one.is_on is False
    tries(one, 1)
    await one.look_now()
    assert one.is_on is True


async def test_as_many_in_a_longer_time_are_no_rush(clock, redis):
    rush = Watch(clock, redis)
    for _ in range(4):
        tries(rush, 30)
        await rush.look_now()
        clock.advance(seconds=10)
    assert rush.is_on is False


async def test_a_rush_is_over_half_a_minute_after_it_was_seen_last(clock, redis):
    rush = Watch(clock, redis)
    tries(rush, 31)
    await rush.look_now()
    clock.advance(seconds=29)
    await rush.look_now()
    assert rush.is_on is True
    clock.advance(seconds=1)
    await rush.look_now()
    assert rush.is_on is False


@pytest.mark.usefixtures("ports")
async def test_without_redis_a_process_judges_by_itself(clock):
    rush = Watch(clock, open_redis("redis://127.0.0.1:9/0"))
    tries(rush, 30)
    await rush.look_now()
    assert rush.is_on is False
    tries(rush, 1)
    await rush.look_now()
    assert rush.is_on is True
