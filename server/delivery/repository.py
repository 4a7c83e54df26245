"""Parcels, orders, codes and rounds as the database holds them."""

from collections.abc import Collection
from datetime import datetime

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from integrations.contracts.carrier import Carrier
from models.bookkeeping import Transition
from models.delivery import CourierOrder, HandOver, Parcel, PickupCode, PickupRound
from models.kinds import Direction, OrderState, ParcelPurpose
from models.states import CARRIER_STATES, ENDED_PARCELS, ParcelState, RoundState
from server.delivery.rules import COMES_BACK
from server.kit.access import found
from server.kit.ports import Ports

UNSETTLED = (OrderState.TO_RECONCILE, OrderState.REFUSED)
IN_HAND = (
    "id",
    "purpose",
    "case_id",
    "transfer_id",
    "point_code",
    "state",
    "version",
    "seal_no",
    "round_id",
    "alarmed_at",
)
UNDER_WAY = tuple(sorted(CARRIER_STATES - ENDED_PARCELS | {ParcelState.SEALED}))


async def lock_parcel(parcel_id: str) -> Parcel:
    """Return a parcel as it is now and keep it so until the transaction ends."""
    return await Parcel.filter(id=parcel_id).select_for_update().get()


async def lock_parcel_of(waybill_no: str) -> Parcel | None:
    """Return the parcel of a waybill, locked; None if no order has told us of it."""
    return await Parcel.filter(waybill_no=waybill_no).select_for_update().first()


async def live_parcel(case_id: str, purpose: ParcelPurpose) -> Parcel | None:
    """Return the parcel of a case that is under way or delivered, locked."""
    parcels = Parcel.filter(case_id=case_id, purpose=purpose).exclude(state__in=COMES_BACK)
    return await parcels.order_by("-id").select_for_update().first()


async def newest_order(parcel_id: str) -> CourierOrder:
    """Return the order that stands for a parcel: the one made last."""
    return found(
        await CourierOrder.filter(parcel_id=parcel_id).order_by("-created_at", "-id").first()
    )


async def carrier_of(parcel: Parcel, ports: Ports) -> Carrier:
    """Return the carrier that a parcel was ordered at."""
    return ports.carriers.named((await newest_order(parcel.id)).carrier)


def unsettled_orders(point_code: str) -> "QuerySet[CourierOrder]":
    """Return the query of a point's orders that somebody must look into."""
    parcels = Parcel.filter(point_code=point_code).values("id")
    return CourierOrder.filter(
        Q(state__in=UNSETTLED) | Q(state=OrderState.WAYBILL_ISSUED, problem__not=""),
        parcel_id__in=Subquery(parcels),
    )


async def orders_to_resume(*, made_before: datetime, limit: int) -> list[str]:
    """Return the parcels whose order did not get as far as it should have by now."""
    unfinished = Q(state=OrderState.TO_SEND) | Q(
        state=OrderState.WAYBILL_ISSUED,
        problem="",
        parcel_id__in=Subquery(
            Parcel.filter(state__in=(ParcelState.ORDERED, ParcelState.CANCELLED)).values("id")
        ),
    )
    orders = CourierOrder.filter(unfinished, created_at__lt=made_before)
    return [order.parcel_id for order in await orders.order_by("id").limit(limit)]


async def live_code(parcel_id: str) -> PickupCode | None:
    """Return the code that a parcel goes out with now, if it has one."""
    return await PickupCode.get_or_none(parcel_id=parcel_id, direction=Direction.OUT, live=True)


async def who_made(code: PickupCode) -> str:
    """Return the name of whoever a code was made for."""
    moves = Transition.filter(aggregate="PickupCode", aggregate_id=code.id)
    move = await moves.order_by("id").first()
    return move.actor if move else ""


async def is_handed_over(parcel_id: str) -> bool:
    """Tell whether a courier has signed for a parcel."""
    return await HandOver.exists(parcel_id=parcel_id, direction=Direction.OUT)


async def who_sealed(parcel_id: str) -> str:
    """Return the name of whoever sealed a parcel last; empty if it was never sealed."""
    sealing = Transition.filter(
        aggregate="Parcel", aggregate_id=parcel_id, to_state=ParcelState.SEALED
    )
    move = await sealing.order_by("-id").first()
    return move.actor if move else ""


async def was_ever(parcel_id: str, state: ParcelState) -> bool:
    """Tell whether a parcel has been in `state` before."""
    return await Transition.exists(aggregate="Parcel", aggregate_id=parcel_id, to_state=state)


