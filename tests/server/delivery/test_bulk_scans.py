"""A batch is answered and kept as if its scans had come one at a time."""

import asyncio
import random
from datetime import timedelta

import pytest

from integrations.ems.mapping import find_waybill
from models.bookkeeping import OutboxRow, Transition
from models.delivery import HandOver, Parcel, PickupCode, PickupRound, ScanRecord
from models.states import ParcelState, PickupCodeState, RoundState
from server.delivery.rounds import announce_round
from server.delivery.rules import ScanOutcome
from server.delivery.scans import take_scans
from server.delivery.service import cancel_parcel
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import (
    CLERK,
    COURIER,
    FAR_COURIER,
    OTHER_POINT,
    SECOND_COURIER,
    make_labelled,
    make_sealed,
    scan_of,
    send,
)

COLLECTED, REPLAYED, TAKEN, WRONG = (
    ScanOutcome.COLLECTED,
    ScanOutcome.REPLAYED,
    ScanOutcome.ALREADY_TAKEN,
    ScanOutcome.UNKNOWN_OR_WRONG,
)


async def seal_many(ports, count):
    return [await make_sealed(ports, case_id=f"case{number}") for number in range(count)]


async def written():
    """Everything that a scan writes, without what the database numbers."""
    columns = {
        Parcel: ("case_id", "state", "version", "collected_at"),
        PickupCode: ("parcel_id", "state", "version", "live", "tries"),
        HandOver: ("parcel_id", "given_by", "taken_by", "seal_no", "scanned_at", "recorded_at"),
        ScanRecord: ("courier_id", "scan_id", "parcel_id", "outcome", "scanned_at"),
        OutboxRow: ("topic", "consumer", "aggregate_id", "dedupe_key", "payload"),
        PickupRound: ("point_code", "state"),
        Transition: ("aggregate", "from_state", "to_state", "actor", "moved_at"),
    }
    return {
        model.__name__: sorted(map(repr, await model.all().values_list(*names)))
        for model, names in columns.items()
    }


async def test_a_batch_leaves_what_single_scans_leave(desk, clock):
    parcels = await seal_many(desk, 6)
    scans = [
        scan_of(desk, code.long if number % 2 else parcel.waybill_no, age=timedelta(hours=number))
        for number, (parcel, code) in enumerate(parcels)
    ]
    single = []
    for scan in scans[:3]:
        single += await send(desk, scan)
    halves = await send(desk, *scans[3:])
    assert single + halves == [COLLECTED] * 6
    for number, (parcel, _) in enumerate(parcels):
        kept = await Parcel.get(id=parcel.id)
        assert (kept.state, kept.version) == (ParcelState.COLLECTED, parcel.version + 1)
        assert kept.collected_at == clock.now() - timedelta(hours=number)
        code = await PickupCode.get(parcel_id=parcel.id)
        assert (code.state, code.version, code.live) == (PickupCodeState.REDEEMED, 2, None)
        hand_over = await HandOver.get(parcel_id=parcel.id)
        assert (hand_over.given_by, hand_over.taken_by) == (CLERK.name, COURIER.name)
        assert (hand_over.seal_no, hand_over.scanned_at) == ("SEAL-1", kept.collected_at)
        moves = await Transition.filter(aggregate_id=parcel.id, to_state="collected")
        assert [(move.actor, move.from_state) for move in moves] == [(COURIER.name, "sealed")]
        news = await OutboxRow.filter(topic="parcel.collected", aggregate_id=parcel.id)
        first = await OutboxRow.filter(topic="parcel.collected", aggregate_id=parcels[0][0].id)
        assert len(news) == len(first)


