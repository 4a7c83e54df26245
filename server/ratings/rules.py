"""What may be rated, with which reasons, and by when a bad rating is called back: pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.states import CaseState
from server.catalog.rules import WorkingCalendar, closing_instant, local_day

RATEABLE = frozenset(
    {
        CaseState.NOT_ACCEPTED,
        CaseState.APPROVED,
        CaseState.REJECTED,
        CaseState.ISSUED,
        CaseState.CLOSED,
    }
)
"""The person knows how it went: 一事一评, 国办发〔2019〕51号. A withdrawn case has no outcome."""

SCORES = range(1, 6)
SATISFIED_FROM = 3
"""基本满意 and better."""
CALLED_BACK_UP_TO = 2
"""不满意 and 非常不满意: every one is called back."""
CALL_BACK_DAYS = 5
"""Working days; cities that publish a limit have 5 to 15."""

REASON_CODES: Mapping[int, Sequence[str]] = {
    5: tuple(map(str, range(510, 518))),
    4: tuple(map(str, range(406, 414))),
    3: tuple(map(str, range(307, 315))),
    2: tuple(map(str, range(207, 215))),
    1: tuple(map(str, range(108, 116))),
}
"""The national indicators of each score; their names are texts `rating_<code>`."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How many ratings of each score; the mean and the satisfied share are None without any."""

    counts: Mapping[int, int]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def mean_score(self) -> float | None:
        """The mean, to two places."""
        if not self.total:
            return None
        return round(sum(score * count for score, count in self.counts.items()) / self.total, 2)

    @property
    def satisfied_share(self) -> float | None:
        """The share of those who were at least 基本满意, to four places."""
        if not self.total:
            return None
        satisfied = sum(n for score, n in self.counts.items() if score >= SATISFIED_FROM)
        return round(satisfied / self.total, 4)


def wrong_reasons(score: int, codes: Collection[str]) -> list[str]:
    """Return the codes that do not belong to `score`, each once."""
    return sorted(set(codes) - set(REASON_CODES[score]))


def call_back_by(score: int, *, now: datetime, calendar: WorkingCalendar) -> datetime | None:
    """Return until when whoever gave `score` is called back; None if nobody needs to."""
    if score > CALLED_BACK_UP_TO:
        return None
    return closing_instant(calendar.add_working_days(local_day(now), CALL_BACK_DAYS))
