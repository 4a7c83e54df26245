"""Work is queued where it is done soonest, what is due first before the rest, and Redis agrees."""

import pytest

from models.balancing import ReviewPace
from models.prereview import ReviewTask
from models.states import ReviewTaskState
from server.balancing import hints, reviews
from server.balancing import rebuild as rebuilding
from server.balancing.errors import NobodyReviews
from server.balancing.rebuild import rebuild
from server.balancing.review_rules import as_ms
from server.catalog.service import forget_caches, get_point
from server.kit.access import ENGINE
from server.kit.transaction import in_transaction
from tests.server.balancing.reviewing import differences, give_back_lapsed
from tests.support.papers import BRANCH, CENTER, ITEM, clerk

QUEUED, CLAIMED, DONE = ReviewTaskState.QUEUED, ReviewTaskState.CLAIMED, ReviewTaskState.DONE

pytestmark = pytest.mark.usefixtures("known_points")


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
    await ports.redis.zadd(hints.MINUTES, {CENTER: 12 * 421, BRANCH: 0})
    assert (await enqueue(1, wish=CENTER)).point_code == BRANCH
    await ports.redis.zrem(hints.MINUTES, BRANCH)
    assert (await enqueue(2, wish=CENTER)).point_code == CENTER


async def test_whoever_is_on_duty_shares_the_work_of_a_point(enqueue, claim, clock):
    await enqueue(1, wish=BRANCH, minutes=400)
    await claim(clerk(1, BRANCH))
    assert (await enqueue(2, wish=BRANCH, minutes=21)).point_code == CENTER
    clock.advance(minutes=31)
    assert (await enqueue(3, wish=BRANCH, minutes=21)).point_code == BRANCH


async def test_two_on_duty_are_counted_without_redis_as_with_it(enqueue, claim, redis_server):
    for number, minutes in enumerate((300, 300, 239), start=1):
        await enqueue(number, wish=BRANCH, minutes=minutes)
    for number in (1, 2):
        await claim(clerk(number, BRANCH))
    assert (await enqueue(4, wish=BRANCH, minutes=1)).point_code == BRANCH
    redis_server.flush()
    assert (await enqueue(5, wish=BRANCH, minutes=1)).point_code == CENTER


async def test_an_elder_comes_before_others_of_the_same_deadline(enqueue, claim):
    await enqueue(1, due_in_h=8)
    await enqueue(2, due_in_h=8, is_elder=True)
    await enqueue(3, due_in_h=5)
    claimed = [await claim(clerk()) for _ in range(3)]
    assert [one.pre_review_id for one in claimed] == ["papers-3", "papers-2", "papers-1"]


@pytest.mark.parametrize("are_hints_there", [True, False])
async def test_an_item_that_floods_a_point_lets_others_of_its_deadline_pass(
    enqueue, claim, redis_server, are_hints_there
):
    for number in range(1, 4):
        if not are_hints_there:
            redis_server.flush()
        await enqueue(number, due_in_h=8)
    if not are_hints_there:
        redis_server.flush()
    await enqueue(4, due_in_h=8, item_code="GL0012")
    claimed = [await claim(clerk()) for _ in range(4)]
    assert [one.pre_review_id for one in claimed] == [
        "papers-1",
        "papers-4",
        "papers-2",
        "papers-3",
    ]


async def test_reviews_take_as_long_as_those_before_them_took(enqueue, claim, finish, clock):
    assert (await enqueue(1)).minutes == 7
    for number in range(2, 7):
        task = await claim(clerk())
        clock.advance(minutes=17)
        await finish(task, 1, clerk())
        forget_caches()
        last = await enqueue(number)
    assert last.minutes == 12
    pace = await ReviewPace.get(id=ITEM)
    assert (pace.reviews, pace.minutes) == (5, 85)


async def test_what_is_due_first_is_claimed_first(enqueue, claim):
    for number in (3, 1, 2):
        await enqueue(number)
    claimed = [await claim(clerk(1)) for _ in range(3)]
    assert [task.pre_review_id for task in claimed] == ["papers-1", "papers-2", "papers-3"]
    assert await claim(clerk(1)) is None


async def test_a_flushed_redis_is_rebuilt_and_the_difference_is_named(
    enqueue, claim, ports, redis_server
):
    first, second = [await enqueue(number, item_code="GL0012") for number in (1, 2)]
    await claim(clerk())
    assert await differences(ports) == []
    redis_server.flush()
    await ports.redis.zadd(hints.queue_key(BRANCH), {"ghost": 1})
    await ports.redis.sadd(hints.DARK, BRANCH)
    told = [
        f"dark of {BRANCH}: 1 in Redis, nothing in the database",
        f"duty of {CENTER}, {clerk().id}: nothing in Redis, {as_ms(ports.now())} in the database",
        f"items of {CENTER}, GL0012: nothing in Redis, 14 in the database",
        f"minutes of {CENTER}: nothing in Redis, 14 in the database",
        *sorted(
            f"open of {CENTER}, {one.id}: nothing in Redis, 7:GL0012 in the database"
            for one in (first, second)
        ),
        f"queue of {BRANCH}, ghost: 1 in Redis, nothing in the database",
        f"queue of {CENTER}, {second.id}: nothing in Redis, {second.rank_ms} in the database",
    ]
    assert await differences(ports) == told
    corrected = await rebuild(ports.redis, now=ports.now(), check_only=False)
    assert [str(one) for one in corrected] == told
    assert await differences(ports) == []
    assert (await claim(clerk())).id == second.id


async def test_every_end_of_a_review_leaves_redis_as_the_database(
    enqueue, claim, finish, clock, ports
):
    for number in range(1, 5):
        await enqueue(number)
    done, released, lapsed = [await claim(clerk(number)) for number in (1, 2, 3)]
    await finish(done, 1, clerk(1))
    await in_transaction(
        lambda: reviews.release(
            released.pre_review_id, fence=1, reviewer=clerk(2), now=ports.now(), redis=ports.redis
        )
    )
    await in_transaction(
        lambda: reviews.drop("papers-4", actor=ENGINE, now=ports.now(), redis=ports.redis)
    )
    clock.advance(seconds=ports.settings.review_lease_s + 1)
    await give_back_lapsed(ports)
    assert await differences(ports) == []
    states = {row.pre_review_id: row.state for row in await ReviewTask.all()}
    assert states == {
        done.pre_review_id: DONE,
        released.pre_review_id: QUEUED,
        lapsed.pre_review_id: QUEUED,
        "papers-4": DONE,
    }


async def test_a_repair_leaves_alone_what_merely_moves(enqueue, ports, monkeypatch):
    """Between the two looks of a repair the review is queued: Redis and database are one again."""
    looks = []

    async def look_and_move(redis, points, now):
        found = await look(redis, points, now)
        looks.append(found)
        if len(looks) == 1:
            await ports.redis.zrem(hints.queue_key(CENTER), "moving")
        return found

    look = rebuilding._look
    monkeypatch.setattr(rebuilding, "_look", look_and_move)
    await enqueue(1)
    await ports.redis.zadd(hints.queue_key(CENTER), {"moving": 1})
    assert await rebuild(ports.redis, now=ports.now(), check_only=False) == []
    assert [len(found) for found in looks] == [1, 0]


async def test_hints_of_what_is_no_longer_there_mislead_nobody(enqueue, claim, ports):
    await enqueue(1)
    stale = {f"ghost-{number}": float(number) for number in range(20)}
    await ports.redis.zadd(hints.queue_key(CENTER), stale)
    assert (await claim(clerk(1))).pre_review_id == "papers-1"
