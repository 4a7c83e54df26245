"""What other capabilities ask of pre-reviews."""

from collections.abc import Sequence

from models.prereview import Finding, OneTimeNotice, PreReview
from models.states import PreReviewState
from server.prereview.repository import list_notices, save_notice


async def reviewed_items(person_id: str, pre_review_id: str) -> frozenset[str]:
    """Return the codes of the items that a person's pre-review has passed; empty if it has not."""
    passed = PreReview.filter(id=pre_review_id, person_id=person_id, state=PreReviewState.PASSED)
    return frozenset([row.item_code for row in await passed])


async def notices_of(subject: str, subject_id: str) -> list[OneTimeNotice]:
    """Return what was told to be missing, first to last, with the findings of each."""
    return await list_notices(subject_id, subject=subject)


async def tell_missing(notice: OneTimeNotice, findings: Sequence[Finding]) -> None:
    """Write a notice about anything that can be returned, with all its findings."""
    await save_notice(notice, findings)
