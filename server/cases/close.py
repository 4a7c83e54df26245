"""办结: the result is with its owner."""

from datetime import datetime

from models.cases import Case
from models.states import CaseState
from server.cases.events import CaseClosed
from server.kit.access import Actor
from server.kit.outbox import emit
from server.kit.states import advance


async def close_case(case: Case, *, reason: str, actor: Actor, now: datetime) -> None:
    """Close an issued case; what is mailed closes when it is delivered."""
    await advance(case, CaseState.CLOSED, actor=actor, now=now, reason=reason, closed_at=now)
    await emit(CaseClosed(aggregate_id=case.id, key="closed"), now=now)
