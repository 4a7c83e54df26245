"""Couriers scan: every answer, replays, guesses, and two at once."""

import asyncio
from datetime import timedelta

import pytest

from integrations.contracts.carrier import TrackStep
from integrations.ems.mapping import find_waybill
from models.bookkeeping import Transition
from models.delivery import DigitGuard, HandOver, Parcel, PickupCode, PickupRound, ScanRecord
from models.states import ParcelState, PickupCodeState, RoundState
from server.delivery.codes import unlock_code
from server.delivery.rounds import announce_round
from server.delivery.rules import ScanOutcome
from server.delivery.scans import take_scans
from server.delivery.service import cancel_parcel
from server.delivery.tracking import refresh_track
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import (
    CLERK,
    COURIER,
    FAR_COURIER,
    MANAGER,
    OTHER_POINT,
    POINT,
    SECOND_COURIER,
    make_labelled,
    make_sealed,
    scan_of,
    send,
)

COLLECTED, TAKEN, WRONG = (
    ScanOutcome.COLLECTED,
    ScanOutcome.ALREADY_TAKEN,
    ScanOutcome.UNKNOWN_OR_WRONG,
)
NO_CODE = "A" * 26


async def is_untouched(parcel):
    """Whether a sealed parcel is as it was."""
    now = await Parcel.get(id=parcel.id)
    handed = await HandOver.exists(parcel_id=parcel.id)
    return (now.state, now.version, handed) == (ParcelState.SEALED, parcel.version, False)


def wrong_digits(*right):
    """Six digits that are none of these."""
    return next(f"{n:06d}" for n in range(10**6) if f"{n:06d}" not in right)


async def test_the_long_code_hands_the_parcel_over(desk):
    parcel, code = await make_sealed(desk)
    assert await send(desk, scan_of(desk, f"tb:p={code.long}")) == [COLLECTED]
    parcel = await Parcel.get(id=parcel.id)
    assert (parcel.state, parcel.collected_at) == (ParcelState.COLLECTED, desk.now())
    hand_over = await HandOver.get(parcel_id=parcel.id)
    assert (hand_over.given_by, hand_over.taken_by) == (CLERK.name, COURIER.name)
    assert (hand_over.point_code, hand_over.seal_no) == (POINT, "SEAL-1")
    kept = await PickupCode.get(parcel_id=parcel.id)
    assert (kept.state, kept.live) == (PickupCodeState.REDEEMED, None)


@pytest.mark.parametrize("form", ["digits", "waybill", "link"])
async def test_the_other_forms_hand_it_over_too(desk, form):
    parcel, code = await make_sealed(desk)
    text = {
        "digits": code.spoken,
        "waybill": parcel.waybill_no,
        "link": f"https://mini.ems.com.cn/youzheng/mini/{parcel.waybill_no}",
    }[form]
    assert await send(desk, scan_of(desk, text)) == [COLLECTED]
    assert await HandOver.filter(parcel_id=parcel.id).count() == 1


async def test_a_waybill_with_its_digits_is_checked_twice(desk):
    parcel, code = await make_sealed(desk)
    scan = scan_of(desk, parcel.waybill_no, digits=code.spoken)
    assert await send(desk, scan) == [COLLECTED]


async def test_a_second_scan_is_told_that_the_parcel_is_gone(desk):
    _, code = await make_sealed(desk)
    assert await send(desk, scan_of(desk, code.long), scan_of(desk, code.long)) == [
        COLLECTED,
        TAKEN,
    ]
    assert await send(desk, scan_of(desk, code.long), courier=SECOND_COURIER) == [TAKEN]


async def test_a_parcel_of_another_point_of_the_tour_is_at_the_wrong_point(desk):
    parcel, code = await make_sealed(desk)
    for text in (code.long, parcel.waybill_no):
        scan = scan_of(desk, text, point=OTHER_POINT)
        assert await send(desk, scan) == [ScanOutcome.WRONG_POINT]
    assert await is_untouched(parcel)


async def test_a_point_off_the_tour_is_not_his(desk):
    parcel, code = await make_sealed(desk)
    outcomes = await send(desk, scan_of(desk, code.long), courier=FAR_COURIER)
    assert outcomes == [ScanOutcome.NOT_YOURS]
    assert await is_untouched(parcel)


async def test_a_parcel_off_the_tour_is_not_his_wherever_he_says_he_is(desk):
    parcel, code = await make_sealed(desk)
    scan = scan_of(desk, code.long, point="350102-S01")
    assert await send(desk, scan, courier=FAR_COURIER) == [ScanOutcome.NOT_YOURS]
    assert await is_untouched(parcel)


