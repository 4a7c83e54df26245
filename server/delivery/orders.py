"""下单: what is ordered at the carrier, and cancelled there, always under the number stored first.

`drive_order` takes an order one or more steps towards what its parcel wants, from wherever a crash
or an outage left it. It is safe to repeat and to run twice at once.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from integrations.contracts.carrier import Carrier, DispatchOrder, LabelSize, Party, Waybill
from integrations.contracts.errors import DuplicateOrder, VendorRefused
from models.catalog import ServicePoint
from models.delivery import CourierOrder, Parcel
from models.kinds import OrderState
from models.states import ParcelState
from server.catalog.service import get_point, working_calendar
from server.delivery.errors import NothingToReconcile, WaybillTaken
from server.delivery.events import OrderDue
from server.delivery.labels import keep_label
from server.delivery.repository import UNSETTLED, lock_parcel, newest_order
from server.delivery.rules import PICKUP_WINDOW, fold, next_cut_off
from server.delivery.service import place_order, receiver_of
from server.delivery.tracking import told_by
from server.kit.access import ENGINE, Actor
from server.kit.errors import ChangedMeanwhile
from server.kit.messages import text
from server.kit.outbox import emit
from server.kit.ports import Ports
from server.kit.states import advance
from server.kit.transaction import in_transaction

HOME = ("福建省", "福州市", "鼓楼区")
HOTLINE = "0591-12345"
"""Printed as the sender's number for a point that has none: the carrier insists on one."""

PROBLEM_LENGTH = 200

log = structlog.get_logger(__name__)


async def drive_order(parcel_id: str, ports: Ports) -> None:
    """Order a parcel at the carrier and fetch its label, or cancel the order of a recalled one.

    Raises `VendorUnavailable` where the carrier does not answer: try again later.
    """
    order = await newest_order(parcel_id)
    if order.state is OrderState.TO_SEND:
        await _send(order, ports)
        order = await newest_order(parcel_id)
    if order.state is not OrderState.WAYBILL_ISSUED:
        return
    parcel = await Parcel.get(id=parcel_id)
    if parcel.state is ParcelState.CANCELLED:
        await _cancel(order, ports)
    elif parcel.state is ParcelState.ORDERED:
        await _fetch_label(order, parcel, ports)


async def enter_waybill(
    order: CourierOrder, waybill_no: str, *, actor: Actor, now: datetime
) -> None:
    """Keep the waybill that the carrier told by other ways for an order it called a duplicate.

    Raises `NothingToReconcile`, or `WaybillTaken`.
    """
    if order.state is not OrderState.TO_RECONCILE or order.waybill_no:
        raise NothingToReconcile
    waybill = Waybill(order_no=order.order_no, waybill_no=waybill_no, routing={})
    try:
        await _keep_waybill(order, waybill, actor=actor, now=now)
    except IntegrityError:
        raise WaybillTaken from None
    await emit(OrderDue(aggregate_id=order.parcel_id), now=now)


async def reorder(order: CourierOrder, *, now: datetime) -> CourierOrder:
    """Give up an order that the carrier refused or cannot account for, and order anew.

    A person decides this: a second number may mean a second courier. Raises `NothingToReconcile`.
    """
    parcel = await lock_parcel(order.parcel_id)
    if parcel.state is not ParcelState.PACKED:
        raise NothingToReconcile
    await _give_up(order)
    attempt = await CourierOrder.filter(parcel_id=parcel.id).count() + 1
    return await place_order(parcel, attempt=attempt, now=now)


async def dismiss_order(order: CourierOrder) -> None:
    """Close an order that is surely not carried out: a recalled parcel's, or one given up before.

    Raises `NothingToReconcile`.
    """
    parcel = await lock_parcel(order.parcel_id)
    newest = await newest_order(parcel.id)
    if parcel.state is not ParcelState.CANCELLED and newest.id == order.id:
        raise NothingToReconcile
    await _give_up(order)


async def _give_up(order: CourierOrder) -> None:
    if not await _move(order, UNSETTLED, state=OrderState.CANCELLED):
        raise NothingToReconcile


async def _send(order: CourierOrder, ports: Ports) -> None:
    parcel = await Parcel.get(id=order.parcel_id)
    if parcel.state is ParcelState.CANCELLED and await in_transaction(lambda: _drop_unsent(order)):
        return
    dispatch = await _write_dispatch(order, parcel, ports)
    carrier = _choose_carrier(order, parcel, ports)
    if not await in_transaction(lambda: _mark_sent(order, carrier.name, ports.now())):
        return
    try:
        waybill = await carrier.create_order(dispatch)
        await in_transaction(lambda: _keep_waybill(order, waybill, actor=ENGINE, now=ports.now()))
    except DuplicateOrder as refusal:
        await _put_aside(order, OrderState.TO_RECONCILE, _words_of(refusal))
    except VendorRefused as refusal:
        await _put_aside(order, OrderState.REFUSED, _words_of(refusal))
    except IntegrityError:
        await _put_aside(order, OrderState.TO_RECONCILE, WaybillTaken.code)


def _choose_carrier(order: CourierOrder, parcel: Parcel, ports: Ports) -> Carrier:
    """An order that may have been sent goes to the same carrier again."""
    if order.sent_at is None:
        return ports.carriers.of_point(parcel.point_code)
    return ports.carriers.named(order.carrier)


