"""How long reviews take: learned from each one that is finished, fading with time."""

from datetime import date, timedelta

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from models.balancing import ReviewPace
from server.balancing.review_rules import LONGEST_REVIEW_MINUTES, Pace
from server.catalog.service import remembered

KEPT_S = 60.0
TRIES = 3

log = structlog.get_logger(__name__)


async def expect_minutes(item_code: str, planned_minutes: int, *, today: date) -> int:
    """Return the minutes that a review of an item will take, by what was learned a minute ago."""
    paces = await remembered("review_paces", _read, for_s=KEPT_S)
    pace = paces.get(item_code)
    return planned_minutes if pace is None else pace.expect(planned_minutes, today)


async def learn(item_code: str, took: timedelta, *, today: date) -> None:
    """Remember how long a review of an item took.

    Where many finish reviews of one item at the same instant, some of them teach nothing.
    """
    minutes = min(took / timedelta(minutes=1), LONGEST_REVIEW_MINUTES)
    for _ in range(TRIES):
        if await _add(item_code, minutes, today) or await _learn(item_code, minutes, today):
            return
    log.info("review_pace_not_learned", item=item_code)


async def _add(item_code: str, minutes: float, today: date) -> bool:
    """Add to what was learned today already: nothing fades within a day."""
    row = ReviewPace.filter(id=item_code, learned_on=today)
    return bool(await row.update(reviews=F("reviews") + 1, minutes=F("minutes") + minutes))


async def _learn(item_code: str, minutes: float, today: date) -> bool:
    row = await ReviewPace.get_or_none(id=item_code)
    if row is None:
        return await _begin(item_code, Pace(0, 0, today).learn(minutes, today))
    pace = _pace(row).learn(minutes, today)
    unchanged = ReviewPace.filter(id=item_code, learned_on=row.learned_on, reviews=row.reviews)
    return bool(await unchanged.update(**_columns(pace)))


async def _begin(item_code: str, pace: Pace) -> bool:
    try:
        await ReviewPace(id=item_code, **_columns(pace)).save(force_create=True)
    except IntegrityError:
        return False
    return True


async def _read() -> dict[str, Pace]:
    return {row.id: _pace(row) for row in await ReviewPace.all()}


def _pace(row: ReviewPace) -> Pace:
    return Pace(row.reviews, row.minutes, row.learned_on)


def _columns(pace: Pace) -> dict[str, float | date]:
    return {"reviews": pace.reviews, "minutes": pace.minutes, "learned_on": pace.learned_on}
