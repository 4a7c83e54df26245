"""What comes in and goes out about ratings."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from models.ratings import Rating
from server.kit.http.schemas import Code, Incoming, Outgoing, Prose
from server.kit.messages import text
from server.ratings.rules import REASON_CODES, Summary
from server.ratings.service import Opinion

MOST_REASONS = 8
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[1-5][0-9]{2}$")]


class RatingIn(Incoming):
    """From 5 (非常满意) to 1 (非常不满意), with reasons of that score, all optional."""

    score: Annotated[int, Field(ge=1, le=5)]
    reason_codes: Annotated[list[ReasonCode], Field(default_factory=list, max_length=MOST_REASONS)]
    comment: Prose | None = None

    def as_opinion(self) -> Opinion:
        """Return what was said."""
        return Opinion(self.score, tuple(self.reason_codes), self.comment)


class RatingOut(Outgoing):
    """A rating as the person who gave it sees it; `call_back_by` where somebody will call."""

    score: int
    score_name: str
    reason_codes: list[str]
    comment: str | None
    call_back_by: datetime | None
    rated_at: datetime

    @classmethod
    def of(cls, rating: Rating) -> "RatingOut":
        """Show a rating to its person."""
        return cls(
            score=rating.score,
            score_name=text(f"rating_score_{rating.score}"),
            reason_codes=rating.reason_codes,
            comment=rating.comment,
            call_back_by=rating.call_back_by,
            rated_at=rating.rated_at,
        )


class SummaryQuery(Incoming):
    """Whose ratings; without a point, those of the whole district."""

    point_code: Code | None = None


class SummaryOut(Outgoing):
    """Published figures; `counts` by score, shares from 0 to 1, None without ratings."""

    point_code: str | None
    ratings: int
    counts: dict[int, int]
    mean_score: float | None
    satisfied_share: float | None

    @classmethod
    def of(cls, summary: Summary, *, point_code: str | None) -> "SummaryOut":
        """Show what the ratings of a point add up to."""
        return cls(
            point_code=point_code,
            ratings=summary.total,
            counts=dict(summary.counts),
            mean_score=summary.mean_score,
            satisfied_share=summary.satisfied_share,
        )


class ReasonOut(Outgoing):
    """A national indicator."""

    code: str
    name: str


class ScoreOut(Outgoing):
    """A score and the reasons that may be given for it."""

    score: int
    name: str
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, score: int) -> "ScoreOut":
        """Show one score."""
        reasons = [
            ReasonOut(code=code, name=text(f"rating_{code}")) for code in REASON_CODES[score]
        ]
        return cls(score=score, name=text(f"rating_score_{score}"), reasons=reasons)


class ScoresOut(Outgoing):
    """All there is to choose from, best first."""

    items: list[ScoreOut]
