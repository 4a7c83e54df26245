"""A review is claimed by one person at a time, whatever dies."""

import asyncio
from datetime import timedelta

import pytest

from models.bookkeeping import Transition
from models.catalog import ServiceItem
from models.prereview import ReviewTask
from models.states import ReviewTaskState
from server.balancing import hints, reviews
from server.balancing.errors import LeaseLost
from server.balancing.tasks import repair_hints
from server.catalog.service import forget_caches
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.transaction import in_transaction
from tests.server.balancing.reviewing import differences, give_back_lapsed
from tests.support.papers import BRANCH, CENTER, ITEM, clerk

QUEUED, CLAIMED, DONE = ReviewTaskState.QUEUED, ReviewTaskState.CLAIMED, ReviewTaskState.DONE

pytestmark = pytest.mark.usefixtures("known_points")


async def test_a_claim_raises_the_fence_and_gives_a_lease(enqueue, claim, ports):
    await enqueue(1)
    task = await claim(clerk(5))
    assert (task.state, task.fence, task.claimed_by) == (CLAIMED, 1, clerk(5).id)
    assert task.leased_until == ports.now() + timedelta(seconds=ports.settings.review_lease_s)
    row = await ReviewTask.get(id=task.id)
    assert (row.state, row.fence, row.claimed_by) == (CLAIMED, 1, clerk(5).id)


@pytest.mark.parametrize("are_hints_there", [True, False])
async def test_of_thirty_who_claim_ten_reviews_ten_get_one_each(
    enqueue, claim, redis_server, are_hints_there
):
    for number in range(1, 11):
        await enqueue(number)
    if not are_hints_there:
        redis_server.flush()
    claimed = await asyncio.gather(*(claim(clerk(number)) for number in range(1, 31)))
    got = sorted(task.pre_review_id for task in claimed if task is not None)
    assert got == sorted(f"papers-{number}" for number in range(1, 11))
    rows = await ReviewTask.all()
    assert {(row.state, row.fence) for row in rows} == {(CLAIMED, 1)}
    assert len({row.claimed_by for row in rows}) == 10
    assert await Transition.filter(to_state=CLAIMED).count() == 10


async def test_an_idle_point_takes_from_the_most_loaded_one(enqueue, claim, ports):
    await enqueue(1, wish=CENTER)
    await enqueue(2, wish=CENTER)
    task = await claim(clerk(1, BRANCH))
    assert (task.pre_review_id, task.point_code) == ("papers-1", BRANCH)
    assert await ports.redis.zrange(hints.queue_key(CENTER), 0, -1) == [
        (await ReviewTask.get(pre_review_id="papers-2")).id
    ]
    backlogs = await ports.redis.zrevrange(hints.MINUTES, 0, 2, withscores=True)
    assert sorted(backlogs[:2]) == [(BRANCH, 7.0), (CENTER, 7.0)]
    assert backlogs[2][1] == 0
    assert await differences(ports) == []


async def test_a_point_takes_nothing_that_it_could_not_review(enqueue, claim):
    await enqueue(1, item_code="GL0012")
    street = "350102001000"
    assert await claim(clerk(1, street)) is None
    assert (await ReviewTask.get(pre_review_id="papers-1")).state is QUEUED


@pytest.mark.usefixtures("catalogue")
async def test_a_withdrawn_item_is_left_to_the_point_that_has_it(enqueue, claim):
    await enqueue(1, wish=CENTER)
    await ServiceItem.filter(code=ITEM).update(is_current=False)
    forget_caches()
    assert await claim(clerk(1, BRANCH)) is None
    assert (await claim(clerk(1, CENTER))).pre_review_id == "papers-1"


