"""What the carrier tells: pushes are hints, its own list is proof."""

import asyncio
from datetime import timedelta

import pytest

from integrations.contracts.carrier import TrackPush, TrackStep
from integrations.contracts.errors import VendorRefused, VendorUnavailable
from models.bookkeeping import InboxRow, OutboxRow
from models.delivery import CourierOrder, Parcel, ParcelTask, PickupCode, TrackRecord
from models.kinds import OrderState, ParcelTaskKind
from models.notifications import Notice
from models.states import ParcelState, PickupCodeState
from server.delivery.events import ParcelCollected, ParcelEnded
from server.delivery.tasks import poll_tracks
from server.delivery.timeline import show_to_citizen
from server.delivery.tracking import keep_push, refresh_track
from server.kit.outbox import Consumer, subscribe
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import (
    event_of,
    make_labelled,
    make_sealed,
    scan_of,
    send,
)
from tests.support.relaying import relay_all

STEPS = {
    "203": TrackStep.COLLECTED,
    "389": TrackStep.IN_TRANSIT,
    "702": TrackStep.OUT_FOR_DELIVERY,
    "704": TrackStep.DELIVERED,
    "705": TrackStep.ATTEMPT_FAILED,
    "711": TrackStep.RETURNED,
    "801": TrackStep.CANCELLED,
    "987": TrackStep.LOST,
}
heard = []


async def hear(event, _ports):
    heard.append(event)


@pytest.fixture
def news():
    """What other capabilities hear of parcels."""
    subscribe(
        Consumer("test.collected", ParcelCollected, hear),
        Consumer("test.ended", ParcelEnded, hear),
    )
    heard.clear()
    return heard


@pytest.fixture
async def parcel(desk):
    sealed, _ = await make_sealed(desk)
    return sealed


async def push(ports, parcel, code, *, serial=None, at=None, revokes=()):
    event = event_of(at or ports.now(), parcel.waybill_no, code, STEPS.get(code), revokes=revokes)
    pushed = TrackPush(serial or f"serial{code}{event.occurred_at:%H%M%S}", ports.now(), event)
    await in_transaction(lambda: keep_push(pushed, source="ems", now=ports.now()))


async def state_of(parcel):
    return (await Parcel.get(id=parcel.id)).state


async def test_a_collected_push_moves_a_sealed_parcel(desk, parcel, news):
    await push(desk, parcel, "203")
    await relay_all(desk)
    now = await Parcel.get(id=parcel.id)
    assert (now.state, now.collected_at) == (ParcelState.COLLECTED, desk.now())
    assert [(type(one), one.aggregate_id, one.case_id) for one in news] == [
        (ParcelCollected, parcel.id, "case1")
    ]


async def test_a_push_kept_before_changes_nothing(desk, parcel):
    await push(desk, parcel, "203", serial="1")
    version = (await Parcel.get(id=parcel.id)).version
    await push(desk, parcel, "203", serial="1")
    await push(desk, parcel, "203", serial="2")
    assert (await Parcel.get(id=parcel.id)).version == version
    assert await InboxRow.all().count() == 2
    assert await TrackRecord.all().count() == 1


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("704", ParcelState.DELIVERED),
        ("711", ParcelState.RETURNED),
        ("987", ParcelState.LOST),
    ],
)
async def test_an_ending_waits_for_the_carriers_list(desk, carrier, parcel, news, code, state):
    await push(desk, parcel, "203")
    await push(desk, parcel, code)
    assert await state_of(parcel) is ParcelState.COLLECTED
    await relay_all(desk)
    assert carrier.asked == [parcel.waybill_no]
    assert await state_of(parcel) is ParcelState.COLLECTED
    carrier.tell(parcel.waybill_no, code, STEPS[code])
    await refresh_track(parcel.id, desk)
    await relay_all(desk)
    now = await Parcel.get(id=parcel.id)
    assert (now.state, now.ended_at) == (state, desk.now())
    assert [one.state for one in news if isinstance(one, ParcelEnded)] == [state]


async def test_a_confirmed_push_ends_a_parcel_once(desk, carrier, parcel, news):
    carrier.tell(parcel.waybill_no, "704", TrackStep.DELIVERED)
    for serial in "123":
        await push(desk, parcel, "704", serial=serial)
        await relay_all(desk)
    await refresh_track(parcel.id, desk)
    await relay_all(desk)
    assert carrier.asked == [parcel.waybill_no] * 2
    # Two consumers hear them, in no order between each other.
    collected, ended = sorted(news, key=lambda one: one.topic)
    assert (type(collected), type(ended)) == (ParcelCollected, ParcelEnded)
    assert (ended.case_id, ended.transfer_id, ended.purpose) == ("case1", None, "result")


