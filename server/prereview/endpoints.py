"""Pre-review for citizens."""

from typing import Any

from models.attachments import Attachment
from models.prereview import PreReview
from server.attachments.errors import FileNotAccepted, UploadQuotaReached, UploadUnreadable
from server.attachments.service import receive_upload
from server.balancing.errors import NobodyReviews
from server.catalog.errors import UnknownItem
from server.kit.access import CITIZENS
from server.kit.errors import NotFound, TooLarge, WrongState
from server.kit.http.call import Call, RealNameRequired, Upload
from server.kit.http.limits import Limited
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery
from server.kit.transaction import guard_database, in_transaction
from server.prereview import drafts
from server.prereview.access import access_own_pre_review
from server.prereview.endpoints_desk import desk
from server.prereview.errors import MaterialsIncomplete, NotReviewedOnline, PointCannotReview
from server.prereview.repository import list_own
from server.prereview.schemas import PreReviewIn, PreReviewOut, PreReviewSummary
from server.prereview.views import show, summarise

citizen = Surface("/citizen", tag="prereview")
SURFACES = (citizen, desk)

OWN = (NotFound, RealNameRequired)
UPLOAD = (TooLarge, UploadUnreadable, FileNotAccepted, UploadQuotaReached)
LONGEST_SEQ = 4


@citizen.post(
    "/pre-reviews",
    allows=CITIZENS,
    status=201,
    refuses=(RealNameRequired, UnknownItem, NotReviewedOnline, PointCannotReview),
)
async def start(call: Call[PreReviewIn, None]) -> PreReviewOut:
    """Open a draft for an item."""
    pre_review = await drafts.start_pre_review(
        call.body.item_code,
        wished_point_code=call.body.wished_point_code,
        person_id=call.person_id,
        actor=call.actor,
        now=call.now,
    )
    return await show(pre_review)


@citizen.get("/pre-reviews", allows=CITIZENS, refuses=(RealNameRequired,))
async def list_mine(call: Call[None, PageQuery]) -> Page[PreReviewSummary]:
    """List one's pre-reviews, newest first."""
    query = call.query
    rows = await list_own(call.person_id, before_id=query.cursor, limit=query.limit + 1)
    shown = rows[: query.limit]
    return Page(
        items=[await summarise(row) for row in shown],
        next_cursor=shown[-1].id if len(rows) > len(shown) else None,
    )


@citizen.get("/pre-reviews/<pre_review_id>", allows=CITIZENS, refuses=OWN)
async def show_mine(call: Call) -> PreReviewOut:
    """Show one with its materials and everything that was found."""
    return await show(await _own(call))


@citizen.put(
    "/pre-reviews/<pre_review_id>/materials/<seq>",
    allows=CITIZENS,
    refuses=(*OWN, *UPLOAD, WrongState),
    takes_upload=True,
    limited=Limited.UPLOAD,
    is_transactional=False,
)
async def hand_in(call: Call) -> PreReviewOut:
    """Hand in a file for a material, multipart or raw, in place of an earlier one."""
    assert call.upload is not None  # noqa: S101 - the route takes one
    attachment = await _receive(call, call.upload)

    async def keep() -> PreReviewOut:
        pre_review = await _own(call)
        now = call.ports.now()
        await drafts.hand_in(pre_review, _seq(call), attachment=attachment, now=now)
        return await show(pre_review)

    return await in_transaction(keep)


@citizen.delete(
    "/pre-reviews/<pre_review_id>/materials/<seq>", allows=CITIZENS, refuses=(*OWN, WrongState)
)
async def take_back(call: Call) -> PreReviewOut:
    """Take a material out again."""
    pre_review = await _own(call)
    await drafts.take_back(pre_review, _seq(call), now=call.now)
    return await show(pre_review)


@citizen.post(
    "/pre-reviews/<pre_review_id>/submit",
    allows=CITIZENS,
    refuses=(*OWN, WrongState, MaterialsIncomplete, NobodyReviews, UnknownItem),
)
async def submit(call: Call) -> PreReviewOut:
    """Hand the papers over; whatever is missing is told in one answer."""
    pre_review = await _own(call)
    await drafts.submit(pre_review, actor=call.actor, now=call.now, ports=call.ports)
    return await show(pre_review)


@citizen.post("/pre-reviews/<pre_review_id>/withdraw", allows=CITIZENS, refuses=(*OWN, WrongState))
async def withdraw(call: Call) -> PreReviewOut:
    """End it, unless somebody is just looking at it."""
    pre_review = await _own(call)
    await drafts.withdraw(pre_review, actor=call.actor, now=call.now, redis=call.ports.redis)
    return await show(pre_review)


async def _receive(call: Call[Any, Any], upload: Upload) -> Attachment:
    async def check() -> None:
        await drafts.check_may_hand_in(await _own(call), _seq(call))

    await guard_database(check)
    return await receive_upload(upload, call.person_id, actor=call.actor, ports=call.ports)


async def _own(call: Call[Any, Any]) -> PreReview:
    return await access_own_pre_review(call.path["pre_review_id"], person_id=call.person_id)


def _seq(call: Call[Any, Any]) -> int:
    given = call.path["seq"]
    if not given.isdecimal() or len(given) > LONGEST_SEQ:
        raise NotFound
    return int(given)
