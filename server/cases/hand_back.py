"""退回: the department does not take a case over, and says why."""

from datetime import datetime

from models.cases import Case, Transfer
from models.states import TransferState
from server.cases.notices import tell_citizen
from server.delivery.of_case import recall_if_here
from server.kit.access import Actor
from server.kit.states import advance


async def hand_back_case(
    case: Case, transfer: Transfer, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Return a transfer; the case stays with the point, which follows up.

    A parcel that no courier has yet is cancelled with it.
    """
    await advance(transfer, TransferState.RETURNED, actor=actor, now=now, reason=reason, open=None)
    if transfer.parcel_id is not None:
        await recall_if_here(transfer.parcel_id, actor=actor, now=now, reason=reason)
    await tell_citizen(case, "case_handed_back", now=now, reason=reason)
