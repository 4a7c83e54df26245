"""Work is queued where it is done soonest, and claimed by one person at a time, whatever dies."""

import asyncio
from datetime import timedelta

import pytest

from models.bookkeeping import OutboxRow, Transition
from models.catalog import ServiceItem
from models.prereview import ReviewTask
from models.states import ReviewTaskState
from server.balancing import hints, reviews
from server.balancing.errors import LeaseLost, NobodyReviews
from server.balancing.rebuild import rebuild
from server.balancing.reviews import ReviewRequest
from server.balancing.tasks import CONSUMERS, repair_hints
from server.catalog.service import get_point
from server.kit.access import ENGINE
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.outbox import subscribe
from server.kit.relay import Relay
from server.kit.transaction import in_transaction
from tests.support.papers import BRANCH, CENTER, ITEM, clerk

QUEUED, CLAIMED, DONE = ReviewTaskState.QUEUED, ReviewTaskState.CLAIMED, ReviewTaskState.DONE


@pytest.fixture(autouse=True)
def _heard():
    subscribe(*CONSUMERS)


@pytest.fixture
def relay(ports):
    return Relay(ports, worker_id="test")


@pytest.fixture
def enqueue(ports):
    """Queues a review named by a number, due that many hours from now."""

    async def put(number, *, wish=CENTER, minutes=7, item_code=ITEM):
        request = ReviewRequest(
            pre_review_id=f"papers-{number}",
            round_no=1,
            item_code=item_code,
            wished_point_code=wish,
            due_at=ports.now() + timedelta(hours=number),
            minutes=minutes,
        )
        return await in_transaction(
            lambda: reviews.enqueue(request, actor=ENGINE, now=ports.now(), redis=ports.redis)
        )

    return put


@pytest.fixture
def claim(ports):
    async def take(reviewer):
        return await in_transaction(
            lambda: reviews.claim_next(reviewer.point_code, reviewer, now=ports.now(), ports=ports)
        )

    return take


@pytest.fixture
def finish(ports):
    async def end(task, fence, reviewer):
        return await in_transaction(
            lambda: reviews.finish(
                task.pre_review_id, fence=fence, reviewer=reviewer, now=ports.now()
            )
        )

    return end


async def give_back_lapsed(ports):
    for task in await reviews.find_lapsed(now=ports.now()):
        await in_transaction(lambda task=task: reviews.give_back(task.id, now=ports.now()))


async def test_a_review_goes_to_the_wished_point(enqueue):
    assert (await enqueue(1, wish=BRANCH)).point_code == BRANCH


async def test_an_overloaded_wish_gives_way_to_the_least_expected_completion(enqueue):
    await enqueue(1, wish=BRANCH, minutes=4 * 420)
    assert (await enqueue(2, wish=BRANCH)).point_code == CENTER


@pytest.mark.usefixtures("catalogue")
async def test_a_closed_point_gets_no_work(enqueue):
    point = await get_point(CENTER)
    point.is_open = False
    await point.save()
    assert (await enqueue(1, wish=CENTER)).point_code == BRANCH


@pytest.mark.usefixtures("catalogue")
async def test_without_reviewers_anywhere_a_review_is_refused(enqueue):
    for code in (CENTER, BRANCH):
        point = await get_point(code)
        point.reviewers = 0
        await point.save()
    with pytest.raises(NobodyReviews):
        await enqueue(1)
    assert await ReviewTask.all().count() == 0


async def test_backlogs_in_redis_decide_while_they_are_there(enqueue, ports):
    await ports.redis.hset(hints.BACKLOG_KEY, mapping={CENTER: 12 * 421, BRANCH: 0})
    assert (await enqueue(1, wish=CENTER)).point_code == BRANCH


async def test_what_is_due_first_is_claimed_first(enqueue, claim, relay):
    for number in (3, 1, 2):
        await enqueue(number)
    await relay.run_once()
    claimed = [await claim(clerk(1)) for _ in range(3)]
    assert [task.pre_review_id for task in claimed] == ["papers-1", "papers-2", "papers-3"]
    assert await claim(clerk(1)) is None


async def test_a_claim_raises_the_fence_and_gives_a_lease(enqueue, claim, ports):
    await enqueue(1)
    task = await claim(clerk(5))
    assert (task.state, task.fence, task.claimed_by) == (CLAIMED, 1, clerk(5).id)
    assert task.leased_until == ports.now() + timedelta(seconds=ports.settings.review_lease_s)
    row = await ReviewTask.get(id=task.id)
    assert (row.state, row.fence, row.claimed_by) == (CLAIMED, 1, clerk(5).id)