async def test_a_delivery_that_was_revoked_and_made_again_is_news_once(
    desk, carrier, parcel, news, clock
):
    number = parcel.waybill_no
    carrier.tell(number, "704", TrackStep.DELIVERED)
    await refresh_track(parcel.id, desk)
    clock.advance(minutes=1)
    carrier.tell(number, "743", None, revokes={"704"})
    await push(desk, parcel, "743", revokes={"704"})
    assert await state_of(parcel) is ParcelState.DELIVERED
    await relay_all(desk)
    now = await Parcel.get(id=parcel.id)
    assert (now.state, now.ended_at) == (ParcelState.COLLECTED, None)
    clock.advance(minutes=1)
    carrier.tell(number, "704", TrackStep.DELIVERED)
    await refresh_track(parcel.id, desk)
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.DELIVERED
    assert [one.state for one in news if isinstance(one, ParcelEnded)] == ["delivered"]


async def test_a_parcel_called_delivered_that_comes_back_is_news_twice(
    desk, carrier, parcel, news, clock
):
    carrier.tell(parcel.waybill_no, "704", TrackStep.DELIVERED)
    await refresh_track(parcel.id, desk)
    clock.advance(days=1)
    carrier.tell(parcel.waybill_no, "711", TrackStep.RETURNED)
    await refresh_track(parcel.id, desk)
    await relay_all(desk)
    states = [one.state for one in news if isinstance(one, ParcelEnded)]
    assert states == [ParcelState.DELIVERED, ParcelState.RETURNED]


async def test_a_spliced_hint_is_corrected_by_the_carriers_list(desk, carrier, parcel):
    event = event_of(desk.now(), parcel.waybill_no, "704", TrackStep.LOST)
    pushed = TrackPush("spliced1", desk.now(), event)
    await in_transaction(lambda: keep_push(pushed, source="ems", now=desk.now()))
    carrier.tell(parcel.waybill_no, "704", TrackStep.DELIVERED)
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.DELIVERED
    assert (await TrackRecord.get()).step == "delivered"


async def test_events_out_of_order_lead_to_the_same_end(desk, parcel):
    for minutes, code in ((3, "702"), (1, "203"), (2, "389")):
        await push(desk, parcel, code, at=desk.now() + timedelta(minutes=minutes))
    assert await state_of(parcel) is ParcelState.OUT_FOR_DELIVERY


async def test_pushes_at_once_lose_no_event(desk, parcel):
    minutes = {"203": 1, "389": 2, "702": 3, "705": 4}
    pushes = [
        push(desk, parcel, code, at=desk.now() + timedelta(minutes=after))
        for code, after in minutes.items()
    ]
    await asyncio.gather(*pushes)
    assert await TrackRecord.all().count() == 4
    assert await state_of(parcel) is ParcelState.OUT_FOR_DELIVERY


async def test_an_unknown_step_changes_no_state(desk, parcel):
    await push(desk, parcel, "999")
    assert await state_of(parcel) is ParcelState.SEALED
    assert (await TrackRecord.get()).step == ""


async def test_a_push_ahead_of_our_own_write_is_kept_for_later(desk):
    parcel, _ = await make_sealed(desk)
    await Parcel.filter(id=parcel.id).update(waybill_no=None)
    await push(desk, parcel, "203")
    await Parcel.filter(id=parcel.id).update(waybill_no=parcel.waybill_no)
    await push(desk, parcel, "999")
    assert await state_of(parcel) is ParcelState.COLLECTED


async def test_a_parcel_without_a_seal_does_not_move_by_events(desk):
    parcel = await make_labelled(desk)
    await push(desk, parcel, "203")
    assert await state_of(parcel) is ParcelState.LABELLED


async def test_a_parcel_cancelled_by_the_post_is_recalled(desk, carrier):
    parcel, _ = await make_sealed(desk)
    await push(desk, parcel, "801")
    assert await state_of(parcel) is ParcelState.SEALED
    carrier.tell(parcel.waybill_no, "801", TrackStep.CANCELLED)
    carrier.failures["cancel_order"] = VendorRefused("ems", code="B0004")
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.CANCELLED
    assert (await PickupCode.get()).state is PickupCodeState.REVOKED
    assert (await CourierOrder.get()).state is OrderState.CANCELLED


async def test_a_revoked_collection_does_not_undo_our_own_hand_over(desk, clock):
    parcel, code = await make_sealed(desk)
    await send(desk, scan_of(desk, code.long))
    await push(desk, parcel, "389")
    clock.advance(minutes=1)
    await push(desk, parcel, "474", revokes={"389"})
    assert await state_of(parcel) is ParcelState.COLLECTED


async def test_a_failed_attempt_waits_for_the_carriers_list_before_anybody_is_sent(
    desk, carrier, parcel
):
    await push(desk, parcel, "702")
    await push(desk, parcel, "705", at=desk.now() + timedelta(seconds=1))
    assert await state_of(parcel) is ParcelState.OUT_FOR_DELIVERY
    await relay_all(desk)
    assert carrier.asked == [parcel.waybill_no]
    assert await state_of(parcel) is ParcelState.OUT_FOR_DELIVERY
    assert await ParcelTask.all().count() == await Notice.all().count() == 0
    carrier.tell(parcel.waybill_no, "705", TrackStep.ATTEMPT_FAILED)
    await push(desk, parcel, "705", serial="again", at=desk.now() + timedelta(seconds=2))
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.ATTEMPT_FAILED
    assert [task.kind for task in await ParcelTask.all()] == [ParcelTaskKind.ATTEMPT_FAILED]


