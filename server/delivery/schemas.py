"""What comes in and goes out."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from integrations.contracts.carrier import LabelSize, Party
from models.delivery import Parcel
from models.kinds import OrderState, ParcelPurpose, ParcelTaskKind
from models.states import ParcelState
from server.delivery.rules import ScanOutcome
from server.kit.http.schemas import (
    PRINTABLE,
    Code,
    Incoming,
    LongLine,
    Outgoing,
    PageQuery,
)
from server.kit.masking import mask_name, mask_phone
from server.kit.rows import RowOut

MOST_SCANS = 100
MOST_LABELS = 50

PersonName = Annotated[str, StringConstraints(min_length=2, max_length=32, pattern=PRINTABLE)]
Mobile = Annotated[str, StringConstraints(pattern=r"^1[3-9][0-9]{9}$")]
Region = Annotated[str, StringConstraints(min_length=2, max_length=32, pattern=PRINTABLE)]
Street = Annotated[str, StringConstraints(min_length=4, max_length=120, pattern=PRINTABLE)]
Contents = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PRINTABLE)]
DepartmentCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
SealNo = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,32}$")]
ScanId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Spoken = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
WaybillNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{8,20}$")]


def _each_once(ids: list[str]) -> list[str]:
    if len(set(ids)) < len(ids):
        raise ValueError("named twice")
    return ids


class AddressIn(Incoming):
    """Where a result goes: a mobile number of the mainland and a full address."""

    name: PersonName
    phone: Mobile
    province: Region
    city: Region
    county: Region
    address: Street

    def to_party(self) -> Party:
        """Return it as the carrier takes it."""
        return Party(**self.model_dump())


class PackIn(Incoming):
    """Originals that go out to be checked; what a case results in is packed by its case."""

    contents: Contents
    receiver: AddressIn
    department_code: DepartmentCode | None = None


class RepackIn(Incoming):
    """The same contents again, to the same receiver unless another is given."""

    receiver: AddressIn | None = None


class SealIn(Incoming):
    """The number on the seal."""

    seal_no: SealNo


class RecallIn(Incoming):
    """Why a parcel does not go out."""

    reason: LongLine


class ParcelsQuery(PageQuery):
    """Which parcels of the point."""

    state: ParcelState | None = None


class LabelQuery(Incoming):
    """On which paper; the usual one if none is named."""

    size: LabelSize | None = None


class LabelsIn(Incoming):
    """Which parcels' labels, each once, and on which paper."""

    parcel_ids: Annotated[
        list[Code], Field(min_length=1, max_length=MOST_LABELS), AfterValidator(_each_once)
    ]
    size: LabelSize | None = None


class ParcelOut(Outgoing):
    """A parcel as its point sees it."""

    id: str
    purpose: ParcelPurpose
    state: ParcelState
    case_id: str | None
    contents: str
    receiver_name: str
    receiver_phone: str
    receiver_region: str
    waybill_no: str | None
    seal_no: str
    round_id: str | None
    sealed_at: datetime | None
    collected_at: datetime | None
    ended_at: datetime | None
    alarmed_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, parcel: Parcel) -> "ParcelOut":
        """Show a parcel, its receiver masked."""
        region = parcel.receiver_province + parcel.receiver_city + parcel.receiver_county
        return cls(
            id=parcel.id,
            purpose=parcel.purpose,
            state=parcel.state,
            case_id=parcel.case_id,
            contents=parcel.contents,
            receiver_name=mask_name(parcel.receiver_name),
            receiver_phone=mask_phone(parcel.receiver_phone),
            receiver_region=region,
            waybill_no=parcel.waybill_no,
            seal_no=parcel.seal_no,
            round_id=parcel.round_id,
            sealed_at=parcel.sealed_at,
            collected_at=parcel.collected_at,
            ended_at=parcel.ended_at,
            alarmed_at=parcel.alarmed_at,
            created_at=parcel.created_at,
        )


class PickupCodeOut(Outgoing):
    """A pickup code, shown this once: `qr_svg` is the picture of `tb:p=<code>`."""

    parcel: ParcelOut
    code: str
    digits: str
    qr_svg: str
    expires_at: datetime


class TimelineStep(Outgoing):
    """One thing that happened to a parcel, in plain words."""

    at: datetime
    state: str
    text: str
    place: str


class CitizenParcelOut(Outgoing):
    """A parcel as its receiver sees it."""

    id: str
    case_id: str | None
    state: ParcelState
    text: str
    contents: str
    waybill_no: str | None
    can_be_recalled: bool
    timeline: list[TimelineStep]


class OrderOut(RowOut):
    """An order at the carrier that somebody must look into, and why."""

    id: str
    parcel_id: str
    order_no: str
    state: OrderState
    waybill_no: str
    problem: str
    sent_at: datetime | None
    created_at: datetime


class TaskNoteIn(Incoming):
    """What was done about it."""

    note: LongLine


class ParcelTaskOut(RowOut):
    """Something to do about a parcel; `subject` is its id, or a waybill that is none of ours."""

    id: str
    kind: ParcelTaskKind
    subject: str
    point_code: str
    opened_at: datetime
    closed_at: datetime | None
    note: str


class WaybillIn(Incoming):
    """The waybill number that the carrier told by other ways."""

    waybill_no: WaybillNo


class ScanIn(Incoming):
    """One scan: its id is the device's own; `text` is what was read or typed."""

    scan_id: ScanId
    scanned_at: AwareDatetime
    text: LongLine
    point_code: Code
    digits: Spoken | None = None


class ScansIn(Incoming):
    """Scans in the order they were made; `device_now` corrects the device's clock."""

    device_now: AwareDatetime
    scans: Annotated[list[ScanIn], Field(min_length=1, max_length=MOST_SCANS)]


class ScanOut(Outgoing):
    """How one scan was answered; `first_outcome` goes with `replayed`."""

    scan_id: str
    outcome: ScanOutcome
    text: str
    first_outcome: ScanOutcome | None
    parcel_id: str | None
    scanned_at: datetime


class ScansOut(Outgoing):
    """One answer a scan, in the same order."""

    answers: list[ScanOut]
