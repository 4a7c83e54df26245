"""A review is placed alike by the script in Redis and by the database."""

import random
from datetime import timedelta

import pytest

from models.balancing import PointPresence
from models.prereview import ReviewTask
from models.states import PresenceState, ReviewTaskState
from server.balancing import hints
from server.balancing.events import PointCameBack, PointWentDark
from server.balancing.hints import Wanted
from server.balancing.placement import place_review
from server.balancing.review_rules import ReviewBacklog, choose_point
from server.balancing.roster import Roster
from server.balancing.tasks import mirror_presence, repair_hints
from tests.support.papers import BRANCH, CENTER, ITEM

CODES = ["a", "b", "c", "d"]


@pytest.fixture(autouse=True)
def _trusted(ports):
    assert ports is not None
    hints.trust_again()


async def test_the_script_chooses_as_the_rule_does(ports):
    chance = random.Random(7)
    for _ in range(200):
        backlogs = [
            ReviewBacklog(code, chance.choice([0, 5, 400, 415, 900]), chance.choice([1, 2, 12]))
            for code in CODES
        ]
        minutes, wish = chance.choice([3, 7, 60]), chance.choice([*CODES, None, "elsewhere"])
        await ports.redis.zadd(hints.MINUTES, {one.point_code: one.minutes for one in backlogs})
        wanted = Wanted("task", ITEM, minutes, base_rank_ms=1_000, wish=wish)
        candidates = [(one.point_code, one.reviewers) for one in backlogs]
        placed = await hints.place(ports.redis, wanted, candidates, now=ports.now())
        assert placed.point_code == choose_point(backlogs, wish=wish, minutes=minutes)
        assert placed.rank_ms == 1_000
        await hints.remove(ports.redis, "task", point_code=placed.point_code)


async def test_placing_the_same_review_twice_counts_it_once(ports):
    await ports.redis.zadd(hints.MINUTES, {"a": 0})
    wanted = Wanted("task", ITEM, 7, base_rank_ms=1_000)
    for _ in range(2):
        await hints.place(ports.redis, wanted, [("a", 1)], now=ports.now())
    assert await ports.redis.zscore(hints.MINUTES, "a") == 7
    assert await ports.redis.hgetall(hints.keys_of("a")[2]) == {ITEM: "7"}
    for _ in range(2):
        await hints.remove(ports.redis, "task", point_code="a")
    assert await ports.redis.zscore(hints.MINUTES, "a") == 0
    assert await ports.redis.keys("*") == [hints.MINUTES]


async def test_one_unknown_candidate_leaves_the_choice_to_the_database(ports):
    await ports.redis.zadd(hints.MINUTES, {"a": 0})
    wanted = Wanted("task", ITEM, 7, base_rank_ms=1_000)
    assert await hints.place(ports.redis, wanted, [("a", 1), ("b", 1)], now=ports.now()) is None
    assert await ports.redis.zscore(hints.MINUTES, "a") == 0


@pytest.mark.parametrize("are_hints_there", [True, False])
async def test_a_fixed_place_is_kept_wherever_a_review_goes(ports, are_hints_there):
    if are_hints_there:
        await repair_hints(ports)
    await ReviewTask.create(
        pre_review_id="earlier",
        round_no=1,
        item_code=ITEM,
        point_code=CENTER,
        state=ReviewTaskState.QUEUED,
        due_at=ports.now(),
        minutes=7,
        created_at=ports.now(),
    )
    wanted = Wanted("task", ITEM, 7, base_rank_ms=1_000, wish=CENTER, is_fixed=True)
    placed = await place_review(wanted, now=ports.now(), redis=ports.redis)
    assert (placed.point_code, placed.rank_ms) == (CENTER, 1_000)


async def test_redis_learns_which_points_are_dark(ports):
    await repair_hints(ports)
    row = await PointPresence.create(
        id=CENTER, state=PresenceState.EVACUATED, heard_at=ports.now() - timedelta(hours=1)
    )
    await mirror_presence(PointWentDark(aggregate_id=CENTER, state=row.state), ports)
    assert await ports.redis.smembers(hints.DARK) == {CENTER}
    wanted = Wanted("task", ITEM, 7, base_rank_ms=1_000, wish=CENTER)
    assert (await place_review(wanted, now=ports.now(), redis=ports.redis)).point_code == BRANCH
    await PointPresence.filter(id=CENTER).update(state=PresenceState.PRESENT)
    await mirror_presence(PointCameBack(aggregate_id=CENTER), ports)
    assert await ports.redis.smembers(hints.DARK) == set()


def test_a_sample_holds_the_wish_and_no_more_than_asked():
    roster = Roster(tuple(CODES), dict.fromkeys(CODES, 1))
    for _ in range(50):
        sampled = roster.sample(2, wish="d")
        assert "d" in sampled
        assert len(set(sampled)) == len(sampled) <= 3
        assert sampled == sorted(sampled)
    assert roster.sample(9, wish="elsewhere") == CODES
    assert roster.without({"a", "b", "c"}).sample(3, wish="a") == ["d"]
