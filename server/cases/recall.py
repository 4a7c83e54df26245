"""撤回转办: a transfer is called back before it was taken over."""

from datetime import datetime

from models.cases import Case, Transfer
from models.states import TransferState
from server.cases.errors import NoOpenTransfer
from server.cases.repository import open_transfer
from server.delivery.of_case import recall_transfer_parcel
from server.kit.access import Actor
from server.kit.states import advance


async def recall_transfer(case: Case, *, reason: str, actor: Actor, now: datetime) -> Transfer:
    """Call the open transfer back; a parcel that no courier has yet is cancelled with it."""
    transfer = await open_transfer(case.id)
    if transfer is None:
        raise NoOpenTransfer
    await end_transfer(transfer, TransferState.RECALLED, reason=reason, actor=actor, now=now)
    return transfer


async def recall_open_transfer(case: Case, *, reason: str, actor: Actor, now: datetime) -> None:
    """Call the open transfer back if there is one."""
    transfer = await open_transfer(case.id)
    if transfer is not None:
        await end_transfer(transfer, TransferState.RECALLED, reason=reason, actor=actor, now=now)


async def end_transfer(
    transfer: Transfer, state: TransferState, *, reason: str, actor: Actor, now: datetime
) -> None:
    """End a transfer that was not taken over, say why, and cancel a parcel that is still here."""
    await advance(transfer, state, actor=actor, now=now, reason=reason, open=None)
    transfer.reason = reason
    await transfer.save(update_fields=["reason"])
    await recall_transfer_parcel(transfer.id, actor=actor, now=now, reason=reason)
