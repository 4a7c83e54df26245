"""Reviews that are queued, claimed and finished as the services do it."""

from datetime import timedelta

import pytest

from server.balancing import hints, reviews
from server.balancing.reviews import ReviewRequest
from server.balancing.tasks import repair_hints
from server.kit.access import ENGINE
from server.kit.transaction import in_transaction
from tests.support.papers import CENTER, ITEM


@pytest.fixture
async def known_points(ports):
    """Redis knows every point."""
    hints.trust_again()
    await repair_hints(ports)


@pytest.fixture
def enqueue(ports):
    """Queues a review named by a number, due that many hours from now."""

    async def put(number, *, wish=CENTER, minutes=7, item_code=ITEM, due_in_h=None, is_elder=False):
        request = ReviewRequest(
            pre_review_id=f"papers-{number}",
            round_no=1,
            item_code=item_code,
            wished_point_code=wish,
            due_at=ports.now() + timedelta(hours=due_in_h or number),
            minutes=minutes,
            is_elder=is_elder,
        )
        return await in_transaction(
            lambda: reviews.enqueue(request, actor=ENGINE, now=ports.now(), redis=ports.redis)
        )

    return put


@pytest.fixture
def claim(ports):
    """Gives a reviewer what is next at their point."""

    async def take(reviewer):
        return await in_transaction(
            lambda: reviews.claim_next(reviewer.point_code, reviewer, now=ports.now(), ports=ports)
        )

    return take


@pytest.fixture
def finish(ports):
    """Ends a review under a fence."""

    async def end(task, fence, reviewer):
        return await in_transaction(
            lambda: reviews.finish(
                task.pre_review_id,
                fence=fence,
                reviewer=reviewer,
                now=ports.now(),
                redis=ports.redis,
            )
        )

    return end
