"""What comes in and goes out about cases."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from integrations.contracts.carrier import Party
from models.cases import Transfer
from models.kinds import HolderKind, Outcome, TransferKind, TransferWay
from models.states import CaseState, TransferState
from server.cases.notify_missing import Missing
from server.cases.rules import SuspensionReason
from server.identity.schemas import IdentityIn
from server.kit.http.schemas import (
    PRINTABLE,
    Code,
    Incoming,
    Line,
    LongLine,
    Outgoing,
    PageQuery,
    Prose,
)

District = Annotated[str, StringConstraints(min_length=2, max_length=32, pattern=PRINTABLE)]
Mobile = Annotated[str, StringConstraints(pattern=r"^1[3-9][0-9]{9}$")]


class ReceiveIn(Incoming):
    """Papers at a window: of the person being served, or of somebody shown by identity card."""

    item_code: Code
    ticket_id: Code | None = None
    person: IdentityIn | None = None
    pre_review_id: Code | None = None

    @model_validator(mode="after")
    def _whose(self) -> "ReceiveIn":
        if self.ticket_id is None and self.person is None:
            raise ValueError("a ticket or a person")
        return self


class ReasonIn(Incoming):
    """Why."""

    reason: Prose


class MissingIn(Incoming):
    """One material that is missing or wrong."""

    seq: Annotated[int, Field(ge=1, le=999)]
    reason: Line
    advice: Prose


class NotifyMissingIn(Incoming):
    """Everything that is missing, at once."""

    findings: Annotated[list[MissingIn], Field(min_length=1, max_length=100)]
    repeat_reason: Prose | None = None

    def missing(self) -> list[Missing]:
        """Return the findings in the engine's form."""
        return [Missing(one.seq, one.reason, one.advice) for one in self.findings]


class TransferIn(Incoming):
    """How the materials travel."""

    way: TransferWay


class SuspendIn(Incoming):
    """Why the clock stops."""

    reason: SuspensionReason
    note: Prose


class DecideIn(Incoming):
    """What is decided, and on what grounds."""

    outcome: Outcome
    note: Prose


class DeliveryIn(Incoming):
    """Where the result goes."""

    name: Line
    phone: Mobile
    province: District
    city: District
    county: District
    address: LongLine

    def party(self) -> Party:
        """Return the receiver as delivery takes it."""
        return Party(**self.model_dump())


class DeskQuery(PageQuery):
    """Which cases of a desk."""

    state: CaseState | None = None


class CaseOut(Outgoing):
    """A case in a list."""

    case_no: str
    item_code: str
    item_name: str
    state: CaseState
    state_text: str
    point_code: str
    department_code: str
    holder_kind: HolderKind
    holder_code: str
    received_at: datetime
    accepted_at: datetime | None
    promised_due_at: datetime | None
    statutory_due_at: datetime | None
    outcome: Outcome | None


class StepOut(Outgoing):
    """One step of the timeline."""

    at: datetime
    state: str
    text: str
    reason: str


class FindingOut(Outgoing):
    """One thing that is missing."""

    seq: int
    reason: str
    advice: str


class NoticeOut(Outgoing):
    """What was told to be missing, at once."""

    told_at: datetime
    repeat_reason: str
    findings: list[FindingOut]


class TransferOut(Outgoing):
    """A transfer."""

    id: str
    kind: TransferKind
    way: TransferWay
    to_code: str
    state: TransferState
    reason: str
    parcel_id: str | None
    requested_at: datetime
    taken_over_at: datetime | None

    @classmethod
    def of(cls, transfer: Transfer, *, parcel_id: str | None) -> "TransferOut":
        """Show a transfer and the parcel that carries its materials, if it is mailed."""
        return cls(
            id=transfer.id,
            kind=transfer.kind,
            way=transfer.way,
            to_code=transfer.to_code,
            state=transfer.state,
            reason=transfer.reason,
            parcel_id=parcel_id,
            requested_at=transfer.requested_at,
            taken_over_at=transfer.taken_over_at,
        )


class CertificateOut(Outgoing):
    """The result document."""

    number: str
    title: str
    issued_by: str
    issued_at: datetime


class ClockOut(Outgoing):
    """What the clock of a case says."""

    is_running: bool
    working_days_left: int | None
    is_overdue: bool
    suspended_on: date | None


class CaseDetailOut(CaseOut):
    """A case whole: who has it, what happened, how long it may take."""

    applicant: str
    decision_note: str
    clock: ClockOut
    timeline: list[StepOut]
    notices: list[NoticeOut]
    transfers: list[TransferOut]
    certificate: CertificateOut | None
    parcel_ids: list[str]


class AddressOut(Outgoing):
    """Where a result goes, masked."""

    case_no: str
    name: str
    phone: str
    address: str
    is_checked: bool
    """Whether the carrier said that it goes there; if not, it is asked again."""
