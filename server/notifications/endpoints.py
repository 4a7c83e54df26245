"""A citizen's messages, and what WeChat pushes about them."""

from datetime import datetime

import structlog

from integrations.contracts.errors import PushRefused
from models.kinds import NoticeState
from models.notifications import Notice
from server.kit.access import CITIZENS, EVERYBODY
from server.kit.http.call import Call, Content
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Outgoing, Page, PageQuery
from server.kit.inbox import keep_once
from server.notifications.errors import PushNotGenuine

citizen = Surface("/citizen", tag="notifications")
callbacks = Surface("/callbacks", tag="wechat")
SURFACES = (citizen, callbacks)

log = structlog.get_logger(__name__)

PLAIN = "text/plain; charset=utf-8"


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
    return await page_of(Notice.filter(account_id=call.actor.id), call.query, _show)


@callbacks.get("/wechat", allows=EVERYBODY, refuses=(PushNotGenuine,), media_type=PLAIN)
async def verify_endpoint(call: Call) -> Content:
    """Answer WeChat's check that this address is ours."""
    try:
        echo = call.ports.mini_program.verify_endpoint(call.raw_query)
    except PushRefused:
        raise PushNotGenuine from None
    return Content(echo.encode(), PLAIN)


@callbacks.post(
    "/wechat", allows=EVERYBODY, refuses=(PushNotGenuine,), media_type=PLAIN, is_keyed=False
)
async def take_push(call: Call) -> Content:
    """Keep what WeChat pushes, once; an event that nobody here acts on is kept all the same."""
    try:
        push = call.ports.mini_program.read_push(call.raw_query, call.raw)
    except PushRefused:
        raise PushNotGenuine from None
    if await keep_once("wechat", push.dedupe_key, now=call.now):
        log.info("wechat_push", event_kind=push.event)
    return Content(b"success", PLAIN)


def _show(row: Notice) -> NoticeOut:
    return NoticeOut(
        id=row.id, kind=row.kind, text=row.text, state=row.state, created_at=row.created_at
    )
