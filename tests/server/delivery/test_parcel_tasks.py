"""What the carrier tells, or does not tell, becomes something for people to do."""

from datetime import timedelta
from uuid import uuid4

import pytest

from integrations.contracts.carrier import TrackStep
from models.delivery import CourierOrder, Parcel, ParcelTask
from models.kinds import OrderState, ParcelTaskKind
from models.notifications import Notice
from models.people import WechatAccount
from server.delivery.errors import TaskDone
from server.delivery.parcel_tasks import close_task
from server.delivery.reconciliation import find_differences, reconcile
from server.delivery.tracking import apply_events, refresh_track
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import (
    CLERK,
    POINT,
    event_of,
    make_labelled,
    make_sealed,
    scan_of,
    send,
)


async def live_tasks():
    rows = await ParcelTask.filter(live=True).order_by("id")
    return [(row.kind, row.subject, row.point_code) for row in rows]


async def hand_over(desk, **facts):
    parcel, code = await make_sealed(desk, **facts)
    await send(desk, scan_of(desk, code.long))
    return parcel


@pytest.mark.parametrize(
    ("code", "step", "kind"),
    [
        ("705", TrackStep.ATTEMPT_FAILED, ParcelTaskKind.ATTEMPT_FAILED),
        ("711", TrackStep.RETURNED, ParcelTaskKind.RETURNED),
        ("987", TrackStep.LOST, ParcelTaskKind.LOST),
    ],
)
async def test_trouble_is_told_to_point_and_receiver_once(desk, carrier, code, step, kind):
    account = await WechatAccount.create(
        openid=uuid4().hex, openid_digest=uuid4().hex, person_id="person1", created_at=desk.now()
    )
    parcel = await hand_over(desk)
    carrier.tell(parcel.waybill_no, code, step)
    for _ in range(2):
        await refresh_track(parcel.id, desk)
    assert await live_tasks() == [(kind, parcel.id, POINT)]
    notices = await Notice.all().values_list("account_id", "kind")
    assert notices == [(account.id, f"parcel_{kind}")]


async def test_a_delivery_leaves_nothing_to_do(desk, carrier):
    parcel = await hand_over(desk)
    carrier.tell(parcel.waybill_no, "704", TrackStep.DELIVERED)
    await refresh_track(parcel.id, desk)
    assert await live_tasks() == []


async def test_a_task_is_closed_once(desk, carrier):
    parcel = await hand_over(desk)
    carrier.tell(parcel.waybill_no, "987", TrackStep.LOST)
    await refresh_track(parcel.id, desk)
    task = await ParcelTask.get()
    stale = await ParcelTask.get()

    async def close(row, note):
        await in_transaction(lambda: close_task(row, note=note, actor=CLERK, now=desk.now()))

    await close(task, "已联系")
    with pytest.raises(TaskDone):
        await close(stale, "再次联系")
    kept = await ParcelTask.get()
    assert (kept.note, kept.closed_by, kept.live) == ("已联系", CLERK.name, None)


async def test_a_parcel_handed_over_that_the_post_never_saw_is_missing(desk, clock):
    parcel = await hand_over(desk)
    clock.advance(hours=23)
    assert await find_differences(clock.now()) == {}
    clock.advance(hours=2)
    await reconcile(desk)
    await reconcile(desk)
    assert await live_tasks() == [(ParcelTaskKind.MISSING, parcel.id, POINT)]
    clock.advance(days=4)
    assert list(await find_differences(clock.now())) == [(ParcelTaskKind.MISSING, parcel.id)]


async def test_a_parcel_without_news_for_three_days_is_silent_until_there_is_some(
    desk, carrier, clock
):
    parcel = await hand_over(desk)
    carrier.tell(parcel.waybill_no, "389", TrackStep.IN_TRANSIT)
    await refresh_track(parcel.id, desk)
    clock.advance(hours=71)
    await reconcile(desk)
    assert await live_tasks() == []
    clock.advance(hours=2)
    await reconcile(desk)
    assert await live_tasks() == [(ParcelTaskKind.SILENT, parcel.id, POINT)]
    carrier.tell(parcel.waybill_no, "702", TrackStep.OUT_FOR_DELIVERY)
    await refresh_track(parcel.id, desk)
    await reconcile(desk)
    assert await live_tasks() == []
    assert (await ParcelTask.get()).closed_at == clock.now()


async def test_two_live_waybills_of_one_parcel_are_doubled(desk):
    parcel = await make_labelled(desk)
    assert await find_differences(desk.now()) == {}
    await CourierOrder.create(
        parcel_id=parcel.id,
        order_no="GL-2",
        state=OrderState.TO_RECONCILE,
        waybill_no="1000000099999",
        created_at=desk.now(),
    )
    await reconcile(desk)
    assert await live_tasks() == [(ParcelTaskKind.DOUBLED, parcel.id, POINT)]


async def test_a_waybill_that_is_none_of_ours_is_for_the_district(desk, clock):
    parcel = Parcel(id="none", waybill_no="7777777777777", state="sealed", point_code=POINT)
    event = event_of(clock.now(), "7777777777777", "756", None)
    await in_transaction(lambda: apply_events(parcel, [event], confirmed=False, now=clock.now()))
    assert await find_differences(clock.now()) == {}
    clock.advance(hours=25)
    await reconcile(desk)
    assert await live_tasks() == [(ParcelTaskKind.UNKNOWN_WAYBILL, "7777777777777", "")]
    clock.advance(days=30)
    await reconcile(desk)
    assert await live_tasks() == []


async def test_a_returned_parcel_is_not_silent(desk, carrier, clock):
    parcel = await hand_over(desk)
    carrier.tell(parcel.waybill_no, "711", TrackStep.RETURNED)
    await refresh_track(parcel.id, desk)
    clock.advance(days=9)
    assert await find_differences(clock.now() + timedelta(days=1)) == {}
