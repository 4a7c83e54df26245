"""Where a case's result goes, as the citizen said (扫码寄递)."""

from datetime import datetime

from tortoise.exceptions import IntegrityError

from integrations.contracts.carrier import Party
from models.delivery import DeliveryAddress
from models.kinds import ParcelPurpose
from server.delivery.events import AddressGiven
from server.delivery.repository import live_parcel
from server.delivery.service import cancel_parcel, receiver_of, repack_parcel
from server.kit.access import Actor
from server.kit.outbox import emit


async def give_address(
    case_id: str, person_id: str, receiver: Party, *, actor: Actor, now: datetime
) -> DeliveryAddress:
    """Set or change where the result of a case goes, until a courier has it.

    A result that is packed for another address is recalled and packed again for this one. Raises
    `AlreadyCollected`.
    """
    # First, since it locks: of two changes at once, the later one finds the earlier one's parcel.
    address = await _keep(case_id, person_id, receiver, now)
    await _redirect(case_id, receiver, actor=actor, now=now)
    await emit(AddressGiven(aggregate_id=case_id, person_id=person_id), now=now)
    return address


async def address_for_case(case_id: str) -> Party | None:
    """Return where the result of a case goes, if the citizen has said."""
    address = await DeliveryAddress.get_or_none(case_id=case_id)
    return party_of(address) if address else None


def party_of(address: DeliveryAddress) -> Party:
    """Return an address as the carrier takes it."""
    return Party(
        name=address.name,
        phone=address.phone,
        province=address.province,
        city=address.city,
        county=address.county,
        address=address.address,
    )


async def _redirect(case_id: str, receiver: Party, *, actor: Actor, now: datetime) -> None:
    parcel = await live_parcel(case_id, ParcelPurpose.RESULT)
    if parcel is None or receiver_of(parcel) == receiver:
        return
    await cancel_parcel(parcel, actor=actor, now=now, reason="another address")
    await repack_parcel(parcel, receiver=receiver, actor=actor, now=now)


async def _keep(case_id: str, person_id: str, receiver: Party, now: datetime) -> DeliveryAddress:
    fresh = DeliveryAddress(
        case_id=case_id,
        person_id=person_id,
        name=receiver.name,
        phone=receiver.phone,
        province=receiver.province,
        city=receiver.city,
        county=receiver.county,
        address=receiver.address,
        given_at=now,
    )
    known = await DeliveryAddress.filter(case_id=case_id).select_for_update().first()
    if known is not None:
        return await _replace(known, fresh)
    try:
        await fresh.save()
    except IntegrityError:
        return await _replace(await DeliveryAddress.get(case_id=case_id), fresh)
    return fresh


async def _replace(known: DeliveryAddress, fresh: DeliveryAddress) -> DeliveryAddress:
    columns = ("person_id", "name", "phone", "province", "city", "county", "address", "given_at")
    known.update_from_dict({column: getattr(fresh, column) for column in columns})
    await known.save(update_fields=columns)
    return known
