"""A citizen's messages, and what WeChat pushes about them."""

from datetime import datetime

from models.notifications import Notice, NoticeState
from server.kit.access import CITIZENS
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.http.schemas import Outgoing, Page, PageQuery

citizen = Surface("/citizen", tag="notifications")
SURFACES = (citizen,)


class NoticeOut(Outgoing):
    """One message."""

    id: str
    kind: str
    text: str
    state: NoticeState
    created_at: datetime


@citizen.get("/notices", allows=CITIZENS)
async def notices(call: Call[None, PageQuery]) -> Page[NoticeOut]:
    """List what one was told, newest first."""
    found = Notice.filter(account_id=call.actor.id).order_by("-id")
    if call.query.cursor:
        found = found.filter(id__lt=call.query.cursor)
    rows = await found.limit(call.query.limit + 1)
    shown = rows[: call.query.limit]
    return Page(
        items=[
            NoticeOut(
                id=row.id, kind=row.kind, text=row.text, state=row.state, created_at=row.created_at
            )
            for row in shown
        ],
        next_cursor=shown[-1].id if len(rows) > len(shown) else None,
    )
