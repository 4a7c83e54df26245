"""不予受理: with a reason, in writing."""

from datetime import datetime

from models.cases import Case
from models.states import CaseState
from server.cases.notices import tell_citizen
from server.kit.access import Actor
from server.kit.states import advance


async def refuse_case(case: Case, *, reason: str, actor: Actor, now: datetime) -> None:
    """Do not accept a received case."""
    await advance(
        case,
        CaseState.NOT_ACCEPTED,
        actor=actor,
        now=now,
        reason=reason,
        closed_at=now,
        decision_note=reason,
    )
    await tell_citizen(case, "case_not_accepted", now=now, reason=reason)
