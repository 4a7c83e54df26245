"""What cases ask of delivery about their own parcels."""

from datetime import datetime

from models.delivery import Parcel
from models.kinds import ParcelPurpose
from server.delivery.repository import live_parcel, lock_parcel
from server.delivery.rules import AT_THE_POINT
from server.delivery.service import cancel_parcel
from server.kit.access import Actor


async def parcels_of_case(case_id: str) -> list[Parcel]:
    """Return every parcel that was ever packed for a case, first to last."""
    return await Parcel.filter(case_id=case_id).order_by("id")


async def has_result_parcel(case_id: str) -> bool:
    """Tell whether the result of a case is packed, under way or delivered."""
    return await live_parcel(case_id, ParcelPurpose.RESULT) is not None


async def recall_if_here(parcel_id: str, *, actor: Actor, now: datetime, reason: str) -> None:
    """Cancel a parcel if no courier has it yet; one that is under way goes on."""
    parcel = await lock_parcel(parcel_id)
    if parcel.state in AT_THE_POINT:
        await cancel_parcel(parcel, actor=actor, now=now, reason=reason)
