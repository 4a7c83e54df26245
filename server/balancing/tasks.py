"""What keeps Redis a faithful hint of the review queues."""

import structlog

from server.balancing import hints
from server.balancing.events import PointCameBack, PointWentDark
from server.balancing.presence import dark_points, find_silent, take_out
from server.balancing.rebuild import rebuild
from server.balancing.reviews import drain
from server.kit.errors import ChangedMeanwhile
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.redis import RedisError
from server.kit.transaction import in_transaction

log = structlog.get_logger(__name__)


async def mirror_presence(event: PointWentDark | PointCameBack, ports: Ports) -> None:
    """Make Redis say whether a point gets work, as the database says now."""
    code = event.aggregate_id
    await hints.set_dark(ports.redis, code, is_dark=bool(await dark_points([code])))


async def repair_hints(ports: Ports) -> None:
    """Correct what Redis forgot or missed."""
    try:
        found = await rebuild(ports.redis, now=ports.now(), check_only=False)
    except RedisError as error:
        log.warning("review_hint_unavailable", reason=type(error).__name__)
        return
    if found:
        log.info("review_hints_repaired", differences=len(found))


async def take_out_silent_points(ports: Ports) -> None:
    """Let points go dark that are open and not heard any more."""
    now = ports.now()
    for point in await find_silent(now=now, settings=ports.settings):
        try:
            await in_transaction(lambda point=point: take_out(point, now=now))  # type: ignore[misc]
        except ChangedMeanwhile:
            log.info("point_heard_meanwhile", point=point.id)


async def drain_dark_points(ports: Ports) -> None:
    """Hand the reviews that wait at dark points to others."""
    now, dark = ports.now(), sorted(await dark_points())
    while dark and (moved := await in_transaction(lambda: drain(dark, now=now, redis=ports.redis))):
        log.info("reviews_handed_over", count=moved)


JOBS = (
    Job(name="repair_review_hints", every_s=60, run=repair_hints),
    Job(name="take_out_silent_points", every_s=15, run=take_out_silent_points),
    Job(name="drain_dark_points", every_s=5, run=drain_dark_points),
)
CONSUMERS = (
    Consumer("balancing.dark", PointWentDark, mirror_presence, is_remote=True),
    Consumer("balancing.back", PointCameBack, mirror_presence, is_remote=True),
)
