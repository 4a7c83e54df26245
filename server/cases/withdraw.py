"""撤回: at the applicant's wish."""

from datetime import datetime

from models.cases import Case
from models.states import CaseState
from server.cases.notices import tell_citizen
from server.cases.recall import recall_open_transfer
from server.cases.suspend import end_suspension
from server.kit.access import Actor
from server.kit.states import advance


async def withdraw_case(case: Case, *, reason: str, actor: Actor, now: datetime) -> None:
    """End a case that is not decided yet; what is on its way is called back."""
    await advance(case, CaseState.WITHDRAWN, actor=actor, now=now, reason=reason, closed_at=now)
    await end_suspension(case, now=now)
    await recall_open_transfer(case, reason=reason, actor=actor, now=now)
    await tell_citizen(case, "case_withdrawn", now=now)
