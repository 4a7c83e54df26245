"""Many scans in one transaction and few statements, where each is of a parcel of its own.

Long codes and waybill numbers only: what costs tries is never worked off in bulk. Whatever is
unusual - a parcel scanned twice, a scan that comes in twice at once, a parcel that changes
meanwhile - undoes all of it, and the scans are answered one at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from models.delivery import HandOver, Parcel, PickupCode, ScanRecord
from models.kinds import Direction
from models.states import ParcelState, PickupCodeState
from server.delivery.answers import (
    NOT_FOUND,
    Answers,
    Finding,
    Scan,
    answer_of,
    facts_of,
    finding_of,
    replay_of,
)
from server.delivery.codes import digest_long
from server.delivery.repository import (
    codes_of,
    ever_handed_over,
    lock_parcels,
    parcels_by_code,
    parcels_by_waybill,
    who_sealed_each,
)
from server.delivery.rules import Form, Recognised, ScanOutcome, judge_scan
from server.delivery.tracking import tell_all_collected
from server.kit.errors import ChangedMeanwhile
from server.kit.states import advance_all
from server.kit.transaction import in_transaction


class _Unusual(Exception):
    """To be answered one at a time."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A scan, and what its text is if that can name a parcel."""

    scan: Scan
    said: Recognised | None


@dataclass(frozen=True, slots=True)
class _Taken:
    """A parcel that changes hands by a scan."""

    scan: Scan
    parcel: Parcel
    code: PickupCode | None


def is_plain(scan: Scan) -> bool:
    """Tell whether a scan costs nobody a try, whatever it finds."""
    said = scan.said
    return scan.given.digits is None and (said is None or said.form is not Form.DIGITS)


async def take_in_bulk(scans: Sequence[Scan]) -> Answers | None:
    """Answer plain scans of one courier in their order; None if they must go one at a time."""
    try:
        return await in_transaction(lambda: _take_all(scans))
    except (_Unusual, ChangedMeanwhile, IntegrityError):
        return None


async def _take_all(scans: Sequence[Scan]) -> Answers:
    known = await _answered_before(scans)
    fresh = [_read(scan) for scan in scans if scan.given.scan_id not in known]
    findings = await _look_up(fresh)
    await ScanRecord.bulk_create([_record(scan, finding) for scan, finding in findings.values()])
    return [
        replay_of(known[scan.given.scan_id])
        if scan.given.scan_id in known
        else answer_of(*findings[scan.given.scan_id])
        for scan in scans
    ]


async def _answered_before(scans: Sequence[Scan]) -> dict[str, ScanRecord]:
    ids = [scan.given.scan_id for scan in scans]
    if len(set(ids)) < len(ids):
        raise _Unusual
    rows = await ScanRecord.filter(courier_id=scans[0].courier.id, scan_id__in=ids)
    return {row.scan_id: row for row in rows}


def _read(scan: Scan) -> _Read:
    is_own = scan.given.point_code in scan.courier.point_codes
    return _Read(scan, scan.said if is_own else None)


async def _look_up(reads: Sequence[_Read]) -> dict[str, tuple[Scan, Finding]]:
    named = await _name_parcels(reads)
    parcels = await lock_parcels(set(named.values()))
    codes = await codes_of(parcels)
    gone = await ever_handed_over(parcels)
    findings, taken = {}, []
    for read in reads:
        parcel = parcels.get(named.get(read.scan.given.scan_id, ""))
        code = _code_of(read, parcel, codes) if parcel else None
        finding = _judge(read, parcel, code, gone)
        findings[read.scan.given.scan_id] = read.scan, finding
        if parcel and finding.outcome is ScanOutcome.COLLECTED:
            taken.append(_Taken(read.scan, parcel, code))
    await _hand_over_all(taken)
    return findings


async def _name_parcels(reads: Sequence[_Read]) -> dict[str, str]:
    """Return which parcel each scan is of, by scan id."""
    by_code = await parcels_by_code([digest_long(v) for v in _values(reads, Form.CODE)])
    points = reads[0].scan.courier.point_codes if reads else frozenset()
    by_waybill = await parcels_by_waybill(_values(reads, Form.WAYBILL), points)
    named = {}
    for read in reads:
        said = read.said
        if said is None:
            continue
        is_code = said.form is Form.CODE
        found = by_code.get(digest_long(said.value)) if is_code else by_waybill.get(said.value)
        if found is not None:
            named[read.scan.given.scan_id] = found
    if len(set(named.values())) < len(named):
        raise _Unusual
    return named


def _values(reads: Sequence[_Read], form: Form) -> list[str]:
    return [read.said.value for read in reads if read.said and read.said.form is form]


def _code_of(read: _Read, parcel: Parcel, codes: Sequence[PickupCode]) -> PickupCode | None:
    said = read.said
    if said is not None and said.form is Form.CODE:
        digest = digest_long(said.value)
        return next((code for code in codes if code.long_digest == digest), None)
    return next((code for code in codes if code.parcel_id == parcel.id and code.live), None)


def _judge(
    read: _Read, parcel: Parcel | None, code: PickupCode | None, gone: frozenset[str]
) -> Finding:
    scan = read.scan
    if scan.given.point_code not in scan.courier.point_codes:
        return Finding(ScanOutcome.NOT_YOURS)
    if parcel is None or read.said is None:
        return NOT_FOUND
    is_gone = parcel.id in gone
    facts = facts_of(scan, read.said.form, parcel, code=code, is_handed_over=is_gone)
    return finding_of(judge_scan(facts), parcel)


async def _hand_over_all(taken: Sequence[_Taken]) -> None:
    if not taken:
        return
    actor, now = taken[0].scan.courier, taken[0].scan.now
    givers = await who_sealed_each([one.parcel.id for one in taken])
    await HandOver.bulk_create([_hand_over(one, givers) for one in taken])
    codes = [one.code for one in taken if one.code and one.code.state is PickupCodeState.ISSUED]
    await advance_all(codes, PickupCodeState.REDEEMED, actor=actor, now=now, live=None)
    await _collect_all([one for one in taken if one.parcel.state is ParcelState.SEALED])


async def _collect_all(taken: Sequence[_Taken]) -> None:
    if not taken:
        return
    parcels, first = [one.parcel for one in taken], taken[0].scan
    now = first.now
    await advance_all(parcels, ParcelState.COLLECTED, actor=first.courier, now=now)
    for one in taken:
        one.parcel.collected_at = one.scan.at
    # Ours by the move before, until the transaction ends.
    await Parcel.bulk_update(parcels, ["collected_at"])
    await tell_all_collected(parcels, now=now)


def _hand_over(one: _Taken, givers: Mapping[str, str]) -> HandOver:
    return HandOver(
        parcel_id=one.parcel.id,
        direction=Direction.OUT,
        point_code=one.parcel.point_code,
        given_by=givers.get(one.parcel.id, ""),
        taken_by=one.scan.courier.name,
        seal_no=one.parcel.seal_no,
        scanned_at=one.scan.at,
        recorded_at=one.scan.now,
    )


def _record(scan: Scan, finding: Finding) -> ScanRecord:
    return ScanRecord(
        courier_id=scan.courier.id,
        scan_id=scan.given.scan_id,
        parcel_id=finding.parcel_id,
        outcome=finding.outcome,
        scanned_at=scan.at,
        recorded_at=scan.now,
    )