async def test_a_waybill_off_the_tour_is_as_unknown_as_none(desk):
    parcel, _ = await make_sealed(desk)
    for text in (parcel.waybill_no, "9999999999999"):
        scan = scan_of(desk, text, point="350102-S01")
        assert await send(desk, scan, courier=FAR_COURIER) == [WRONG]
    assert await is_untouched(parcel)


@pytest.mark.parametrize("text", [NO_CODE, "000000", "9999999999999", "hello"])
async def test_what_is_unknown_is_unknown(desk, text):
    parcel, code = await make_sealed(desk)
    guess = wrong_digits(code.spoken) if text == "000000" else text
    assert await send(desk, scan_of(desk, guess)) == [WRONG]
    assert await is_untouched(parcel)


async def test_a_recalled_parcel_is_not_taken(desk):
    parcel, code = await make_sealed(desk)
    await in_transaction(lambda: cancel_parcel(parcel, actor=CLERK, now=desk.now(), reason="x"))
    outcomes = await send(desk, scan_of(desk, code.long), scan_of(desk, parcel.waybill_no))
    assert outcomes == [ScanOutcome.CANCELLED] * 2
    assert await HandOver.all().count() == 0


async def test_a_parcel_without_a_seal_is_not_taken(desk):
    parcel = await make_labelled(desk)
    outcomes = await send(desk, scan_of(desk, parcel.waybill_no))
    assert outcomes == [ScanOutcome.NOT_SEALED]
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.LABELLED


async def test_a_code_past_its_time_is_unknown_unless_it_was_scanned_before(desk, clock):
    parcel, code = await make_sealed(desk)
    clock.advance(days=7)
    assert await send(desk, scan_of(desk, code.long)) == [WRONG]
    assert await is_untouched(parcel)
    offline = scan_of(desk, code.long, age=timedelta(minutes=1))
    assert await send(desk, offline) == [COLLECTED]


async def test_a_batch_sent_again_changes_nothing(desk):
    _, code = await make_sealed(desk)
    scans = [scan_of(desk, code.long), scan_of(desk, NO_CODE), scan_of(desk, code.long)]
    first = await send(desk, *scans)
    moves, tries = await Transition.all().count(), await DigitGuard.all().count()
    answers = await take_scans(
        scans, device_now=desk.now(), courier=COURIER, find_waybill=find_waybill, now=desk.now()
    )
    assert [one.outcome for one in answers] == [ScanOutcome.REPLAYED] * 3
    assert [one.first for one in answers] == first == [COLLECTED, WRONG, TAKEN]
    assert await HandOver.all().count() == 1
    assert await ScanRecord.all().count() == 3
    assert (await Transition.all().count(), await DigitGuard.all().count()) == (moves, tries)


async def test_replayed_guesses_cost_no_further_tries(desk):
    parcel, code = await make_sealed(desk)
    guess = scan_of(desk, wrong_digits(code.spoken))
    for _ in range(10):
        await send(desk, guess)
    assert (await DigitGuard.get(courier_id=COURIER.id)).tries == 1
    assert await is_untouched(parcel)


async def test_the_same_scan_id_of_another_courier_is_another_scan(desk):
    _, code = await make_sealed(desk)
    assert await send(desk, scan_of(desk, code.long, scan_id="1")) == [COLLECTED]
    twin = scan_of(desk, code.long, scan_id="1")
    assert await send(desk, twin, courier=SECOND_COURIER) == [TAKEN]


async def test_the_device_clock_does_not_matter(desk):
    parcel, code = await make_sealed(desk)
    scan = scan_of(desk, code.long, age=timedelta(days=-100, minutes=5))
    device_now = desk.now() + timedelta(days=100)
    await take_scans(
        [scan], device_now=device_now, courier=COURIER, find_waybill=find_waybill, now=desk.now()
    )
    hand_over = await HandOver.get(parcel_id=parcel.id)
    assert hand_over.scanned_at == desk.now() - timedelta(minutes=5)
    assert hand_over.recorded_at == desk.now()


async def test_five_wrong_digits_lock_the_couriers_digits(desk, clock):
    parcel, code = await make_sealed(desk)
    guesses = [scan_of(desk, wrong_digits(code.spoken)) for _ in range(5)]
    right = scan_of(desk, code.spoken)
    assert await send(desk, *guesses, right) == [*[WRONG] * 5, ScanOutcome.LOCKED]
    assert await is_untouched(parcel)
    clock.advance(minutes=15)
    assert await send(desk, scan_of(desk, code.spoken)) == [COLLECTED]