async def test_a_finish_under_an_old_fence_changes_nothing(enqueue, claim, finish, clock, ports):
    await enqueue(1)
    old = await claim(clerk(1))
    clock.advance(seconds=ports.settings.review_lease_s + 1)
    await give_back_lapsed(ports)
    new = await claim(clerk(2))
    before = await ReviewTask.all().values()
    moves = await Transition.all().count()
    for reviewer, fence in ((clerk(1), old.fence), (clerk(1), new.fence), (clerk(2), old.fence)):
        with pytest.raises(LeaseLost):
            await finish(old, fence, reviewer)
    assert (old.fence, new.fence) == (1, 2)
    assert await ReviewTask.all().values() == before
    assert await Transition.all().count() == moves
    await finish(new, new.fence, clerk(2))
    assert (await ReviewTask.get(id=new.id)).state is DONE


async def test_a_finished_review_cannot_be_finished_again(enqueue, claim, finish):
    await enqueue(1)
    task = await claim(clerk(1))
    await finish(task, task.fence, clerk(1))
    with pytest.raises(LeaseLost):
        await finish(task, task.fence, clerk(1))


async def test_of_two_finishes_at_once_one_wins(enqueue, claim, finish):
    await enqueue(1)
    task = await claim(clerk(1))
    ends = await asyncio.gather(
        *(finish(task, task.fence, clerk(1)) for _ in range(8)), return_exceptions=True
    )
    assert sorted(type(end).__name__ for end in ends) == ["LeaseLost"] * 7 + ["ReviewTask"]
    assert await Transition.filter(to_state=DONE).count() == 1


async def test_a_lapsed_review_stands_in_front_again(enqueue, claim, clock, ports):
    await enqueue(1)
    await enqueue(2)
    lost = await claim(clerk(1))
    clock.advance(seconds=ports.settings.review_lease_s + 1)
    await give_back_lapsed(ports)
    again = await claim(clerk(2))
    assert (again.id, again.fence) == (lost.id, 2)


async def test_a_renewed_lease_does_not_lapse(enqueue, claim, clock, ports):
    await enqueue(1)
    task = await claim(clerk(1))
    clock.advance(seconds=ports.settings.review_lease_s - 1)
    await in_transaction(
        lambda: reviews.renew(
            task.pre_review_id, fence=1, reviewer=clerk(1), now=ports.now(), ports=ports
        )
    )
    clock.advance(seconds=ports.settings.review_lease_s)
    assert await reviews.find_lapsed(now=ports.now()) == []
    with pytest.raises(ChangedMeanwhile):
        await in_transaction(lambda: reviews.give_back(task.id, now=ports.now(), redis=ports.redis))
    assert (await ReviewTask.get(id=task.id)).state is CLAIMED


async def test_a_lease_is_not_renewed_for_somebody_else(enqueue, claim, ports):
    await enqueue(1)
    task = await claim(clerk(1))
    with pytest.raises(LeaseLost):
        await in_transaction(
            lambda: reviews.renew(
                task.pre_review_id, fence=1, reviewer=clerk(2), now=ports.now(), ports=ports
            )
        )
    assert (await ReviewTask.get(id=task.id)).leased_until == task.leased_until


async def test_what_is_claimed_cannot_be_dropped(enqueue, claim, ports):
    await enqueue(1)
    await claim(clerk(1))
    with pytest.raises(WrongState):
        await in_transaction(
            lambda: reviews.drop("papers-1", actor=ENGINE, now=ports.now(), redis=ports.redis)
        )
    assert (await ReviewTask.get(pre_review_id="papers-1")).state is CLAIMED


async def test_redis_killed_in_the_middle_loses_nothing(
    enqueue, claim, finish, ports, redis_server
):
    for number in (1, 2):
        await enqueue(number)
    redis_server.kill()
    try:
        await enqueue(3)
        claimed = [await claim(clerk(number)) for number in (1, 2, 3)]
        await repair_hints(ports)
    finally:
        redis_server.restart()
        # What the pool still holds is dead, and would cost a later test its first hint.
        await ports.redis.connection_pool.disconnect()
        hints.trust_again()
    assert [task.pre_review_id for task in claimed] == ["papers-1", "papers-2", "papers-3"]
    for number, task in enumerate(claimed, start=1):
        await finish(task, 1, clerk(number))
    assert {row.state for row in await ReviewTask.all()} == {DONE}
