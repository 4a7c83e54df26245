"""What a point does: seal, reissue, recall, pack again; addresses; rounds; what jobs notice."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.delivery import DeliveryAddress, Parcel, ParcelTask, PickupCode, PickupRound
from models.kinds import ParcelTaskKind
from models.states import ParcelState, PickupCodeState, RoundState
from server.delivery.addresses import address_for_case, give_address
from server.delivery.codes import reissue_code, unlock_code
from server.delivery.errors import AlreadyCollected, LabelFirst, StillUnderWay
from server.delivery.repository import parcels_of_round
from server.delivery.rules import ScanOutcome
from server.delivery.schemas import AddressIn
from server.delivery.schemas_rounds import RoundDetailOut
from server.delivery.service import cancel_parcel, receiver_of, repack_parcel, seal_parcel
from server.delivery.tasks import alarm_uncollected, announce_rounds, expire_codes
from server.kit.errors import ChangedMeanwhile, WrongState
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import (
    CITIZEN,
    CLERK,
    ELSEWHERE,
    MANAGER,
    POINT,
    RECEIVER,
    make_labelled,
    make_sealed,
    pack,
    scan_of,
    send,
)
from tests.support.relaying import relay_all


async def seal(ports, parcel):
    return await in_transaction(
        lambda: seal_parcel(parcel, seal_no="S2", actor=CLERK, now=ports.now())
    )


async def recall(ports, parcel):
    await in_transaction(
        lambda: cancel_parcel(parcel, actor=CLERK, now=ports.now(), reason="wrong contents")
    )


async def repack(ports, parcel, receiver=None):
    return await in_transaction(
        lambda: repack_parcel(parcel, receiver=receiver, actor=CLERK, now=ports.now())
    )


async def give(ports, receiver, case_id="case1"):
    return await in_transaction(
        lambda: give_address(case_id, "person1", receiver, actor=CITIZEN, now=ports.now())
    )


async def test_sealing_waits_for_the_label(desk):
    parcel = await pack(desk)
    with pytest.raises(LabelFirst):
        await seal(desk, parcel)
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.PACKED
    assert await PickupCode.all().count() == 0


async def test_a_sealed_parcel_has_a_code_and_a_round(desk):
    parcel, code = await make_sealed(desk)
    assert (parcel.state, parcel.seal_no) == (ParcelState.SEALED, "SEAL-1")
    round_ = await PickupRound.get(id=parcel.round_id)
    assert round_.cut_off_at == datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    assert (len(code.long), len(code.spoken)) == (26, 6)


async def test_a_parcel_is_sealed_once(desk):
    parcel = await make_labelled(desk)
    copies = [await Parcel.get(id=parcel.id) for _ in range(4)]
    results = await asyncio.gather(*(seal(desk, one) for one in copies), return_exceptions=True)
    assert sum(isinstance(one, ChangedMeanwhile) for one in results) == 3
    assert await PickupCode.all().count() == 1
    assert await PickupRound.all().count() == 1


async def test_a_new_code_ends_the_old_one(desk):
    parcel, old = await make_sealed(desk)
    new = await in_transaction(lambda: reissue_code(parcel, actor=CLERK, now=desk.now()))
    states = sorted([one.state for one in await PickupCode.all()])
    assert states == [PickupCodeState.ISSUED, PickupCodeState.REVOKED]
    outcomes = await send(desk, scan_of(desk, old.long), scan_of(desk, new.long))
    assert outcomes == [ScanOutcome.UNKNOWN_OR_WRONG, ScanOutcome.COLLECTED]


async def test_only_a_sealed_parcel_gets_a_new_code(desk):
    parcel = await make_labelled(desk)
    with pytest.raises(WrongState):
        await in_transaction(lambda: reissue_code(parcel, actor=CLERK, now=desk.now()))
    assert await PickupCode.all().count() == 0


async def test_a_code_that_is_not_locked_is_not_unlocked(desk):
    parcel, _ = await make_sealed(desk)
    with pytest.raises(WrongState):
        await in_transaction(lambda: unlock_code(parcel, actor=MANAGER, now=desk.now()))


@pytest.mark.parametrize("make", [pack, make_labelled])
async def test_a_parcel_is_recalled_until_it_is_collected(desk, make):
    parcel = await make(desk)
    await recall(desk, parcel)
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.CANCELLED
    with pytest.raises(WrongState):
        await recall(desk, parcel)


async def test_a_collected_parcel_is_not_recalled(desk):
    parcel, code = await make_sealed(desk)
    await send(desk, scan_of(desk, code.long))
    parcel = await Parcel.get(id=parcel.id)
    with pytest.raises(AlreadyCollected):
        await recall(desk, parcel)
    assert (await Parcel.get(id=parcel.id)).version == parcel.version


async def test_of_recall_and_scan_at_once_one_wins(desk):
    for number in range(6):
        parcel, code = await make_sealed(desk, case_id=f"case{number}")
        (outcome,), failure = await asyncio.gather(
            send(desk, scan_of(desk, code.long)), recall(desk, parcel), return_exceptions=True
        )
        state = (await Parcel.get(id=parcel.id)).state
        if outcome is ScanOutcome.COLLECTED:
            assert isinstance(failure, ChangedMeanwhile)
            assert state is ParcelState.COLLECTED
        else:
            assert (outcome, failure) == (ScanOutcome.CANCELLED, None)
            assert state is ParcelState.CANCELLED


async def test_recalled_contents_are_packed_again_once(desk):
    parcel = await make_labelled(desk)
    with pytest.raises(StillUnderWay):
        await repack(desk, parcel)
    await recall(desk, parcel)
    new = await repack(desk, parcel)
    assert (new.replaces_id, new.case_id, new.state) == (parcel.id, "case1", ParcelState.PACKED)
    assert receiver_of(new) == RECEIVER
    with pytest.raises(StillUnderWay):
        await repack(desk, parcel)
    assert await Parcel.all().count() == 2


async def test_an_address_is_given_and_changed(desk):
    await give(desk, RECEIVER)
    assert await address_for_case("case1") == RECEIVER
    await give(desk, ELSEWHERE)
    assert await address_for_case("case1") == ELSEWHERE
    assert await DeliveryAddress.all().count() == 1
    assert await address_for_case("case2") is None


async def test_another_address_packs_the_result_again(desk, carrier):
    old, _ = await make_sealed(desk)
    await give(desk, ELSEWHERE)
    assert (await Parcel.get(id=old.id)).state is ParcelState.CANCELLED
    new = await Parcel.get(replaces_id=old.id)
    assert (receiver_of(new), new.state) == (ELSEWHERE, ParcelState.PACKED)
    await relay_all(desk)
    assert len(carrier.cancelled) == 1
    assert (await Parcel.get(id=new.id)).state is ParcelState.LABELLED


async def test_of_two_changes_at_once_the_parcel_follows_the_last(desk):
    await give(desk, RECEIVER)
    await make_sealed(desk)
    third = replace(ELSEWHERE, county="滨江区")
    await asyncio.gather(give(desk, ELSEWHERE), give(desk, third))
    live = await Parcel.exclude(state=ParcelState.CANCELLED)
    assert [receiver_of(one) for one in live] == [await address_for_case("case1")]


async def test_the_same_address_again_leaves_the_parcel_alone(desk):
    parcel, _ = await make_sealed(desk)
    await give(desk, RECEIVER)
    assert (await Parcel.get(id=parcel.id)).version == parcel.version


async def test_the_address_of_a_collected_parcel_stays(desk):
    _, code = await make_sealed(desk)
    await give(desk, RECEIVER)
    await send(desk, scan_of(desk, code.long))
    with pytest.raises(AlreadyCollected):
        await give(desk, ELSEWHERE)
    assert await address_for_case("case1") == RECEIVER
    assert await Parcel.all().count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "12900000001"),
        ("phone", "1390000000"),
        ("phone", "１３９００００００００"),
        ("name", "张"),
        ("name", "张\n三"),
        ("address", "x" * 121),
        ("city", ""),
    ],
)
def test_an_address_that_cannot_be_one_is_refused(field, value):
    good = {
        "name": "张三丰",
        "phone": "13900000001",
        "province": "江苏省",
        "city": "南京市",
        "county": "玄武区",
        "address": "某街2号院3栋",
    }
    assert AddressIn(**good).to_party() == RECEIVER
    with pytest.raises(ValueError, match=field):
        AddressIn(**(good | {field: value}))


async def test_a_round_names_what_is_missing(desk):
    first, code = await make_sealed(desk)
    second, _ = await make_sealed(desk, case_id="case2")
    await send(desk, scan_of(desk, code.long))
    round_ = await PickupRound.get(id=first.round_id)
    shown = RoundDetailOut.of(round_, await parcels_of_round(round_.id))
    assert (shown.expected, shown.taken) == (2, 1)
    assert [one.id for one in shown.parcels if not one.is_taken] == [second.id]


async def test_a_round_is_announced_once_and_takes_no_more(desk, clock):
    first, _ = await make_sealed(desk)
    await announce_rounds(desk)
    assert (await PickupRound.get()).state is RoundState.OPEN
    clock.advance(hours=2)
    await announce_rounds(desk)
    announced = await PickupRound.get()
    assert (announced.state, announced.announced_at) == (RoundState.ANNOUNCED, desk.now())
    clock.advance(minutes=1)
    await announce_rounds(desk)
    assert (await PickupRound.get()).version == announced.version
    later, _ = await make_sealed(desk, case_id="case2")
    assert later.round_id != first.round_id


async def test_a_round_from_which_all_was_recalled_closes(desk, clock):
    parcel, _ = await make_sealed(desk)
    await recall(desk, parcel)
    clock.advance(hours=2)
    await announce_rounds(desk)
    assert (await PickupRound.get()).state is RoundState.CLOSED


async def test_a_round_closes_when_its_last_parcel_is_recalled(desk, clock):
    parcel, _ = await make_sealed(desk)
    clock.advance(hours=2)
    await announce_rounds(desk)
    assert (await PickupRound.get()).state is RoundState.ANNOUNCED
    await recall(desk, parcel)
    assert (await PickupRound.get()).state is RoundState.CLOSED


async def test_a_parcel_left_lying_for_a_day_is_noticed_once(desk, clock):
    parcel, _ = await make_sealed(desk)
    clock.advance(hours=23, minutes=59)
    await alarm_uncollected(desk)
    assert (await Parcel.get(id=parcel.id)).alarmed_at is None
    clock.advance(minutes=1)
    await alarm_uncollected(desk)
    noticed_at = desk.now()
    clock.advance(hours=1)
    await alarm_uncollected(desk)
    assert (await Parcel.get(id=parcel.id)).alarmed_at == noticed_at
    task = await ParcelTask.get()
    assert (task.kind, task.subject, task.point_code, task.live) == (
        ParcelTaskKind.NOT_COLLECTED,
        parcel.id,
        POINT,
        True,
    )


@pytest.mark.parametrize("way", ["scanned", "recalled"])
async def test_the_alarm_ends_when_the_parcel_leaves_or_is_taken_back(desk, clock, way):
    parcel, code = await make_sealed(desk)
    clock.advance(hours=24)
    await alarm_uncollected(desk)
    if way == "scanned":
        await send(desk, scan_of(desk, code.long), scan_of(desk, "A" * 26))
    else:
        await recall(desk, await Parcel.get(id=parcel.id))
    task = await ParcelTask.get()
    assert (task.live, task.closed_at) == (None, desk.now())


async def test_a_code_expires_a_day_after_its_time(desk, clock):
    await make_sealed(desk)
    clock.advance(days=7, hours=23)
    await expire_codes(desk)
    assert (await PickupCode.get()).state is PickupCodeState.ISSUED
    clock.advance(hours=1)
    await expire_codes(desk)
    code = await PickupCode.get()
    assert (code.state, code.live) == (PickupCodeState.EXPIRED, None)
