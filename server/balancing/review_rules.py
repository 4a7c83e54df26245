"""What balancing decides for reviews: where they are done soonest, and what comes first there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

IN_TIME_MINUTES = 420
"""One working day at a point: at least seven hours."""
HEAD_START = timedelta(hours=2)
"""By so much an elder's papers are looked at as if they were due earlier: less than the time from
one deadline to the next, so that what is overdue stays in front."""
MOST_SHARE = timedelta(hours=4)
"""So far an item that floods a point steps back behind others of the same deadline."""
HALF_LIFE_DAYS = 14
PRIOR_REVIEWS = 5.0
"""The plan of an item counts as so many reviews: one that is rarely seen stays near its plan."""
LONGEST_REVIEW_MINUTES = 60.0
"""Whoever takes longer was called away; it says little of the item."""


@dataclass(frozen=True, slots=True)
class ReviewBacklog:
    """The reviews that a point still owes, in minutes of work, and who shares them."""

    point_code: str
    minutes: int
    reviewers: int

    def completion_minutes(self, more_minutes: int) -> float:
        """Return the working minutes until `more_minutes` of new work would be done here."""
        return (self.minutes + more_minutes) / max(1, self.reviewers)


def choose_point(candidates: Sequence[ReviewBacklog], *, wish: str | None, minutes: int) -> str:
    """Choose where a review of `minutes` goes: the wished point while it is done in time there.

    Otherwise to the least expected completion of the candidates, of which there is at least one.
    """
    for one in candidates:
        if one.point_code == wish and one.completion_minutes(minutes) <= IN_TIME_MINUTES:
            return one.point_code
    return min(
        candidates, key=lambda one: (one.completion_minutes(minutes), one.point_code)
    ).point_code


def base_rank_ms(due_at: datetime, *, is_elder: bool) -> int:
    """Return the place that a deadline and a person's priority give, before fairness."""
    return as_ms(due_at - HEAD_START if is_elder else due_at)


def share_ms(open_minutes: int) -> int:
    """Return how far a review steps back for what a point owes of the same item already."""
    return min(open_minutes, MOST_SHARE // timedelta(minutes=1)) * 60_000


def as_ms(moment: datetime) -> int:
    """Return an instant as milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many reviews of an item are remembered, and their minutes; both fade with time."""

    reviews: float
    minutes: float
    learned_on: date

    def learn(self, minutes: float, today: date) -> "Pace":
        """Remember one more review."""
        kept = self._kept(today)
        seen = min(minutes, LONGEST_REVIEW_MINUTES)
        return Pace(self.reviews * kept + 1, self.minutes * kept + seen, today)

    def expect(self, planned_minutes: int, today: date) -> int:
        """Return the whole minutes that a review planned for so many will take, at least one."""
        kept = self._kept(today)
        total = PRIOR_REVIEWS * planned_minutes + self.minutes * kept
        return max(1, round(total / (PRIOR_REVIEWS + self.reviews * kept)))

    def _kept(self, today: date) -> float:
        days = max(0, (today - self.learned_on).days)
        return float(0.5 ** (days / HALF_LIFE_DAYS))
