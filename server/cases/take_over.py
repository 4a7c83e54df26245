"""接办: the department has the case; holder and work move together."""

from datetime import datetime

from models.cases import Case, Transfer
from models.states import CaseState, TransferState
from server.kit.access import Actor
from server.kit.states import advance


async def take_over_case(case: Case, transfer: Transfer, *, actor: Actor, now: datetime) -> None:
    """Take a case over; papers in hand have arrived, whatever the carrier still says."""
    if transfer.state is TransferState.DISPATCHED:
        await advance(transfer, TransferState.ARRIVED, actor=actor, now=now)
    await advance(
        transfer, TransferState.TAKEN_OVER, actor=actor, now=now, taken_over_at=now, open=None
    )
    await advance(
        case,
        CaseState.IN_PROGRESS,
        actor=actor,
        now=now,
        holder_kind=transfer.to_kind,
        holder_code=transfer.to_code,
    )
