"""How the capabilities above tell people things."""

from datetime import datetime
from typing import ClassVar

from models.kinds import NoticeState
from models.notifications import Notice
from server.kit.messages import text
from server.kit.outbox import Event, emit


class NoticeWritten(Event):
    """A message waits to be sent; `aggregate_id` is the notice's."""

    topic: ClassVar[str] = "notice.written"
    aggregate: ClassVar[str] = "notice"


async def notify(
    *,
    kind: str,
    account_id: str | None,
    subject_id: str,
    key: str,
    now: datetime,
    data: dict[str, str] | None = None,
) -> None:
    """Tell the account's owner something, once for each `kind`, `subject_id` and `key`.

    The text is `notice_<kind>` of the message catalogue with `data` filled in. Call it inside the
    transaction of what it tells of; whoever has no account is told by other ways.
    """
    dedupe_key = f"{kind}:{subject_id}:{key}"
    if account_id is None or await Notice.exists(dedupe_key=dedupe_key):
        return
    notice = await Notice.create(
        account_id=account_id,
        kind=kind,
        text=text(f"notice_{kind}", **(data or {})),
        dedupe_key=dedupe_key,
        state=NoticeState.TO_SEND,
        created_at=now,
    )
    await emit(NoticeWritten(aggregate_id=notice.id, key="send"), now=now)
