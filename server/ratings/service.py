"""Rating a case, and what the ratings add up to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tortoise.exceptions import IntegrityError

from models.cases import Case
from models.ratings import Rating
from server.catalog.service import get_point, working_calendar
from server.ratings import repository
from server.ratings.errors import AlreadyRated, NotRated, NotYetRateable, ReasonsMismatch
from server.ratings.rules import RATEABLE, SCORES, Summary, call_back_by, wrong_reasons


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a person says: a score from 1 to 5, national reason codes, words of his own."""

    score: int
    reason_codes: Sequence[str] = ()
    comment: str | None = field(default=None, repr=False)


async def rate(case: Case, opinion: Opinion, *, now: datetime) -> Rating:
    """Keep a person's opinion of his case, once.

    Raises `NotYetRateable`, `AlreadyRated`, or `ReasonsMismatch` where a reason is not one of the
    score or stands twice.
    """
    if case.state not in RATEABLE:
        raise NotYetRateable
    _check_reasons(opinion)
    try:
        return await _keep(case, opinion, now=now)
    except IntegrityError:
        raise AlreadyRated from None


async def get_rating(case: Case) -> Rating:
    """Return the rating of a case; raise `NotRated`."""
    rating = await repository.find_rating(case.id)
    if rating is None:
        raise NotRated
    return rating


async def summarise(point_code: str | None) -> Summary:
    """Return what the ratings of a point, or of all, add up to; raise `UnknownPoint`."""
    if point_code is not None:
        await get_point(point_code)
    counts = await repository.count_scores(point_code)
    return Summary({score: counts.get(score, 0) for score in SCORES})


def _check_reasons(opinion: Opinion) -> None:
    wrong = wrong_reasons(opinion.score, opinion.reason_codes)
    if wrong or len(set(opinion.reason_codes)) != len(opinion.reason_codes):
        raise ReasonsMismatch(reason_codes=wrong)


async def _keep(case: Case, opinion: Opinion, *, now: datetime) -> Rating:
    calendar = await working_calendar()
    return await Rating.create(
        case_id=case.id,
        person_id=case.person_id,
        point_code=case.point_code,
        item_code=case.item_code,
        score=opinion.score,
        reason_codes=list(opinion.reason_codes),
        comment=opinion.comment,
        call_back_by=call_back_by(opinion.score, now=now, calendar=calendar),
        rated_at=now,
    )
