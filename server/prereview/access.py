"""Who may reach a pre-review: its owner, the staff of the point that reviews it."""

from datetime import datetime

from models.attachments import Attachment
from models.prereview import PreReview
from server.balancing.reviews import is_claimed_by
from server.kit.access import Actor, found
from server.prereview.repository import SUBJECT


async def access_own_pre_review(pre_review_id: str, *, person_id: str) -> PreReview:
    """Return a person's own pre-review; raises `NotFound`."""
    return found(await PreReview.get_or_none(id=pre_review_id, person_id=person_id))


async def access_pre_review_at_point(pre_review_id: str, *, point_code: str) -> PreReview:
    """Return a pre-review that this point has claimed last; raises `NotFound`."""
    return found(await PreReview.get_or_none(id=pre_review_id, reviewed_point_code=point_code))


async def may_see_file(attachment: Attachment, actor: Actor, now: datetime) -> str | None:
    """Let whoever is just reviewing papers see their files; for the registry of attachments."""
    subject, _, pre_review_id = attachment.bound_to.partition(":")
    if subject != SUBJECT or not await is_claimed_by(actor, pre_review_id, now=now):
        return None
    return SUBJECT
