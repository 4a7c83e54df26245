"""Counting in memory, and what processes tell each other of it."""

import pytest

from server.kit.redis import open_redis
from server.kit.tallies import MOST_TOLD, Exchange, Tally

MINUTE = 60


@pytest.fixture
def redis(ports):
    return ports.redis


class Process:
    """What one process counts, and its way to the others."""

    def __init__(self, clock, redis, **options):
        self.tally = Tally("visits", MINUTE, **options)
        self.clock = clock
        self.meet(redis)

    def meet(self, redis):
        self.exchange = Exchange([self.tally], self.clock, redis)

    def count(self, key="key", times=1):
        return [self.tally.count(key, self._now_s()) for _ in range(times)][-1]

    def known(self, key="key"):
        return self.tally.known(key, self._now_s())

    def _now_s(self):
        return self.clock.now().timestamp()

    async def tell(self):
        await self.exchange.run()


async def test_processes_know_of_each_other_once_both_have_told(clock, redis):
    one, other = Process(clock, redis), Process(clock, redis)
    assert (one.count(times=3), other.count(times=5)) == (3, 5)
    await one.tell()
    await other.tell()
    assert (one.known(), other.known()) == (3, 8)
    assert one.count() == 4
    await one.tell()
    assert (one.known(), one.count()) == (9, 10)


async def test_what_was_told_twice_counts_once(clock, redis):
    one, other = Process(clock, redis), Process(clock, redis)
    for _ in range(3):
        one.count()
        await one.tell()
        await one.tell()
    other.count()
    await other.tell()
    assert other.known() == 4


async def test_what_is_rare_here_is_not_told(clock, redis):
    one, other = Process(clock, redis, told_from=3), Process(clock, redis)
    one.count(times=2)
    await one.tell()
    assert await redis.dbsize() == 0
    one.count()
    await one.tell()
    other.count()
    await other.tell()
    assert other.known() == 4


async def test_a_window_ends_for_all_at_once_and_begins_with_nothing(clock, redis):
    clock.advance(seconds=50)
    one, other = Process(clock, redis), Process(clock, redis)
    for process in (one, other, one):
        process.count()
        await process.tell()
    assert one.known() == 3
    clock.advance(seconds=10)
    assert one.known() == 0
    assert one.count() == 1
    await one.tell()
    assert one.known() == 1


async def test_what_is_told_names_nobody_and_goes_by_itself(clock, redis):
    one = Process(clock, redis)
    one.count("192.0.2.1")
    await one.tell()
    [key] = await redis.keys()
    assert "192.0.2.1" not in key
    assert 60 < await redis.ttl(key) <= 70


async def test_more_than_fits_is_told_the_next_time(clock, redis):
    one = Process(clock, redis)
    for number in range(MOST_TOLD + 1):
        one.count(f"{number}")
    await one.tell()
    assert await redis.dbsize() == MOST_TOLD
    await one.tell()
    assert await redis.dbsize() == MOST_TOLD + 1


async def test_without_redis_each_counts_for_itself_and_later_together_again(clock, redis):
    away = open_redis("redis://127.0.0.1:9/0")
    one, other = Process(clock, away), Process(clock, redis)
    assert one.count(times=2) == 2
    await one.tell()
    assert one.count() == 3
    one.meet(redis)
    await one.tell()
    other.count()
    await other.tell()
    assert other.known() == 4


def test_counters_that_are_over_make_room_and_too_many_are_forgotten():
    tally = Tally("visits", MINUTE, most=3)
    assert [tally.count(key, 0) for key in ("a", "b", "a")] == [1, 1, 2]
    assert [tally.count(key, 61) for key in ("a", "c", "d")] == [1, 1, 1]
    assert tally.count("e", 61) == 1
    assert (tally.known("a", 61), tally.known("e", 61), tally.known("e", 120)) == (0, 1, 0)
