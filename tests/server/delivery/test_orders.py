"""Orders at the carrier: one number a parcel, whatever breaks in between."""

import asyncio

import pytest

from integrations.contracts.carrier import LabelSize
from integrations.contracts.errors import DuplicateOrder, VendorRefused, VendorUnavailable
from models.bookkeeping import OutboxRow
from models.delivery import CourierOrder, Parcel, ShippingLabel
from models.kinds import OrderState, ParcelPurpose
from models.states import ParcelState
from server.delivery.errors import NothingToReconcile, WaybillTaken
from server.delivery.orders import dismiss_order, drive_order, enter_waybill, reorder
from server.delivery.repository import unsettled_orders
from server.delivery.service import cancel_parcel
from server.delivery.tasks import resume_orders
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import (
    CLERK,
    MANAGER,
    POINT,
    RECEIVER,
    Crash,
    make_labelled,
    pack,
)
from tests.support.relaying import relay_all

REFUSED = VendorRefused("ems", code="B0001", reason="地址不正确")
AWAY = VendorUnavailable("ems", code="timeout")


async def order_of(parcel):
    return await CourierOrder.filter(parcel_id=parcel.id).order_by("-id").first()


async def state_of(parcel):
    return (await Parcel.get(id=parcel.id)).state


async def cancel(parcel, ports):
    fresh = await Parcel.get(id=parcel.id)
    await in_transaction(lambda: cancel_parcel(fresh, actor=CLERK, now=ports.now(), reason="x"))


async def test_a_packed_parcel_is_ordered_and_labelled(desk, carrier):
    parcel = await pack(desk)
    await relay_all(desk)
    parcel, order = await Parcel.get(id=parcel.id), await order_of(parcel)
    assert order.order_no == f"GL20261123{parcel.id.upper()}"
    assert (order.state, order.waybill_no) == (OrderState.WAYBILL_ISSUED, parcel.waybill_no)
    assert parcel.state is ParcelState.LABELLED
    label = await ShippingLabel.get(parcel_id=parcel.id)
    assert label.size is LabelSize.MM_76_129
    assert await desk.blobs.load(label.blob_key) == b"%PDF-1.4 " + parcel.waybill_no.encode()
    assert carrier.sent == [order.order_no]


async def test_a_case_result_is_packed_once(desk):
    first, second = await pack(desk), await pack(desk)
    assert first.id == second.id
    assert await CourierOrder.all().count() == 1
    third = await pack(desk, purpose=ParcelPurpose.TRANSFER)
    assert third.id != first.id


async def test_doing_it_again_changes_nothing(desk, carrier):
    parcel = await make_labelled(desk)
    await drive_order(parcel.id, desk)
    again = await Parcel.get(id=parcel.id)
    assert again.version == parcel.version
    assert await ShippingLabel.filter(parcel_id=parcel.id).count() == 1
    assert (len(carrier.sent), len(carrier.labels)) == (1, 1)


async def test_a_crash_after_ordering_leads_to_the_same_waybill(desk, carrier):
    parcel = await pack(desk)
    carrier.loses_answer = True
    with pytest.raises(Crash):
        await drive_order(parcel.id, desk)
    order = await order_of(parcel)
    assert (order.state, order.sent_at) == (OrderState.TO_SEND, desk.now())
    await drive_order(parcel.id, desk)
    assert carrier.sent == [order.order_no] * 2
    assert (await Parcel.get(id=parcel.id)).waybill_no == carrier.orders[order.order_no]
    assert await CourierOrder.all().count() == 1


async def test_a_carrier_that_refuses_repeats_leaves_the_order_to_people(desk, carrier):
    carrier.refuses_repeats = carrier.loses_answer = True
    parcel = await pack(desk)
    with pytest.raises(Crash):
        await drive_order(parcel.id, desk)
    await drive_order(parcel.id, desk)
    order = await order_of(parcel)
    assert (order.state, order.problem) == (OrderState.TO_RECONCILE, "B0002 订单号重复")
    assert await state_of(parcel) is ParcelState.PACKED
    assert [one.id for one in await unsettled_orders(POINT)] == [order.id]
    await drive_order(parcel.id, desk)
    assert len(carrier.sent) == 2


async def test_a_refused_order_is_listed_with_its_reason(desk, carrier):
    carrier.failures["create_order"] = REFUSED
    parcel = await pack(desk)
    await drive_order(parcel.id, desk)
    order = await order_of(parcel)
    assert (order.state, order.problem) == (OrderState.REFUSED, "B0001 地址不正确")
    assert [one.id for one in await unsettled_orders(POINT)] == [order.id]
    assert await unsettled_orders("350102-B").count() == 0


