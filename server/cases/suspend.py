"""中止与恢复计时: only for reasons that the law knows, told in writing."""

from datetime import datetime

from models.cases import Case, ClockSegment
from models.states import CaseState
from server.cases.clock import due_columns
from server.cases.notices import tell_citizen
from server.cases.rules import SuspensionReason
from server.catalog.rules import local_day
from server.kit.access import Actor
from server.kit.messages import text
from server.kit.states import advance


async def suspend_case(
    case: Case, *, reason: SuspensionReason, note: str, actor: Actor, now: datetime
) -> None:
    """Stop the clock from today."""
    why = text(f"suspension_{reason}")
    await advance(case, CaseState.SUSPENDED, actor=actor, now=now, reason=why)
    await ClockSegment.create(
        case_id=case.id, reason=reason, note=note, suspended_on=local_day(now)
    )
    await tell_citizen(case, "case_suspended", now=now, reason=why)


async def resume_case(case: Case, *, actor: Actor, now: datetime) -> None:
    """Let the clock run again from today, the lost days added."""
    await end_suspension(case, now=now)
    due = await due_columns(case, case.accepted_at or now)
    await advance(case, CaseState.IN_PROGRESS, actor=actor, now=now, **due)
    await tell_citizen(
        case, "case_resumed", now=now, due_on=local_day(due["promised_due_at"]).isoformat()
    )


async def end_suspension(case: Case, *, now: datetime) -> None:
    """Note that the clock stood until today; nothing if it runs."""
    await ClockSegment.filter(case_id=case.id, resumed_on=None).update(resumed_on=local_day(now))
