"""A parcel's news move what it carries: a transfer on its way, a result to its owner."""

from models.cases import Case, Transfer
from models.kinds import ParcelPurpose
from models.states import CaseState, ParcelState, TransferState
from server.cases.close import close_case
from server.cases.notices import tell_citizen
from server.delivery.events import ParcelCollected, ParcelEnded
from server.kit.access import ENGINE
from server.kit.messages import text
from server.kit.ports import Ports
from server.kit.states import advance


async def follow_collected(event: ParcelCollected, ports: Ports) -> None:
    """A transfer's parcel was taken over by the carrier: the transfer is under way."""
    transfer = await _transfer_of(event)
    if transfer is not None and transfer.state is TransferState.REQUESTED:
        await advance(transfer, TransferState.DISPATCHED, actor=ENGINE, now=ports.now())


async def follow_ended(event: ParcelEnded, ports: Ports) -> None:
    """A delivered transfer has arrived; a delivered result closes its case."""
    if event.state is not ParcelState.DELIVERED:
        return
    if event.purpose is ParcelPurpose.RESULT:
        await _close_delivered(event, ports)
        return
    transfer = await _transfer_of(event)
    if transfer is None or not transfer.open:
        return
    if transfer.state is TransferState.REQUESTED:
        await advance(transfer, TransferState.DISPATCHED, actor=ENGINE, now=ports.now())
    if transfer.state is TransferState.DISPATCHED:
        await advance(transfer, TransferState.ARRIVED, actor=ENGINE, now=ports.now())


async def _close_delivered(event: ParcelEnded, ports: Ports) -> None:
    case = await Case.get_or_none(id=event.case_id) if event.case_id else None
    if case is None or case.state is not CaseState.ISSUED:
        return
    await close_case(case, reason=text("reason_delivered"), actor=ENGINE, now=ports.now())
    await tell_citizen(case, "case_delivered", now=ports.now())


async def _transfer_of(event: ParcelCollected | ParcelEnded) -> Transfer | None:
    return await Transfer.get_or_none(id=event.transfer_id) if event.transfer_id else None