async def test_locked_digits_lock_no_other_form_and_no_other_courier(desk):
    _, code = await make_sealed(desk)
    _, second = await make_sealed(desk, case_id="case2")
    guesses = [scan_of(desk, wrong_digits(code.spoken, second.spoken)) for _ in range(5)]
    await send(desk, *guesses)
    assert await send(desk, scan_of(desk, code.long)) == [COLLECTED]
    scan = scan_of(desk, second.spoken)
    assert await send(desk, scan, courier=SECOND_COURIER) == [COLLECTED]


async def test_guesses_at_once_count_as_many(desk):
    _, code = await make_sealed(desk)
    guess = wrong_digits(code.spoken)
    outcomes = await asyncio.gather(*(send(desk, scan_of(desk, guess)) for _ in range(20)))
    assert sorted(one for (one,) in outcomes) == [ScanOutcome.LOCKED] * 15 + [WRONG] * 5


async def test_five_wrong_digits_beside_a_waybill_lock_its_code(desk):
    parcel, code = await make_sealed(desk)
    guess = wrong_digits(code.spoken)
    guesses = [scan_of(desk, parcel.waybill_no, digits=guess) for _ in range(5)]
    assert await send(desk, *guesses) == [WRONG] * 5
    for text in (parcel.waybill_no, code.long):
        assert await send(desk, scan_of(desk, text)) == [ScanOutcome.LOCKED]
    assert (await PickupCode.get(parcel_id=parcel.id)).tries == 5
    assert await is_untouched(parcel)


async def test_the_point_unlocks_a_code(desk):
    parcel, code = await make_sealed(desk)
    guess = wrong_digits(code.spoken)
    await send(desk, *[scan_of(desk, parcel.waybill_no, digits=guess) for _ in range(5)])
    await in_transaction(lambda: unlock_code(parcel, actor=MANAGER, now=desk.now()))
    assert (await PickupCode.get(parcel_id=parcel.id)).tries == 0
    assert await send(desk, scan_of(desk, code.long)) == [COLLECTED]


async def test_of_many_couriers_at_once_one_takes_the_parcel(desk):
    parcel, code = await make_sealed(desk)
    texts = [code.long, parcel.waybill_no] * 6
    couriers = [COURIER, COURIER, SECOND_COURIER, SECOND_COURIER] * 3
    outcomes = await asyncio.gather(
        *(
            send(desk, scan_of(desk, text), courier=courier)
            for text, courier in zip(texts, couriers, strict=True)
        )
    )
    assert sorted(one for (one,) in outcomes) == [TAKEN] * 11 + [COLLECTED]
    assert await HandOver.filter(parcel_id=parcel.id).count() == 1
    moves = Transition.filter(aggregate_id=parcel.id, to_state=ParcelState.COLLECTED)
    assert await moves.count() == 1


async def test_one_scan_sent_twice_at_once_has_one_effect(desk):
    parcel, code = await make_sealed(desk)
    scan = scan_of(desk, code.long)
    outcomes = await asyncio.gather(*(send(desk, scan) for _ in range(8)))
    assert sorted(one for (one,) in outcomes) == [COLLECTED] + [ScanOutcome.REPLAYED] * 7
    assert await HandOver.filter(parcel_id=parcel.id).count() == 1


async def test_a_scan_made_offline_still_counts_after_the_post_told_of_the_parcel(desk, carrier):
    parcel, code = await make_sealed(desk)
    carrier.tell(parcel.waybill_no, "389", TrackStep.IN_TRANSIT)
    await refresh_track(parcel.id, desk)
    assert await send(desk, scan_of(desk, code.long)) == [COLLECTED]
    assert (await Parcel.get(id=parcel.id)).state is ParcelState.IN_TRANSIT
    assert await HandOver.filter(parcel_id=parcel.id).count() == 1


async def test_a_round_closes_with_its_last_parcel(desk, clock):
    first, one = await make_sealed(desk)
    _, two = await make_sealed(desk, case_id="case2")
    clock.advance(hours=2)
    await in_transaction(lambda: announce_round(first.round_id, now=desk.now()))
    await send(desk, scan_of(desk, one.long))
    assert (await PickupRound.get(id=first.round_id)).state is RoundState.ANNOUNCED
    await send(desk, scan_of(desk, two.long))
    assert (await PickupRound.get(id=first.round_id)).state is RoundState.CLOSED


async def test_no_code_is_kept_in_the_clear(desk):
    parcel, code = await make_sealed(desk)
    kept = await PickupCode.filter(parcel_id=parcel.id).values()
    assert code.long not in str(kept)
    assert code.spoken not in (kept[0]["spoken_digest"], kept[0]["long_digest"])
    assert code.long not in repr(code)
    assert code.spoken not in repr(code)
