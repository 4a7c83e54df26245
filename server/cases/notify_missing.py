"""一次性告知 and 补正: everything that is missing is told once; then the papers come in again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.cases import Case
from models.prereview import Finding, OneTimeNotice
from models.states import CaseState
from server.cases.errors import AlreadyNotified, NothingMissing
from server.cases.notices import tell_citizen
from server.cases.rules import answer_by, is_complete_notice
from server.catalog.service import get_item_version, materials_of, working_calendar
from server.kit.access import Actor
from server.kit.states import advance
from server.prereview.service import notices_of, tell_missing

SUBJECT = "case"


@dataclass(frozen=True, slots=True)
class Missing:
    """One material that is missing or wrong, and how to mend it."""

    seq: int
    reason: str
    advice: str


async def notify_missing(
    case: Case, missing: Sequence[Missing], *, repeat_reason: str, actor: Actor, now: datetime
) -> None:
    """Tell the applicant everything that is missing; a second time needs a stated reason."""
    item = await get_item_version(case.item_code, case.item_version)
    asked = [material.seq for material in await materials_of(item)]
    if not is_complete_notice([one.seq for one in missing], asked):
        raise NothingMissing
    told = await notices_of(SUBJECT, case.id)
    if told and not repeat_reason:
        raise AlreadyNotified
    await advance(case, CaseState.SUPPLEMENT_ASKED, actor=actor, now=now, reason=repeat_reason)
    notice = OneTimeNotice(
        subject=SUBJECT,
        subject_id=case.id,
        round_no=len(told) + 1,
        told_by=actor.name,
        point_code=case.point_code,
        repeat_reason=repeat_reason,
        told_at=now,
    )
    findings = [Finding(seq=one.seq, reason=one.reason, advice=one.advice) for one in missing]
    await tell_missing(notice, findings)
    await tell_citizen(case, "case_missing", now=now, count=str(len(missing)))


async def supplement_case(case: Case, *, actor: Actor, now: datetime) -> None:
    """Take what was missing; the five days begin anew."""
    calendar = await working_calendar()
    await advance(
        case, CaseState.RECEIVED, actor=actor, now=now, answer_by=answer_by(now, calendar)
    )
