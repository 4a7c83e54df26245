"""When there is a rush, and when it is over."""

import pytest

from config.settings import Settings
from server.kit.redis import open_redis
from server.kit.rush import Rush

MOST = Settings(rush_tries_per_s=3)
"""Thirty in ten seconds."""


@pytest.fixture
def redis(ports):
    return ports.redis


def tries(rush, count):
    return [rush.note_try() for _ in range(count)][-1]


async def test_a_rush_is_more_than_so_many_in_all_processes(clock, redis):
    one, other = Rush(MOST, clock, redis), Rush(MOST, clock, redis)
    tries(one, 15)
    tries(other, 15)
    for rush in (one, other):
        await rush.look()
    assert (one.is_on, other.is_on) == (False, False)
    clock.advance(seconds=1)
    assert tries(other, 1) is False
    await other.look()
    assert tries(other, 1) is True
    assert one.is_on is False
    tries(one, 1)
    await one.look()
    assert one.is_on is True


async def test_as_many_in_a_longer_time_are_no_rush(clock, redis):
    rush = Rush(MOST, clock, redis)
    for _ in range(4):
        tries(rush, 30)
        await rush.look()
        clock.advance(seconds=10)
    assert rush.is_on is False


async def test_a_rush_is_over_half_a_minute_after_it_was_seen_last(clock, redis):
    rush = Rush(MOST, clock, redis)
    tries(rush, 31)
    await rush.look()
    clock.advance(seconds=29)
    await rush.look()
    assert rush.is_on is True
    clock.advance(seconds=1)
    await rush.look()
    assert rush.is_on is False


@pytest.mark.usefixtures("ports")
async def test_without_redis_a_process_judges_by_itself(clock):
    rush = Rush(MOST, clock, open_redis("redis://127.0.0.1:9/0"))
    tries(rush, 30)
    await rush.look()
    assert rush.is_on is False
    tries(rush, 1)
    await rush.look()
    assert rush.is_on is True
