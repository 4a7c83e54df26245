"""What happens to pre-reviews by itself: silent reviewers lose them, untouched ones lapse."""

import structlog

from server.balancing.reviews import find_lapsed
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from server.prereview.repository import find_untouched
from server.prereview.reviewing import lapse, return_lapsed
from server.prereview.rules import UNTOUCHED_FOR

AT_ONCE = 200

log = structlog.get_logger(__name__)


async def return_lapsed_reviews(ports: Ports) -> None:
    """Put papers whose reviewers fell silent back into the queue, in front."""
    now, redis = ports.now(), ports.redis
    for task in await find_lapsed(now=now):
        try:
            await in_transaction(
                lambda task_id=task.id: return_lapsed(task_id, now=now, redis=redis)  # type: ignore[misc]
            )
        except ChangedMeanwhile:
            log.info("review_went_on_meanwhile", task=task.id)


async def lapse_untouched(ports: Ports) -> None:
    """End papers that their owners left lying."""
    now = ports.now()
    for untouched in await find_untouched(before=now - UNTOUCHED_FOR, limit=AT_ONCE):
        try:
            await in_transaction(lambda row=untouched: lapse(row, now=now))  # type: ignore[misc]
        except (ChangedMeanwhile, WrongState):
            log.info("pre_review_touched_meanwhile", pre_review=untouched.id)


JOBS = (
    Job(name="return_lapsed_reviews", every_s=10, run=return_lapsed_reviews),
    Job(name="lapse_pre_reviews", every_s=3600, run=lapse_untouched),
)
CONSUMERS: tuple[Consumer, ...] = ()