async def test_a_carrier_that_is_away_is_tried_again(desk, carrier, clock):
    carrier.failures["create_order"] = AWAY
    parcel = await pack(desk)
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.PACKED
    clock.advance(minutes=6)
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.LABELLED
    assert len(set(carrier.sent)) == 1


async def test_an_outage_longer_than_the_relay_waits_is_overcome_by_a_job(desk, carrier, clock):
    parcel = await pack(desk)
    await OutboxRow.all().update(blocked_at=desk.now())
    await resume_orders(desk)
    assert carrier.sent == []
    clock.advance(minutes=16)
    await resume_orders(desk)
    assert await state_of(parcel) is ParcelState.LABELLED


async def test_a_carrier_that_stays_away_is_left_alone_after_three_calls(desk, carrier, clock):
    for number in range(5):
        await pack(desk, case_id=f"case{number}")
    clock.advance(minutes=16)

    async def away(order):
        carrier.sent.append(order.order_no)
        raise AWAY

    carrier.create_order = away
    await resume_orders(desk)
    assert len(carrier.sent) == 3


async def test_a_label_that_fails_does_not_order_twice(desk, carrier):
    carrier.failures["draw_label"] = AWAY
    parcel = await pack(desk)
    with pytest.raises(VendorUnavailable):
        await drive_order(parcel.id, desk)
    assert await state_of(parcel) is ParcelState.ORDERED
    await drive_order(parcel.id, desk)
    assert await state_of(parcel) is ParcelState.LABELLED
    assert len(carrier.sent) == 1


async def test_a_refused_label_is_listed(desk, carrier):
    carrier.failures["draw_label"] = REFUSED
    parcel = await pack(desk)
    await drive_order(parcel.id, desk)
    (order,) = await unsettled_orders(POINT)
    assert (order.state, order.problem) == (OrderState.WAYBILL_ISSUED, "label: B0001 地址不正确")


async def test_many_workers_at_once_make_one_order(desk, carrier):
    parcel = await pack(desk)
    await asyncio.gather(*(drive_order(parcel.id, desk) for _ in range(8)))
    assert len(carrier.orders) == 1
    parcel = await Parcel.get(id=parcel.id)
    assert parcel.state is ParcelState.LABELLED
    assert (await order_of(parcel)).state is OrderState.WAYBILL_ISSUED


async def test_of_two_workers_the_one_with_the_waybill_is_believed(desk, carrier):
    parcel = await pack(desk)
    order = await order_of(parcel)
    ordered = carrier.create_order

    async def create_after_another(dispatch):
        carrier.create_order = ordered
        carrier.failures["create_order"] = DuplicateOrder("ems", code="B0002")
        await drive_order(parcel.id, desk)
        assert (await order_of(parcel)).state is OrderState.TO_RECONCILE
        return await ordered(dispatch)

    carrier.create_order = create_after_another
    await drive_order(parcel.id, desk)
    order = await order_of(parcel)
    assert (order.state, order.problem) == (OrderState.WAYBILL_ISSUED, "")


async def test_a_recalled_parcel_that_was_never_sent_costs_no_call(desk, carrier):
    parcel = await pack(desk)
    await cancel(parcel, desk)
    await relay_all(desk)
    assert (carrier.sent, carrier.cancelled) == ([], [])
    assert (await order_of(parcel)).state is OrderState.CANCELLED


async def test_a_recalled_parcel_is_cancelled_at_the_carrier(desk, carrier):
    parcel = await make_labelled(desk)
    await cancel(parcel, desk)
    await relay_all(desk)
    order = await order_of(parcel)
    assert carrier.cancelled == [order.order_no]
    assert order.state is OrderState.CANCELLED


async def test_an_order_whose_answer_was_lost_is_found_and_cancelled(desk, carrier):
    parcel = await pack(desk)
    carrier.loses_answer = True
    with pytest.raises(Crash):
        await drive_order(parcel.id, desk)
    await cancel(parcel, desk)
    await relay_all(desk)
    order = await order_of(parcel)
    assert carrier.sent == [order.order_no] * 2
    assert carrier.cancelled == [order.order_no]
    assert order.state is OrderState.CANCELLED