@pytest.mark.parametrize("first", ["203", "207"])
async def test_a_collection_told_by_mistake_leaves_the_parcel_at_its_point(
    desk, carrier, parcel, news, clock, first
):
    at = {"203": desk.now(), "207": desk.now() + timedelta(seconds=1)}
    for code in sorted(at, reverse=first == "207"):
        await push(desk, parcel, code, at=at[code], revokes={"203"} if code == "207" else ())
    now = await Parcel.get(id=parcel.id)
    assert (now.state, now.collected_at) == (ParcelState.SEALED, None)
    clock.advance(hours=1)
    carrier.tell(parcel.waybill_no, "203", TrackStep.COLLECTED)
    await refresh_track(parcel.id, desk)
    await relay_all(desk)
    now = await Parcel.get(id=parcel.id)
    assert (now.state, now.collected_at) == (ParcelState.COLLECTED, desk.now())
    assert len(news) == (2 if first == "203" else 1)


async def test_a_revoked_collection_that_was_called_off_too_cancels_the_parcel(
    desk, carrier, parcel, clock
):
    await push(desk, parcel, "203")
    carrier.tell(parcel.waybill_no, "203", TrackStep.COLLECTED)
    clock.advance(minutes=1)
    carrier.tell(parcel.waybill_no, "207", None, revokes={"203"})
    carrier.tell(parcel.waybill_no, "801", TrackStep.CANCELLED)
    await refresh_track(parcel.id, desk)
    assert await state_of(parcel) is ParcelState.CANCELLED


async def test_polling_asks_about_each_parcel_in_turn(desk, carrier, parcel, clock):
    await make_labelled(desk, case_id="case2")
    await poll_tracks(desk)
    await poll_tracks(desk)
    assert carrier.asked == [parcel.waybill_no]
    clock.advance(hours=2, seconds=1)
    carrier.tell(parcel.waybill_no, "704", TrackStep.DELIVERED)
    await poll_tracks(desk)
    assert await state_of(parcel) is ParcelState.DELIVERED
    clock.advance(hours=3)
    await poll_tracks(desk)
    assert carrier.asked == [parcel.waybill_no] * 2


async def test_one_parcel_that_cannot_be_read_does_not_hold_up_the_others(desk, carrier):
    await make_sealed(desk)
    second, _ = await make_sealed(desk, case_id="case2")
    carrier.failures["track"] = VendorUnavailable("ems", code="unintelligible")
    carrier.tell(second.waybill_no, "389", TrackStep.IN_TRANSIT)
    await poll_tracks(desk)
    assert await state_of(second) is ParcelState.IN_TRANSIT


async def test_a_refused_query_leaves_everything_as_it_is(desk, carrier, parcel):
    carrier.failures["track"] = VendorRefused("ems", code="no_track")
    await refresh_track(parcel.id, desk)
    assert await state_of(parcel) is ParcelState.SEALED


async def test_a_confirmation_that_gets_no_answer_is_tried_again(desk, carrier, parcel, clock):
    carrier.tell(parcel.waybill_no, "704", TrackStep.DELIVERED)
    carrier.failures["track"] = VendorUnavailable("ems", code="timeout")
    await push(desk, parcel, "704")
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.SEALED
    clock.advance(minutes=6)
    await relay_all(desk)
    assert await state_of(parcel) is ParcelState.DELIVERED
    assert not await OutboxRow.exists(done_at=None)


async def test_the_receiver_reads_a_plain_story(desk, carrier, clock):
    parcel, code = await make_sealed(desk)
    clock.advance(hours=1)
    await send(desk, scan_of(desk, code.long))
    for step_code in ("389", "702", "704"):
        clock.advance(hours=1)
        carrier.tell(parcel.waybill_no, step_code, STEPS[step_code])
    await push(desk, parcel, "711", at=desk.now() + timedelta(minutes=1))
    await refresh_track(parcel.id, desk)
    shown = await show_to_citizen(await Parcel.get(id=parcel.id))
    assert (shown.state, shown.text, shown.can_be_recalled) == ("delivered", "已签收", False)
    assert [step.text for step in shown.timeline] == [
        "已装封,等待邮政揽收安排",
        "已封装,等待快递员取件",
        "快递员已取件",
        "运输中",
        "正在派送",
        "已签收",
    ]


async def test_no_phone_number_of_the_carriers_words_is_kept(desk, parcel):
    event = event_of(desk.now(), parcel.waybill_no, "702", TrackStep.OUT_FOR_DELIVERY)
    object.__setattr__(event, "description", "投递员李,电话13912345678")
    pushed = TrackPush("serial-1", desk.now(), event)
    await in_transaction(lambda: keep_push(pushed, source="ems", now=desk.now()))
    assert (await TrackRecord.get()).description == "投递员李,电话***"
