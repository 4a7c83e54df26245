"""What a point does with a parcel: pack, seal, recall, pack again."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from integrations.contracts.carrier import Party
from models.delivery import CourierOrder, Parcel
from models.kinds import OrderState, ParcelPurpose
from models.states import ParcelState
from server.delivery.codes import FreshCode, issue_code, revoke_code
from server.delivery.errors import AlreadyCollected, LabelFirst, StillUnderWay
from server.delivery.events import OrderDue, ParcelCancelled
from server.delivery.parcel_tasks import close_alarms
from server.delivery.repository import live_parcel, lock_parcel
from server.delivery.rounds import close_round_if_complete, join_round
from server.delivery.rules import AT_THE_POINT, COMES_BACK, SHANGHAI, order_number
from server.kit.access import Actor
from server.kit.outbox import emit
from server.kit.states import advance, record_move


async def pack_parcel(  # noqa: PLR0913 - the facts of a parcel, each named by its caller
    *,
    purpose: ParcelPurpose,
    point_code: str,
    contents: str,
    receiver: Party,
    case_id: str | None = None,
    person_id: str | None = None,
    transfer_id: str | None = None,
    department_code: str | None = None,
    replaces_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> Parcel:
    """Make a parcel and let it be ordered at the carrier.

    A case's result that is packed already, and neither cancelled nor back, is returned as it is.
    """
    if case_id is not None and purpose is ParcelPurpose.RESULT:
        packed = await live_parcel(case_id, purpose)
        if packed is not None:
            return packed
    parcel = await Parcel.create(
        purpose=purpose,
        point_code=point_code,
        contents=contents,
        case_id=case_id,
        person_id=person_id,
        transfer_id=transfer_id,
        department_code=department_code,
        replaces_id=replaces_id,
        **_columns_of(receiver),
        state=ParcelState.PACKED,
        created_at=now,
    )
    await record_move(parcel, from_state=None, to_state=parcel.state, actor=actor, now=now)
    await place_order(parcel, attempt=1, now=now)
    return parcel


def _columns_of(receiver: Party) -> dict[str, Any]:
    return {f"receiver_{fact}": value for fact, value in asdict(receiver).items()}


async def place_order(parcel: Parcel, *, attempt: int, now: datetime) -> CourierOrder:
    """Store an order with a number of its own; it is sent once the transaction is through."""
    number = order_number(parcel.id, packed_on=_local_day(now), attempt=attempt)
    order = await CourierOrder.create(
        parcel_id=parcel.id, order_no=number, state=OrderState.TO_SEND, created_at=now
    )
    await emit(OrderDue(aggregate_id=parcel.id), now=now)
    return order


async def seal_parcel(parcel: Parcel, *, seal_no: str, actor: Actor, now: datetime) -> FreshCode:
    """Close a labelled parcel, put it into the open round and return its code, shown only now.

    Raises `LabelFirst` while the label is not there, `WrongState` if it was sealed or recalled.
    """
    if parcel.state in {ParcelState.PACKED, ParcelState.ORDERED}:
        raise LabelFirst
    round_ = await join_round(parcel.point_code, actor=actor, now=now)
    await advance(
        parcel,
        ParcelState.SEALED,
        actor=actor,
        now=now,
        seal_no=seal_no,
        sealed_at=now,
        round_id=round_.id,
    )
    return await issue_code(parcel, actor=actor, now=now)


async def cancel_parcel(parcel: Parcel, *, actor: Actor, now: datetime, reason: str) -> None:
    """Recall a parcel that no courier has; its order is cancelled at the carrier afterwards.

    Raises `AlreadyCollected`, or `WrongState` if it was recalled before.
    """
    if parcel.state not in AT_THE_POINT | {ParcelState.CANCELLED}:
        raise AlreadyCollected
    await advance(parcel, ParcelState.CANCELLED, actor=actor, now=now, reason=reason)
    await revoke_code(parcel, actor=actor, now=now, reason="cancelled")
    await close_round_if_complete(parcel.round_id, now=now)
    await close_alarms([parcel], now=now)
    await emit(
        ParcelCancelled(
            aggregate_id=parcel.id,
            key="cancelled",
            case_id=parcel.case_id,
            transfer_id=parcel.transfer_id,
            purpose=parcel.purpose,
        ),
        now=now,
    )


async def repack_parcel(
    parcel: Parcel, *, receiver: Party | None = None, actor: Actor, now: datetime
) -> Parcel:
    """Pack the contents of a cancelled, returned or lost parcel again, once.

    Raises `StillUnderWay` for any other parcel, or if its contents were packed again already.
    """
    old = await lock_parcel(parcel.id)
    if old.state not in COMES_BACK or await Parcel.exists(replaces_id=old.id):
        raise StillUnderWay
    return await pack_parcel(
        purpose=old.purpose,
        point_code=old.point_code,
        contents=old.contents,
        receiver=receiver or receiver_of(old),
        case_id=old.case_id,
        person_id=old.person_id,
        transfer_id=old.transfer_id,
        department_code=old.department_code,
        replaces_id=old.id,
        actor=actor,
        now=now,
    )


def receiver_of(parcel: Parcel) -> Party:
    """Return whom a parcel goes to."""
    return Party(
        name=parcel.receiver_name,
        phone=parcel.receiver_phone,
        province=parcel.receiver_province,
        city=parcel.receiver_city,
        county=parcel.receiver_county,
        address=parcel.receiver_address,
    )


def _local_day(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()
