"""A scan as it is worked on, what it found, and how it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.delivery import Parcel, PickupCode, ScanRecord
from server.delivery.rules import Form, Recognised, Scanned, ScanOutcome
from server.delivery.schemas import ScanIn
from server.kit.access import Actor


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """How one scan was answered; `first` is the answer that a replayed one was given before."""

    scan_id: str
    outcome: ScanOutcome
    parcel_id: str | None
    scanned_at: datetime
    first: ScanOutcome | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan by our clock, with whoever made it."""

    given: ScanIn
    said: Recognised | None
    courier: Actor
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What a scan comes to; the parcel is named only to one who may know of it."""

    outcome: ScanOutcome
    parcel_id: str | None = None


Answers = Sequence[ScanAnswer]
NOT_FOUND = Finding(ScanOutcome.UNKNOWN_OR_WRONG)


def answer_of(scan: Scan, finding: Finding) -> ScanAnswer:
    """Return the answer to a scan that was never sent before."""
    return ScanAnswer(scan.given.scan_id, finding.outcome, finding.parcel_id, scan.at)


def replay_of(record: ScanRecord) -> ScanAnswer:
    """Return the answer to a scan that was answered before."""
    return ScanAnswer(
        record.scan_id,
        ScanOutcome.REPLAYED,
        record.parcel_id,
        record.scanned_at,
        first=ScanOutcome(record.outcome),
    )


def finding_of(outcome: ScanOutcome, parcel: Parcel) -> Finding:
    """Return what a scan of this parcel comes to."""
    is_secret = outcome is ScanOutcome.UNKNOWN_OR_WRONG
    return Finding(outcome, None if is_secret else parcel.id)


def facts_of(
    scan: Scan, form: Form, parcel: Parcel, *, code: PickupCode | None, is_handed_over: bool
) -> Scanned:
    """Return everything that the answer to a scan of a parcel depends on."""
    return Scanned(
        form=form,
        at=scan.at,
        point_code=scan.given.point_code,
        own_points=scan.courier.point_codes,
        parcel_point=parcel.point_code,
        parcel_state=parcel.state,
        is_handed_over=is_handed_over,
        code_state=code.state if code else None,
        code_expires_at=code.expires_at if code else None,
    )
