"""What couriers scan: each answered by itself, in a transaction of its own.

A refused scan is an answer, not an error, so that the tries it costs are kept. Wrong digits that
come without a waybill count against the courier, since no parcel can be blamed; with one they
count against the parcel's code. What a device sends again is answered as the first time.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError

from models.delivery import DigitGuard, HandOver, Parcel, PickupCode, ScanRecord
from models.kinds import Direction
from models.states import ParcelState, PickupCodeState
from server.delivery.codes import check_spoken, find_by_long, find_by_spoken, redeem_code
from server.delivery.repository import is_handed_over, live_code, lock_parcel, who_sealed
from server.delivery.rules import (
    Form,
    Recognised,
    Scanned,
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


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """How one scan was answered; `first` is the answer that a replayed one was given before."""

    scan_id: str
    outcome: ScanOutcome
    parcel_id: str | None
    scanned_at: datetime
    first: ScanOutcome | None = None


@dataclass(frozen=True, slots=True)
class _Scan:
    """A scan by our clock, with whoever made it."""

    given: ScanIn
    courier: Actor
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class _Finding:
    outcome: ScanOutcome
    parcel_id: str | None = None


NOT_FOUND = _Finding(ScanOutcome.UNKNOWN_OR_WRONG)


async def take_scans(
    scans: Sequence[ScanIn], *, device_now: datetime, courier: Actor, now: datetime
) -> list[ScanAnswer]:
    """Answer a batch in its order; call it outside any transaction.

    If it breaks off, what was answered is kept, and the device sends the whole batch again.
    """
    return [
        await _answer(_Scan(given, courier, _time_of(given, device_now, now), now))
        for given in scans
    ]


def _time_of(given: ScanIn, device_now: datetime, now: datetime) -> datetime:
    return correct_time(given.scanned_at, device_now=device_now, now=now)


async def _answer(scan: _Scan) -> ScanAnswer:
    return await in_transaction(lambda: _answer_once(scan))


async def _answer_once(scan: _Scan) -> ScanAnswer:
    scan_id, courier_id = scan.given.scan_id, scan.courier.id
    try:
        record = await ScanRecord.create(
            courier_id=courier_id, scan_id=scan_id, scanned_at=scan.at, recorded_at=scan.now
        )
    except IntegrityError:
        return _replay(await ScanRecord.get(courier_id=courier_id, scan_id=scan_id))
    finding = await _look_up(scan)
    await ScanRecord.filter(id=record.id).update(
        outcome=finding.outcome, parcel_id=finding.parcel_id
    )
    return ScanAnswer(scan_id, finding.outcome, finding.parcel_id, scan.at)


def _replay(record: ScanRecord) -> ScanAnswer:
    return ScanAnswer(
        record.scan_id,
        ScanOutcome.REPLAYED,
        record.parcel_id,
        record.scanned_at,
        first=ScanOutcome(record.outcome),
    )


async def _look_up(scan: _Scan) -> _Finding:
    if scan.given.point_code not in scan.courier.point_codes:
        return _Finding(ScanOutcome.NOT_YOURS)
    recognised = recognise(scan.given.text)
    if recognised is None:
        return NOT_FOUND
    match recognised.form:
        case Form.CODE:
            return await _by_code(scan, await find_by_long(recognised.value), recognised)
        case Form.DIGITS:
            return await _by_digits(scan, recognised)
        case Form.WAYBILL:
            return await _by_waybill(scan, recognised)


async def _by_code(scan: _Scan, code: PickupCode | None, recognised: Recognised) -> _Finding:
    if code is None:
        return NOT_FOUND
    parcel = await lock_parcel(code.parcel_id)
    await code.refresh_from_db()
    return await _decide(scan, recognised.form, parcel, code)


async def _by_digits(scan: _Scan, recognised: Recognised) -> _Finding:
    guard = await _lock_guard(scan)
    tries = Tries(guard.tries, guard.tried_at, guard.locked_until)
    if is_locked_out(tries, scan.now):
        return _Finding(ScanOutcome.LOCKED)
    code = await find_by_spoken(recognised.value, scan.given.point_code)
    finding = await _by_code(scan, code, recognised)
    if finding.outcome is ScanOutcome.UNKNOWN_OR_WRONG:
        wrong = count_wrong(tries, scan.now)
        await DigitGuard.filter(courier_id=guard.courier_id).update(
            tries=wrong.count, tried_at=wrong.tried_at, locked_until=wrong.locked_until
        )
    return finding


async def _by_waybill(scan: _Scan, recognised: Recognised) -> _Finding:
    found = await Parcel.get_or_none(
        waybill_no=recognised.value, point_code__in=sorted(scan.courier.point_codes)
    )
    if found is None:
        return NOT_FOUND
    parcel = await lock_parcel(found.id)
    return await _decide(scan, recognised.form, parcel, await live_code(parcel.id))


async def _decide(scan: _Scan, form: Form, parcel: Parcel, code: PickupCode | None) -> _Finding:
    outcome = judge_scan(
        Scanned(
            form=form,
            at=scan.at,
            point_code=scan.given.point_code,
            own_points=scan.courier.point_codes,
            parcel_point=parcel.point_code,
            parcel_state=parcel.state,
            is_handed_over=await is_handed_over(parcel.id),
            code_state=code.state if code else None,
            code_expires_at=code.expires_at if code else None,
        )
    )
    if outcome is ScanOutcome.COLLECTED and not await _are_digits_right(scan, form, code):
        outcome = ScanOutcome.UNKNOWN_OR_WRONG
    if outcome is ScanOutcome.COLLECTED:
        await _hand_over(scan, parcel, code)
    is_secret = outcome is ScanOutcome.UNKNOWN_OR_WRONG
    return _Finding(outcome, None if is_secret else parcel.id)


async def _are_digits_right(scan: _Scan, form: Form, code: PickupCode | None) -> bool:
    digits = scan.given.digits
    if digits is None or form is not Form.WAYBILL:
        return True
    return code is not None and await check_spoken(code, digits, actor=scan.courier, now=scan.now)


async def _hand_over(scan: _Scan, parcel: Parcel, code: PickupCode | None) -> None:
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


async def _lock_guard(scan: _Scan) -> DigitGuard:
    """Return the courier's tries, locked, so that many at once count as many."""
    courier_id = scan.courier.id
    if not await DigitGuard.exists(courier_id=courier_id):
        with suppress(IntegrityError):
            await DigitGuard.create(courier_id=courier_id, tried_at=scan.now)
    return await DigitGuard.filter(courier_id=courier_id).select_for_update().get()
