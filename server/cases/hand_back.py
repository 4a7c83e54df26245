"""退回: the department does not take a case over, and says why."""

from datetime import datetime

from models.cases import Case, Transfer
from models.states import TransferState
from server.cases.notices import tell_citizen
from server.cases.recall import end_transfer
from server.kit.access import Actor


async def hand_back_case(
    case: Case, transfer: Transfer, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Return a transfer; the case stays with the point, which follows up.

    A parcel that no courier has yet is cancelled with it.
    """
    await end_transfer(transfer, TransferState.RETURNED, reason=reason, actor=actor, now=now)
    await tell_citizen(case, "case_handed_back", now=now, reason=reason)
