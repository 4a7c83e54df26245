"""How the capabilities above tell people things."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from models.fields import new_id, seal
from models.kinds import NoticeState
from models.notifications import Notice
from server.kit.bulk import Statement, insert
from server.kit.messages import text
from server.kit.outbox import Event, emit, write_events

_WRITTEN = ("id", "account_id", "kind", "text", "dedupe_key", "state", "created_at")


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


class News(NamedTuple):
    """What an account's owner is told of something that has just come to be."""

    kind: str
    account_id: str
    subject_id: str
    key: str
    at: datetime
    data: dict[str, str]


def notify_all(news: Sequence[News]) -> list[Statement]:
    """Tell people what they were never told before; otherwise like `notify`."""
    ids = [new_id() for _ in news]
    rows = [
        (
            notice_id,
            one.account_id,
            one.kind,
            seal(text(f"notice_{one.kind}", **one.data)),
            f"{one.kind}:{one.subject_id}:{one.key}",
            NoticeState.TO_SEND.value,
            one.at,
        )
        for notice_id, one in zip(ids, news, strict=True)
    ]
    sending = write_events(
        (NoticeWritten(aggregate_id=notice_id, key="send"), one.at)
        for notice_id, one in zip(ids, news, strict=True)
    )
    return [insert(Notice, _WRITTEN, rows), *sending]