@pytest.mark.parametrize("are_hints_there", [True, False])
async def test_of_thirty_who_claim_ten_reviews_ten_get_one_each(
    enqueue, claim, relay, are_hints_there
):
    for number in range(1, 11):
        await enqueue(number)
    if are_hints_there:
        await relay.run_once()
    claimed = await asyncio.gather(*(claim(clerk(number)) for number in range(1, 31)))
    got = sorted(task.pre_review_id for task in claimed if task is not None)
    assert got == sorted(f"papers-{number}" for number in range(1, 11))
    rows = await ReviewTask.all()
    assert {(row.state, row.fence) for row in rows} == {(CLAIMED, 1)}
    assert len({row.claimed_by for row in rows}) == 10
    assert await Transition.filter(to_state=CLAIMED).count() == 10


async def test_an_idle_point_takes_from_the_most_loaded_one(enqueue, claim, relay, ports):
    await enqueue(1, wish=CENTER)
    await enqueue(2, wish=CENTER)
    await relay.run_once()
    task = await claim(clerk(1, BRANCH))
    assert (task.pre_review_id, task.point_code) == ("papers-1", BRANCH)
    await relay.run_once()
    assert await ports.redis.zrange(hints.queue_key(CENTER), 0, -1) == [
        (await ReviewTask.get(pre_review_id="papers-2")).id
    ]
    assert await ports.redis.hgetall(hints.BACKLOG_KEY) == {CENTER: "7", BRANCH: "7"}


async def test_a_point_takes_nothing_that_it_could_not_review(enqueue, claim):
    await enqueue(1, item_code="GL0012")
    street = "350102001000"
    assert await claim(clerk(1, street)) is None
    assert (await ReviewTask.get(pre_review_id="papers-1")).state is QUEUED


@pytest.mark.usefixtures("catalogue")
async def test_a_withdrawn_item_is_left_to_the_point_that_has_it(enqueue, claim):
    await enqueue(1, wish=CENTER)
    await ServiceItem.filter(code=ITEM).update(is_current=False)
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


async def test_a_lapsed_review_stands_in_front_again(enqueue, claim, relay, clock, ports):
    await enqueue(1)
    await enqueue(2)
    lost = await claim(clerk(1))
    clock.advance(seconds=ports.settings.review_lease_s + 1)
    await give_back_lapsed(ports)
    await relay.run_once()
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
        await in_transaction(lambda: reviews.give_back(task.id, now=ports.now()))
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
        await in_transaction(lambda: reviews.drop("papers-1", actor=ENGINE, now=ports.now()))
    assert (await ReviewTask.get(pre_review_id="papers-1")).state is CLAIMED


async def test_redis_killed_in_the_middle_loses_nothing(
    enqueue, claim, finish, relay, ports, redis_server
):
    for number in (1, 2):
        await enqueue(number)
    await relay.run_once()
    redis_server.kill()
    try:
        await enqueue(3)
        claimed = [await claim(clerk(number)) for number in (1, 2, 3)]
        await relay.run_once()
        await repair_hints(ports)
    finally:
        redis_server.restart()
        # What the pool still holds is dead, and would cost a later test its first hint.
        await ports.redis.connection_pool.disconnect()
    assert [task.pre_review_id for task in claimed] == ["papers-1", "papers-2", "papers-3"]
    for number, task in enumerate(claimed, start=1):
        await finish(task, 1, clerk(number))
    assert {row.state for row in await ReviewTask.all()} == {DONE}
    assert await OutboxRow.filter(blocked_at__isnull=False).count() == 0


async def test_a_flushed_redis_is_rebuilt_and_the_difference_is_named(
    enqueue, claim, relay, ports, redis_server
):
    tasks = [await enqueue(number) for number in (1, 2)]
    await relay.run_once()
    assert (await rebuild(ports.redis, check_only=True)).count == 0
    redis_server.flush()
    await ports.redis.zadd(hints.queue_key(BRANCH), {"ghost": 1.0})
    checked = await rebuild(ports.redis, check_only=True)
    assert checked.missing == tuple(sorted((CENTER, task.id) for task in tasks))
    assert checked.stale == ((BRANCH, "ghost"),)
    assert checked.backlogs == ((CENTER, 0, 14),)
    assert await rebuild(ports.redis, check_only=False) == checked
    assert (await rebuild(ports.redis, check_only=True)).count == 0
    assert (await claim(clerk(1))).pre_review_id == "papers-1"


async def test_hints_of_what_is_no_longer_there_mislead_nobody(enqueue, claim, ports):
    await enqueue(1)
    stale = {f"ghost-{number}": float(number) for number in range(20)}
    await ports.redis.zadd(hints.queue_key(CENTER), stale)
    assert (await claim(clerk(1))).pre_review_id == "papers-1"
