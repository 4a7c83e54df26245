"""What pre-review decides: what is missing, which returns are complete, until when."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.states import AttachmentState, PreReviewState
from server.catalog.rules import WorkingCalendar, closing_instant, local_day

EDITABLE = frozenset({PreReviewState.DRAFT, PreReviewState.RETURNED})
UNTOUCHED_FOR = timedelta(days=30)
"""After that a draft or a returned one lapses."""
REVIEW_WORKING_DAYS = 1
BASE_MINUTES = 3
MINUTES_A_MATERIAL = 2


class FindingReason(StrEnum):
    """A reviewer's verdict on one material."""

    IN_ORDER = "in_order"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"
    WRONG_DOCUMENT = "wrong_document"
    EXPIRED = "expired"
    INCONSISTENT = "inconsistent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One uploaded material: since when it is there as it is, and how far its file is."""

    uploaded_at: datetime
    state: AttachmentState


@dataclass(frozen=True, slots=True)
class Told:
    """The last notice: when, and what was wrong with which materials."""

    told_at: datetime
    reasons: Mapping[int, FindingReason]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Numbers of the materials that keep papers from being submitted."""

    missing: tuple[int, ...]
    unchecked: tuple[int, ...]
    not_mended: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unchecked or self.not_mended)


def review_due_at(now: datetime, calendar: WorkingCalendar) -> datetime:
    """Return until when papers submitted at `now` are to be looked at."""
    return closing_instant(calendar.add_working_days(local_day(now), REVIEW_WORKING_DAYS))


def estimate_minutes(materials: int) -> int:
    """Return the minutes that it takes to look at so many materials."""
    return BASE_MINUTES + MINUTES_A_MATERIAL * materials


def find_gaps(
    required: Collection[int], handed_in: Mapping[int, HandedIn], *, told: Told | None
) -> Gaps:
    """Find everything that is still needed before papers can be submitted (again)."""
    refused = {
        seq
        for seq, file in handed_in.items()
        if file.state in (AttachmentState.REFUSED, AttachmentState.DELETED)
    }
    missing = refused | (set(required) - handed_in.keys())
    unchecked = {
        seq for seq, file in handed_in.items() if file.state is AttachmentState.QUARANTINED
    }
    not_mended = set() if told is None else _find_not_mended(handed_in, told)
    return Gaps(*(tuple(sorted(seqs)) for seqs in (missing, unchecked, not_mended - missing)))


def _find_not_mended(handed_in: Mapping[int, HandedIn], told: Told) -> set[int]:
    unchanged = {seq for seq in told.reasons if _is_unchanged(seq, handed_in, told)}
    # A wrong paper that nobody needs is mended by taking it back.
    taken_back = {
        seq
        for seq in unchanged - handed_in.keys()
        if told.reasons[seq] is not FindingReason.MISSING
    }
    return unchanged - taken_back


def find_unjudged(verdicts: Collection[int], handed_in: Collection[int]) -> list[int]:
    """Return the uploaded materials that a return says nothing of."""
    return sorted(set(handed_in) - set(verdicts))


def find_repeated(
    failing: Collection[int], handed_in: Mapping[int, HandedIn], *, told: Told | None
) -> list[int]:
    """Return the failing materials that were there unchanged, unfaulted, the time before."""
    if told is None:
        return []
    new = set(failing) - told.reasons.keys()
    return sorted(seq for seq in new if _is_unchanged(seq, handed_in, told))


def _is_unchanged(seq: int, handed_in: Mapping[int, HandedIn], told: Told) -> bool:
    file = handed_in.get(seq)
    return file is None or file.uploaded_at <= told.told_at
