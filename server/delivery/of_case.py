"""What cases ask of delivery about their own parcels."""

from collections.abc import Collection
from datetime import datetime

from models.delivery import Parcel
from models.kinds import ParcelPurpose
from server.delivery.repository import live_parcel
from server.delivery.rules import AT_THE_POINT
from server.delivery.service import cancel_parcel
from server.kit.access import Actor


async def parcels_of_case(case_id: str) -> list[Parcel]:
    """Return every parcel that was ever packed for a case, first to last."""
    return await Parcel.filter(case_id=case_id).order_by("id")


async def has_result_parcel(case_id: str) -> bool:
    """Tell whether the result of a case is packed, under way or delivered."""
    return await live_parcel(case_id, ParcelPurpose.RESULT) is not None


async def parcels_of_transfers(transfer_ids: Collection[str]) -> dict[str, str]:
    """Return by transfer the parcel that carries its materials: the one packed last."""
    parcels = Parcel.filter(transfer_id__in=sorted(transfer_ids)).order_by("id")
    return {str(one.transfer_id): one.id for one in await parcels.only("id", "transfer_id")}


async def recall_transfer_parcel(
    transfer_id: str, *, actor: Actor, now: datetime, reason: str
) -> None:
    """Cancel the parcel of a transfer if no courier has it yet; one under way goes on.

    What was packed again counts, not what was packed first.
    """
    parcels = Parcel.filter(transfer_id=transfer_id).order_by("-id").select_for_update()
    parcel = await parcels.first()
    if parcel is not None and parcel.state in AT_THE_POINT:
        await cancel_parcel(parcel, actor=actor, now=now, reason=reason)
