"""What the routes of pre-review take and give."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.states import AttachmentState, PreReviewState
from server.kit.http.schemas import Code, Incoming, Outgoing, Prose
from server.prereview.rules import FindingReason

MOST_FINDINGS = 100
Fence = Annotated[int, Field(ge=1, le=2**31 - 1)]
Seq = Annotated[int, Field(ge=1, le=9999)]


class PreReviewIn(Incoming):
    """For which item, and where the person would like it to be looked at."""

    item_code: Code
    wished_point_code: Code | None = None


class ClaimIn(Incoming):
    """The fencing number that the claim gave."""

    fence: Fence


class VerdictIn(Incoming):
    """A verdict on one material; whatever is not in order needs advice how to mend it."""

    seq: Seq
    reason: FindingReason
    advice: Prose | None = None

    @model_validator(mode="after")
    def _is_told(self) -> Self:
        if (self.reason is FindingReason.IN_ORDER) != (self.advice is None):
            raise ValueError("advice goes with what is wrong")
        return self


class ReturnIn(ClaimIn):
    """A verdict on every uploaded material, and on what should have been uploaded.

    `repeat_reason` says why something is faulted only now that was there unchanged before.
    """

    findings: Annotated[list[VerdictIn], Field(min_length=1, max_length=MOST_FINDINGS)]
    repeat_reason: Prose | None = None

    @model_validator(mode="after")
    def _is_once_each(self) -> Self:
        if len({one.seq for one in self.findings}) < len(self.findings):
            raise ValueError("one verdict for each material")
        return self


class RejectIn(ClaimIn):
    """Why the matter itself cannot go on."""

    reason: Prose


class MaterialOut(Outgoing):
    """One material that the item asks for, and what was handed in for it.

    `file_state` is null before anything was; `file_refusal` says why a file was refused after all.
    """

    seq: int
    name: str
    is_required: bool
    e_licence: str
    attachment_id: str | None = None
    file_state: AttachmentState | None = None
    file_refusal: str = ""
    uploaded_at: datetime | None = None


class FindingOut(Outgoing):
    """What is wrong with one material, and how to mend it."""

    seq: int
    name: str
    reason: FindingReason
    reason_text: str
    advice: str


class NoticeOut(Outgoing):
    """一次性告知: everything that was wrong in one round."""

    round_no: int
    told_at: datetime
    repeat_reason: str
    findings: list[FindingOut]


class PreReviewSummary(Outgoing):
    """One pre-review in a list."""

    id: str
    item_code: str
    item_name: str
    state: PreReviewState
    round_no: int
    wished_point_code: str | None
    reviewed_point_code: str | None
    submitted_at: datetime | None
    decided_at: datetime | None
    created_at: datetime


class PreReviewOut(PreReviewSummary):
    """A pre-review with its materials and everything its owner was told."""

    materials: list[MaterialOut]
    notices: list[NoticeOut]
    rejection: str = ""


class PreReviewAtDesk(PreReviewOut):
    """A pre-review as its reviewer sees it."""

    applicant: str
    """The name, masked."""


class ClaimOut(Outgoing):
    """A claim: `fence` goes with every answer, the lease ends at `leased_until`."""

    fence: int
    due_at: datetime
    leased_until: datetime
    pre_review: PreReviewAtDesk


class LeaseOut(Outgoing):
    """Until when a claim holds now."""

    fence: int
    leased_until: datetime
