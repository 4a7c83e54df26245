"""决定: by whoever holds the case and has the authority."""

from datetime import datetime

from models.cases import Case
from models.kinds import HolderKind, Outcome
from models.states import CaseState
from server.cases.accept import is_decided_here
from server.cases.errors import DecidedElsewhere
from server.cases.notices import tell_citizen
from server.kit.access import Actor
from server.kit.messages import text
from server.kit.states import advance

_STATES = {Outcome.APPROVED: CaseState.APPROVED, Outcome.REJECTED: CaseState.REJECTED}


async def decide_case(
    case: Case, outcome: Outcome, *, note: str, actor: Actor, now: datetime
) -> None:
    """Approve or reject a case in progress; a point decides only what is its own to decide."""
    if case.holder_kind is HolderKind.POINT and not await is_decided_here(case):
        raise DecidedElsewhere
    state = _STATES[outcome]
    await advance(
        case,
        state,
        actor=actor,
        now=now,
        reason=note,
        outcome=outcome,
        decision_note=note,
        decided_at=now,
    )
    await tell_citizen(case, "case_decided", now=now, outcome=text(f"case_state_{state}"))
