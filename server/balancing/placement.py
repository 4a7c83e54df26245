"""Where a review waits: at the best of a few points, by Redis or else by the database."""

from collections.abc import Sequence
from datetime import datetime

from server.balancing import hints, repository
from server.balancing.errors import NobodyReviews
from server.balancing.hints import Placed, Wanted
from server.balancing.presence import dark_points
from server.balancing.review_rules import ReviewBacklog, choose_point, share_ms
from server.balancing.roster import Roster, reviewing_points
from server.kit.redis import Redis

SAMPLED = 3
"""Two choices already even out nearly all; the cost does not grow with the number of points."""


async def place_review(wanted: Wanted, *, now: datetime, redis: Redis) -> Placed:
    """Choose the point and the place in its queue, and let Redis know.

    The wished point if it is done in time there, else the least expected completion of the sampled.
    Raises `NobodyReviews` if no point that is open and there reviews the item, or `UnknownItem`.
    """
    roster = await reviewing_points(wanted.item_code)
    sampled = roster.sample(SAMPLED, wish=wanted.wish)
    candidates = [(code, roster.reviewers[code]) for code in sampled]
    if candidates and (placed := await hints.place(redis, wanted, candidates, now=now)):
        return placed
    return await _place_by_database(wanted, roster.without(await dark_points()), now)


async def _place_by_database(wanted: Wanted, roster: Roster, now: datetime) -> Placed:
    sampled = roster.sample(SAMPLED, wish=wanted.wish)
    if not sampled:
        raise NobodyReviews
    backlogs = await _backlogs(sampled, roster, now)
    point = choose_point(backlogs, wish=wanted.wish, minutes=wanted.minutes)
    if wanted.is_fixed:
        return Placed(point, wanted.base_rank_ms)
    owed = await repository.open_minutes_of_item(point, wanted.item_code)
    return Placed(point, wanted.base_rank_ms + share_ms(owed))


async def _backlogs(
    point_codes: Sequence[str], roster: Roster, now: datetime
) -> list[ReviewBacklog]:
    minutes = await repository.backlog_minutes(point_codes)
    on_duty = await repository.count_on_duty(point_codes, since=now - hints.ON_DUTY_FOR)
    return [
        ReviewBacklog(code, minutes.get(code, 0), on_duty.get(code) or roster.reviewers[code])
        for code in point_codes
    ]