async def test_each_scan_of_a_mixed_batch_has_its_own_answer(desk):
    (parcel, code), (elsewhere, other), (recalled, third) = await seal_many(desk, 3)
    await in_transaction(
        lambda: cancel_parcel(recalled, actor=CLERK, now=desk.now(), reason="mistake")
    )
    unsealed = await make_labelled(desk, case_id="case9")
    scans = [
        scan_of(desk, code.long),
        scan_of(desk, other.long, point=OTHER_POINT),
        scan_of(desk, third.long),
        scan_of(desk, unsealed.waybill_no),
        scan_of(desk, "A" * 26),
        scan_of(desk, "not a code"),
        scan_of(desk, "9999999999999"),
        scan_of(desk, elsewhere.waybill_no, point="nowhere"),
    ]
    assert await send(desk, *scans) == [
        COLLECTED,
        ScanOutcome.WRONG_POINT,
        ScanOutcome.CANCELLED,
        ScanOutcome.NOT_SEALED,
        WRONG,
        WRONG,
        WRONG,
        ScanOutcome.NOT_YOURS,
    ]
    assert await HandOver.all().values_list("parcel_id", flat=True) == [parcel.id]
    assert (await Parcel.get(id=elsewhere.id)).version == elsewhere.version


async def test_one_parcel_twice_in_a_batch_is_taken_once(desk):
    (parcel, code), (_, other) = await seal_many(desk, 2)
    scans = [scan_of(desk, t) for t in (code.long, other.long, parcel.waybill_no)]
    assert await send(desk, *scans) == [COLLECTED, COLLECTED, TAKEN]
    assert await HandOver.all().count() == 2


async def test_one_scan_twice_in_a_batch_is_answered_as_the_first_time(desk):
    (_, code), (_, other) = await seal_many(desk, 2)
    first = scan_of(desk, code.long)
    assert await send(desk, first, scan_of(desk, other.long), first) == [
        COLLECTED,
        COLLECTED,
        REPLAYED,
    ]


async def test_a_batch_sent_again_changes_nothing(desk):
    scans = [scan_of(desk, code.long) for _, code in await seal_many(desk, 4)]
    await send(desk, *scans)
    before = await written()
    late = scan_of(desk, "A" * 26)
    shuffled = random.Random(1).sample(scans, 4)
    assert await send(desk, *shuffled, late) == [REPLAYED] * 4 + [WRONG]
    after = await written()
    assert [name for name in before if before[name] != after[name]] == ["ScanRecord"]


async def test_spoken_digits_among_the_scans_are_counted_as_ever(desk):
    (_, code), (_, other), (_, third) = await seal_many(desk, 3)
    wrong = next(f"{n:06d}" for n in range(9) if f"{n:06d}" not in {code.spoken, other.spoken})
    texts = [code.long, third.long, *[wrong] * 5, other.spoken, other.long]
    outcomes = await send(desk, *(scan_of(desk, text) for text in texts))
    assert outcomes == [COLLECTED] * 2 + [WRONG] * 5 + [ScanOutcome.LOCKED, COLLECTED]


async def test_a_batch_of_another_tour_takes_nothing(desk):
    parcels = await seal_many(desk, 3)
    scans = [scan_of(desk, code.long, point="350102-S01") for _, code in parcels]
    assert await send(desk, *scans, courier=FAR_COURIER) == [ScanOutcome.NOT_YOURS] * 3
    assert not await HandOver.exists()


async def test_a_round_closes_with_the_batch_that_empties_it(desk, clock):
    scans = [scan_of(desk, code.long) for _, code in await seal_many(desk, 3)]
    clock.advance(hours=3)
    round_ = await PickupRound.first()
    await in_transaction(lambda: announce_round(round_.id, now=desk.now()))
    await send(desk, *scans[:2])
    assert (await PickupRound.get(id=round_.id)).state is RoundState.ANNOUNCED
    await send(desk, *scans[1:])
    assert (await PickupRound.get(id=round_.id)).state is RoundState.CLOSED


@pytest.mark.parametrize("seed", range(3))
async def test_two_couriers_at_once_take_each_parcel_once(desk, seed):
    parcels = await seal_many(desk, 8)
    draw = random.Random(seed)

    async def scan_all(courier):
        batch = [scan_of(desk, code.long) for _, code in draw.sample(parcels, 8)]
        return await take_scans(
            batch, device_now=desk.now(), courier=courier, find_waybill=find_waybill, now=desk.now()
        )

    answers = await asyncio.gather(scan_all(COURIER), scan_all(SECOND_COURIER))
    outcomes = [answer.outcome for batch in answers for answer in batch]
    assert sorted(outcomes) == sorted([COLLECTED] * 8 + [TAKEN] * 8)
    assert await HandOver.all().count() == 8
    assert await Transition.filter(to_state="collected").count() == 8