async def parcels_of_round(round_id: str) -> list[Parcel]:
    """Return what goes with a round, in order of sealing; recalled parcels do not."""
    parcels = Parcel.filter(round_id=round_id).exclude(state=ParcelState.CANCELLED)
    return await parcels.order_by("sealed_at", "id")


async def parcels_on_sheet(round_: PickupRound) -> list[Parcel]:
    """Return what went with a round, and what was missing when it closed."""
    parcels = Parcel.filter(Q(round_id=round_.id) | Q(id__in=round_.missing or [""]))
    return await parcels.exclude(state=ParcelState.CANCELLED).order_by("sealed_at", "id")


async def hand_overs_of(parcel_ids: Collection[str], direction: Direction) -> dict[str, HandOver]:
    """Return who gave which parcel to whom, in one direction."""
    rows = HandOver.filter(parcel_id__in=sorted(parcel_ids), direction=direction)
    return {str(row.parcel_id): row for row in await rows}


async def is_round_complete(round_id: str) -> bool:
    """Tell whether no parcel of a round waits at the point any more."""
    return not await Parcel.exists(round_id=round_id, state=ParcelState.SEALED)


async def lock_round(round_id: str) -> PickupRound:
    """Return a round as it is now and keep it so until the transaction ends."""
    return await PickupRound.filter(id=round_id).select_for_update().get()


def rounds_of(point_codes: Collection[str]) -> "QuerySet[PickupRound]":
    """Return the query of the rounds that are not closed at some points."""
    open_states = (RoundState.OPEN, RoundState.ANNOUNCED)
    return PickupRound.filter(point_code__in=sorted(point_codes), state__in=open_states)


async def parcels_to_ask_about(*, asked_before: datetime, limit: int) -> list[str]:
    """Return parcels under way that the carrier was not asked about lately, longest ago first."""
    due = Q(tracked_at=None) | Q(tracked_at__lt=asked_before)
    parcels = Parcel.filter(due, state__in=UNDER_WAY, waybill_no__not_isnull=True)
    return [parcel.id for parcel in await parcels.order_by("tracked_at", "id").limit(limit)]


async def lock_parcels(parcel_ids: Collection[str]) -> dict[str, Parcel]:
    """Return parcels by id, locked in id order, without what is said of their receivers."""
    if not parcel_ids:
        return {}
    parcels = Parcel.filter(id__in=sorted(parcel_ids)).order_by("id").select_for_update()
    return {parcel.id: parcel for parcel in await parcels.only(*IN_HAND)}


async def codes_of(parcel_ids: Collection[str]) -> list[PickupCode]:
    """Return every code that some parcels ever went out with."""
    if not parcel_ids:
        return []
    return await PickupCode.filter(parcel_id__in=sorted(parcel_ids), direction=Direction.OUT)


async def parcels_by_code(digests: Collection[str]) -> dict[str, str]:
    """Return the ids of parcels by the digest of a long code, live or not."""
    if not digests:
        return {}
    codes = PickupCode.filter(long_digest__in=list(digests), direction=Direction.OUT)
    found = await codes.only("long_digest", "parcel_id")
    return {code.long_digest: code.parcel_id for code in found if code.parcel_id is not None}


async def parcels_by_waybill(
    waybills: Collection[str], point_codes: Collection[str]
) -> dict[str, str]:
    """Return the ids of the parcels of some points by waybill number."""
    if not waybills:
        return {}
    parcels = Parcel.filter(waybill_no__in=list(waybills), point_code__in=sorted(point_codes))
    return {str(one.waybill_no): one.id for one in await parcels.only("waybill_no", "id")}


async def ever_handed_over(parcel_ids: Collection[str]) -> frozenset[str]:
    """Return those of some parcels that a courier has signed for."""
    if not parcel_ids:
        return frozenset()
    rows = HandOver.filter(parcel_id__in=sorted(parcel_ids), direction=Direction.OUT)
    return frozenset(str(row.parcel_id) for row in await rows.only("parcel_id"))


async def who_sealed_each(parcel_ids: Collection[str]) -> dict[str, str]:
    """Return by parcel the name of whoever sealed it last."""
    sealing = Transition.filter(
        aggregate="Parcel", aggregate_id__in=sorted(parcel_ids), to_state=ParcelState.SEALED
    )
    return {move.aggregate_id: move.actor for move in await sealing.order_by("id")}