async def _write_dispatch(order: CourierOrder, parcel: Parcel, ports: Ports) -> DispatchOrder:
    point = await get_point(parcel.point_code)
    calendar = await working_calendar()
    pickup_from = next_cut_off(ports.now(), calendar.is_working)
    return DispatchOrder(
        order_no=order.order_no,
        sender=_sender(point),
        receiver=receiver_of(parcel),
        contents=parcel.contents,
        weight_g=parcel.weight_g,
        created_at=order.created_at,
        pickup_from=pickup_from,
        pickup_until=pickup_from + PICKUP_WINDOW,
        privacy_number=ports.settings.privacy_number,
    )


def _sender(point: ServicePoint) -> Party:
    province, city, county = HOME
    return Party(
        name=point.name,
        phone=point.phone or HOTLINE,
        province=province,
        city=city,
        county=county,
        address=point.address or point.name,
    )


async def _drop_unsent(order: CourierOrder) -> bool:
    unsent = CourierOrder.filter(id=order.id, state=OrderState.TO_SEND, sent_at=None)
    return await unsent.update(state=OrderState.CANCELLED, version=F("version") + 1) == 1


async def _mark_sent(order: CourierOrder, carrier: str, now: datetime) -> bool:
    return await _move(order, (OrderState.TO_SEND,), carrier=carrier, sent_at=now)


async def _keep_waybill(
    order: CourierOrder, waybill: Waybill, *, actor: Actor, now: datetime
) -> None:
    parcel = await lock_parcel(order.parcel_id)
    # Of two who sent the same order, the one with the waybill knows better.
    is_kept = await _move(
        order,
        (OrderState.TO_SEND, *UNSETTLED),
        state=OrderState.WAYBILL_ISSUED,
        waybill_no=waybill.waybill_no,
        routing=waybill.routing,
        problem="",
    )
    if not is_kept:
        await _keep_late_waybill(order, waybill)
    elif parcel.state is ParcelState.PACKED:
        await advance(
            parcel, ParcelState.ORDERED, actor=actor, now=now, waybill_no=waybill.waybill_no
        )


async def _keep_late_waybill(order: CourierOrder, waybill: Waybill) -> None:
    is_late = await _move(
        order,
        (OrderState.CANCELLED,),
        state=OrderState.TO_RECONCILE,
        waybill_no=waybill.waybill_no,
        problem="a waybill came after the order was given up",
    )
    if is_late:
        log.warning("waybill_came_late", order_id=order.id)


async def _fetch_label(order: CourierOrder, parcel: Parcel, ports: Ports) -> None:
    size = LabelSize(ports.settings.label_size)
    try:
        carrier = ports.carriers.named(order.carrier)
        content = await carrier.draw_label(order.waybill_no, size=size)
    except VendorRefused as refusal:
        words = f"label: {_words_of(refusal)}"
        await in_transaction(lambda: _note(order, words))
        return
    key = await ports.blobs.store(content)

    async def keep() -> None:
        await advance(parcel, ParcelState.LABELLED, actor=ENGINE, now=ports.now())
        await keep_label(parcel.id, size, key, now=ports.now())

    try:
        await in_transaction(keep)
    except (ChangedMeanwhile, IntegrityError):
        await ports.blobs.delete(key)


async def _cancel(order: CourierOrder, ports: Ports) -> None:
    try:
        await ports.carriers.named(order.carrier).cancel_order(
            order.order_no, waybill_no=order.waybill_no, reason=text("delivery_cancel_reason")
        )
    except VendorRefused as refusal:
        if not await _is_cancelled_there(order, ports):
            await _put_aside(order, OrderState.TO_RECONCILE, f"cancel: {_words_of(refusal)}")
            return
    await in_transaction(
        lambda: _move(order, (OrderState.WAYBILL_ISSUED,), state=OrderState.CANCELLED)
    )


async def _is_cancelled_there(order: CourierOrder, ports: Ports) -> bool:
    """Tell whether a refused cancellation was one that had taken effect before."""
    try:
        events = await ports.carriers.named(order.carrier).track(order.waybill_no)
    except VendorRefused:
        return False
    standing = fold(told_by(events, is_confirmed=True))
    return standing is not None and standing.state is ParcelState.CANCELLED


async def _put_aside(order: CourierOrder, state: OrderState, problem: str) -> None:
    origins = (OrderState.TO_SEND, OrderState.WAYBILL_ISSUED)
    columns = {"state": state, "problem": problem[:PROBLEM_LENGTH]}
    if await in_transaction(lambda: _move(order, origins, **columns)):
        log.warning("order_needs_somebody", order_id=order.id, state=state)


async def _note(order: CourierOrder, problem: str) -> None:
    await _move(order, (OrderState.WAYBILL_ISSUED,), problem=problem[:PROBLEM_LENGTH])


async def _move(order: CourierOrder, origins: Sequence[OrderState], **columns: object) -> bool:
    rows = CourierOrder.filter(id=order.id, state__in=origins)
    return await rows.update(version=F("version") + 1, **columns) == 1


def _words_of(refusal: VendorRefused) -> str:
    return f"{refusal.code} {refusal.reason}".strip()
