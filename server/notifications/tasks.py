"""Sending what was written, each message once."""

from datetime import datetime
from zoneinfo import ZoneInfo

from integrations.contracts.errors import VendorRefused
from integrations.contracts.mini_program import SubscribeMessage
from models.kinds import NoticeState
from models.notifications import Notice
from models.people import WechatAccount
from server.identity.events import RelativeAsked
from server.identity.people import find_account_of
from server.identity.relatives import find_asked
from server.kit.jobs import Job
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from server.notifications.events import NoticeWritten, notify

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAGE = "pages/notices/index"
EVERY_KIND = "*"


async def send_notice(event: NoticeWritten, ports: Ports) -> None:
    """Send one message; a refusal is final, anything else is tried again by the relay."""
    notice = await Notice.get_or_none(id=event.aggregate_id, state=NoticeState.TO_SEND)
    if notice is None:
        return
    template_id = _template_for(notice.kind, ports.settings.wechat_templates)
    if template_id is None:
        await _settle(notice, NoticeState.UNSENDABLE, ports)
        return
    try:
        await ports.mini_program.send(await _message(notice, template_id))
    except VendorRefused as refusal:
        await _settle(notice, NoticeState.REFUSED, ports, refusal=refusal.code)
    else:
        await _settle(notice, NoticeState.SENT, ports)


def _template_for(kind: str, templates: dict[str, str]) -> str | None:
    return templates.get(kind) or templates.get(EVERY_KIND)


async def _message(notice: Notice, template_id: str) -> SubscribeMessage:
    account = await WechatAccount.get(id=notice.account_id)
    fields = {"thing1": notice.text, "time2": _moment(notice.created_at)}
    return SubscribeMessage(
        openid=account.openid, template_id=template_id, page=PAGE, fields=fields
    )


def _moment(instant: datetime) -> str:
    """Write an instant as the platform takes one: `2026年11月23日 09:05`."""
    local = instant.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


async def _settle(notice: Notice, state: NoticeState, ports: Ports, *, refusal: str = "") -> None:
    async def write() -> None:
        await Notice.filter(id=notice.id, state=NoticeState.TO_SEND).update(
            state=state, refusal=refusal, sent_at=ports.now()
        )

    await in_transaction(write)


async def tell_relative(event: RelativeAsked, ports: Ports) -> None:
    """Tell somebody that they are asked, if they have an account of their own."""
    person = await find_asked(event.aggregate_id)
    if person is not None:
        await notify(
            kind="relative_asked",
            account_id=await find_account_of(person.id),
            subject_id=event.aggregate_id,
            key="asked",
            now=ports.now(),
        )


CONSUMERS = (
    Consumer("notifications.send", NoticeWritten, send_notice, is_remote=True),
    Consumer("notifications.tell_relative", RelativeAsked, tell_relative),
)
JOBS: tuple[Job, ...] = ()
