"""退回: the department does not take a case over, and says why."""

from datetime import datetime

from models.cases import Case, Transfer
from models.states import TransferState
from server.cases.notices import tell_citizen
from server.kit.access import Actor
from server.kit.states import advance


async def hand_back_case(
    case: Case, transfer: Transfer, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Return a transfer; the case stays with the point, which follows up."""
    await advance(transfer, TransferState.RETURNED, actor=actor, now=now, reason=reason, open=None)
    await tell_citizen(case, "case_handed_back", now=now, reason=reason)
