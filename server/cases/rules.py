"""Who decides, what the clock says: values in, decisions out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from models.kinds import AuthorityLevel, ItemKind, PointLevel, TransferKind, TransferWay
from server.catalog.rules import WorkingCalendar, closing_instant, local_day

ANSWER_WITHIN_DAYS = 5
"""行政许可法 第三十二条: what is missing is told in five days, or the case counts as accepted."""

HOME_DISTRICT, HOME_CITY = "350102", "350100"

_OWN_AUTHORITY = {
    PointLevel.COMMUNITY: AuthorityLevel.COMMUNITY,
    PointLevel.STREET: AuthorityLevel.STREET,
    PointLevel.CENTER: AuthorityLevel.DISTRICT,
    PointLevel.BRANCH: AuthorityLevel.DISTRICT,
}


class SuspensionReason(StrEnum):
    """行政许可法 第四十五条: what takes time that is not counted; told in writing."""

    HEARING = "hearing"
    TEST = "test"
    APPRAISAL = "appraisal"
    PUBLIC_NOTICE = "public_notice"
    EXPERT_REVIEW = "expert_review"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in which the clock stands: from `suspended_on` to the day before `resumed_on`."""

    suspended_on: date
    resumed_on: date


def is_decided_at(level: PointLevel, decided_at: AuthorityLevel) -> bool:
    """Tell whether a point of this level closes the matter itself (直接办结)."""
    return _OWN_AUTHORITY[level] is decided_at


def transfer_kind(district_code: str) -> TransferKind:
    """Return what a transfer to a department of this district is: up, or across."""
    is_own = district_code in {HOME_DISTRICT, HOME_CITY}
    return TransferKind.CROSS_LEVEL if is_own else TransferKind.CROSS_DISTRICT


def may_travel(kind: ItemKind, way: TransferWay) -> bool:
    """Tell whether materials of such an item may go this way; an instant one never by mail."""
    return kind is not ItemKind.INSTANT or way is TransferWay.DIGITAL


def answer_by(received_at: datetime, calendar: WorkingCalendar) -> datetime:
    """Return when a received case counts as accepted if nothing was said until then."""
    return closing_instant(calendar.add_working_days(local_day(received_at), ANSWER_WITHIN_DAYS))


def due_at(
    start_at: datetime,
    working_days: int,
    segments: Iterable[Segment],
    calendar: WorkingCalendar,
) -> datetime:
    """Return when `working_days` that began with the working day after `start_at` are over.

    Days within `segments` do not count. Ends at closing time of the last day.
    """
    suspended = sorted(segments, key=lambda segment: segment.suspended_on)
    last_day = calendar.add_working_days(local_day(start_at), working_days)
    for segment in _merged(suspended):
        last_day = _put_off(last_day, segment, local_day(start_at), calendar)
    return closing_instant(last_day)


def _put_off(last_day: date, segment: Segment, started_on: date, calendar: WorkingCalendar) -> date:
    first = max(segment.suspended_on, started_on + timedelta(days=1))
    if first > last_day or segment.resumed_on <= first:
        return last_day
    day_before = first - timedelta(days=1)
    lost = calendar.working_days_between(day_before, segment.resumed_on - timedelta(days=1))
    return calendar.add_working_days(last_day, lost) if lost else last_day


def _merged(segments: Sequence[Segment]) -> list[Segment]:
    merged: list[Segment] = []
    for segment in segments:
        if merged and segment.suspended_on <= merged[-1].resumed_on:
            latest = max(merged[-1].resumed_on, segment.resumed_on)
            merged[-1] = Segment(merged[-1].suspended_on, latest)
        else:
            merged.append(segment)
    return merged


def case_number(point_code: str, day: date, number: int) -> str:
    """Return the number a case is known by: point, day of receipt, serial of that day."""
    return f"{point_code}-{day:%Y%m%d}-{number:04d}"


def is_complete_notice(told: Sequence[int], asked: Iterable[int]) -> bool:
    """Tell whether a notice names materials of the item, at least one, each once."""
    return bool(told) and len(set(told)) == len(told) and set(told) <= set(asked)