async def test_a_parcel_recalled_while_it_is_ordered_is_cancelled_there(desk, carrier):
    parcel = await pack(desk)
    ordered = carrier.create_order

    async def create_and_recall(dispatch):
        waybill = await ordered(dispatch)
        await cancel(parcel, desk)
        return waybill

    carrier.create_order = create_and_recall
    await drive_order(parcel.id, desk)
    order = await order_of(parcel)
    assert (carrier.cancelled, order.state) == ([order.order_no], OrderState.CANCELLED)
    assert await state_of(parcel) is ParcelState.CANCELLED


async def test_a_cancellation_repeated_after_a_crash_is_no_problem(desk, carrier):
    parcel = await make_labelled(desk)
    order = await order_of(parcel)
    await cancel(parcel, desk)
    await carrier.cancel_order(order.order_no, waybill_no=order.waybill_no, reason="x")
    await drive_order(parcel.id, desk)
    assert (await order_of(parcel)).state is OrderState.CANCELLED


async def test_a_refused_cancellation_is_left_to_people(desk, carrier):
    parcel = await make_labelled(desk)
    await cancel(parcel, desk)
    carrier.failures["cancel_order"] = REFUSED
    await drive_order(parcel.id, desk)
    order = await order_of(parcel)
    assert (order.state, order.problem) == (OrderState.TO_RECONCILE, "cancel: B0001 地址不正确")
    await in_transaction(lambda: dismiss_order(order))
    assert (await order_of(parcel)).state is OrderState.CANCELLED


async def unaccounted(desk, carrier):
    carrier.failures["create_order"] = DuplicateOrder("ems", code="B0002")
    parcel = await pack(desk)
    await drive_order(parcel.id, desk)
    return parcel, await order_of(parcel)


async def test_a_waybill_told_by_telephone_settles_an_order(desk, carrier):
    parcel, order = await unaccounted(desk, carrier)
    await in_transaction(
        lambda: enter_waybill(order, "1000000099999", actor=MANAGER, now=desk.now())
    )
    await relay_all(desk)
    parcel = await Parcel.get(id=parcel.id)
    assert (parcel.state, parcel.waybill_no) == (ParcelState.LABELLED, "1000000099999")
    assert await unsettled_orders(POINT).count() == 0


async def test_a_waybill_of_another_parcel_is_refused(desk, carrier):
    other = await make_labelled(desk, case_id="case2")
    parcel, order = await unaccounted(desk, carrier)
    with pytest.raises(WaybillTaken):
        await in_transaction(
            lambda: enter_waybill(order, other.waybill_no, actor=MANAGER, now=desk.now())
        )
    assert (await order_of(parcel)).state is OrderState.TO_RECONCILE
    assert await state_of(parcel) is ParcelState.PACKED


async def test_ordering_anew_takes_the_next_number(desk, carrier):
    parcel, order = await unaccounted(desk, carrier)
    second = await in_transaction(lambda: reorder(order, now=desk.now()))
    assert second.order_no == f"{order.order_no}-2"
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.LABELLED
    assert (await CourierOrder.get(id=order.id)).state is OrderState.CANCELLED


async def test_an_order_is_given_up_once(desk, carrier):
    parcel, order = await unaccounted(desk, carrier)
    tries = [in_transaction(lambda: reorder(order, now=desk.now())) for _ in range(5)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, NothingToReconcile) for one in results) == 4
    assert await CourierOrder.filter(parcel_id=parcel.id).count() == 2


async def test_an_order_that_is_well_is_not_reconciled(desk):
    parcel = await make_labelled(desk)
    order = await order_of(parcel)
    for settle in (
        lambda: reorder(order, now=desk.now()),
        lambda: dismiss_order(order),
        lambda: enter_waybill(order, "1000000099999", actor=MANAGER, now=desk.now()),
    ):
        with pytest.raises(NothingToReconcile):
            await in_transaction(settle)
    assert (await order_of(parcel)).version == order.version


async def test_the_posts_own_sandbox_orders_labels_and_cancels(post_ports):
    parcel = await pack(post_ports)
    await relay_all(post_ports)
    parcel, order = await Parcel.get(id=parcel.id), await order_of(parcel)
    assert parcel.state is ParcelState.LABELLED
    assert parcel.waybill_no.isdigit()
    assert len(parcel.waybill_no) == 13
    label = await ShippingLabel.get(parcel_id=parcel.id)
    assert (await post_ports.blobs.load(label.blob_key)).startswith(b"%PDF-")
    assert RECEIVER.name not in str(order.routing)
    await cancel(parcel, post_ports)
    await relay_all(post_ports)
    assert (await order_of(parcel)).state is OrderState.CANCELLED
