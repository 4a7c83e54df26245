"""What couriers scan: each answered by itself, many in one transaction where that is the same.

A refused scan is an answer, not an error, so that the tries it costs are kept. Wrong digits that
come without a waybill count against the courier, since no parcel can be blamed; with one they
count against the parcel's code. What a device sends again is answered as the first time.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby

from tortoise.exceptions import IntegrityError

from models.delivery import DigitGuard, HandOver, Parcel, PickupCode, ScanRecord
from models.kinds import Direction
from models.states import ParcelState, PickupCodeState
from server.delivery.answers import (
    NOT_FOUND,
    Answers,
    Finding,
    Scan,
    ScanAnswer,
    answer_of,
    facts_of,
    finding_of,
    replay_of,
)
from server.delivery.bulk_scans import is_plain, take_in_bulk
from server.delivery.codes import check_spoken, find_by_long, find_by_spoken, redeem_code
from server.delivery.repository import is_handed_over, live_code, lock_parcel, who_sealed
from server.delivery.rules import (
    FindWaybill,
    Form,
    Recognised,
    ScanOutcome,
    Tries,
    correct_time,
    count_wrong,
    is_locked_out,
    judge_scan,
    recognise,
)
from server.delivery.schemas import ScanIn
from server.delivery.tracking import tell_collected
from server.kit.access import Actor
from server.kit.states import advance
from server.kit.transaction import in_transaction

SMALLEST_BULK = 2


async def take_scans(
    scans: Sequence[ScanIn],
    *,
    device_now: datetime,
    courier: Actor,
    find_waybill: FindWaybill,
    now: datetime,
) -> list[ScanAnswer]:
    """Answer a batch in its order; call it outside any transaction.

    If it breaks off, what was answered is kept, and the device sends the whole batch again.
    """
    read = [
        Scan(
            given,
            recognise(given.text, find_waybill),
            courier,
            at=correct_time(given.scanned_at, device_now=device_now, now=now),
            now=now,
        )
        for given in scans
    ]
    answers: list[ScanAnswer] = []
    for plain, group in groupby(read, key=is_plain):
        answers += await _answer_group(list(group), may_be_bulk=plain)
    return answers


async def _answer_group(scans: Sequence[Scan], *, may_be_bulk: bool) -> Answers:
    if may_be_bulk and len(scans) >= SMALLEST_BULK:
        answers = await take_in_bulk(scans)
        if answers is not None:
            return answers
    return [await _answer(scan) for scan in scans]


async def _answer(scan: Scan) -> ScanAnswer:
    return await in_transaction(lambda: _answer_once(scan))


async def _answer_once(scan: Scan) -> ScanAnswer:
    scan_id, courier_id = scan.given.scan_id, scan.courier.id
    try:
        record = await ScanRecord.create(
            courier_id=courier_id, scan_id=scan_id, scanned_at=scan.at, recorded_at=scan.now
        )
    except IntegrityError:
        return replay_of(await ScanRecord.get(courier_id=courier_id, scan_id=scan_id))
    finding = await _look_up(scan)
    await ScanRecord.filter(id=record.id).update(
        outcome=finding.outcome, parcel_id=finding.parcel_id
    )
    return answer_of(scan, finding)


async def _look_up(scan: Scan) -> Finding:
    if scan.given.point_code not in scan.courier.point_codes:
        return Finding(ScanOutcome.NOT_YOURS)
    recognised = scan.said
    if recognised is None:
        return NOT_FOUND
    match recognised.form:
        case Form.CODE:
            return await _by_code(scan, await find_by_long(recognised.value), recognised)
        case Form.DIGITS:
            return await _by_digits(scan, recognised)
        case Form.WAYBILL:
            return await _by_waybill(scan, recognised)


async def _by_code(scan: Scan, code: PickupCode | None, recognised: Recognised) -> Finding:
    if code is None or code.parcel_id is None or code.direction is not Direction.OUT:
        return NOT_FOUND
    parcel = await lock_parcel(code.parcel_id)
    await code.refresh_from_db()
    return await _decide(scan, recognised.form, parcel, code)


async def _by_digits(scan: Scan, recognised: Recognised) -> Finding:
    guard = await _lock_guard(scan)
    tries = Tries(guard.tries, guard.tried_at, guard.locked_until)
    if is_locked_out(tries, scan.now):
        return Finding(ScanOutcome.LOCKED)
    code = await find_by_spoken(recognised.value, scan.given.point_code)
    finding = await _by_code(scan, code, recognised)
    if finding.outcome is ScanOutcome.UNKNOWN_OR_WRONG:
        wrong = count_wrong(tries, scan.now)
        await DigitGuard.filter(courier_id=guard.courier_id).update(
            tries=wrong.count, tried_at=wrong.tried_at, locked_until=wrong.locked_until
        )
    return finding


async def _by_waybill(scan: Scan, recognised: Recognised) -> Finding:
    found = await Parcel.get_or_none(
        waybill_no=recognised.value, point_code__in=sorted(scan.courier.point_codes)
    )
    if found is None:
        return NOT_FOUND
    parcel = await lock_parcel(found.id)
    return await _decide(scan, recognised.form, parcel, await live_code(parcel.id))


async def _decide(scan: Scan, form: Form, parcel: Parcel, code: PickupCode | None) -> Finding:
    is_gone = await is_handed_over(parcel.id)
    outcome = judge_scan(facts_of(scan, form, parcel, code=code, is_handed_over=is_gone))
    if outcome is ScanOutcome.COLLECTED and not await _are_digits_right(scan, form, code):
        outcome = ScanOutcome.UNKNOWN_OR_WRONG
    if outcome is ScanOutcome.COLLECTED:
        await _hand_over(scan, parcel, code)
    return finding_of(outcome, parcel)


async def _are_digits_right(scan: Scan, form: Form, code: PickupCode | None) -> bool:
    digits = scan.given.digits
    if digits is None or form is not Form.WAYBILL:
        return True
    return code is not None and await check_spoken(code, digits, actor=scan.courier, now=scan.now)


async def _hand_over(scan: Scan, parcel: Parcel, code: PickupCode | None) -> None:
    await HandOver.create(
        parcel_id=parcel.id,
        direction=Direction.OUT,
        point_code=parcel.point_code,
        given_by=await who_sealed(parcel.id),
        taken_by=scan.courier.name,
        seal_no=parcel.seal_no,
        scanned_at=scan.at,
        recorded_at=scan.now,
    )
    if code is not None and code.state is PickupCodeState.ISSUED:
        await redeem_code(code, actor=scan.courier, now=scan.now)
    if parcel.state is ParcelState.SEALED:
        await advance(
            parcel, ParcelState.COLLECTED, actor=scan.courier, now=scan.now, collected_at=scan.at
        )
        await tell_collected(parcel, now=scan.now)


async def _lock_guard(scan: Scan) -> DigitGuard:
    """Return the courier's tries, locked, so that many at once count as many."""
    courier_id = scan.courier.id
    if not await DigitGuard.exists(courier_id=courier_id):
        with suppress(IntegrityError):
            await DigitGuard.create(courier_id=courier_id, tried_at=scan.now)
    return await DigitGuard.filter(courier_id=courier_id).select_for_update().get()
