"""Values arrive as they were, whatever stands in them, and a judge keeps all or nothing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from models.bookkeeping import InboxRow
from server.kit.bulk import insert, run_all, run_whole

pytestmark = pytest.mark.usefixtures("ports")

AT = datetime(2026, 11, 23, 1, 2, 3, 40_005, tzinfo=UTC)
COLUMNS = ("source", "external_id", "received_at")
NASTY = [
    "'; DROP TABLE inbox; -- ",
    "\\'",
    "\\",
    "\\\\''",
    "''",
    '"%s" %% {0}',
    "\x00\r\n\t\x1a",
    "通办 🏛",
    "? ; ?",
]


async def kept():
    return await InboxRow.all().order_by("id").values_list(*COLUMNS)


async def test_text_arrives_as_it_was():
    rows = [("test", words, AT) for words in NASTY]
    assert await run_all([insert(InboxRow, COLUMNS, rows)]) == [len(NASTY)]
    assert await kept() == rows


async def test_an_instant_is_stored_in_utc_whatever_its_offset():
    there = AT.astimezone(timezone(timedelta(hours=8)))
    whole = AT.replace(microsecond=0)
    rows = [("test", "there", there), ("test", "whole", whole)]
    await run_all([insert(InboxRow, COLUMNS, rows)])
    assert await kept() == [("test", "there", AT), ("test", "whole", whole)]


async def test_a_judge_is_told_what_each_statement_changed():
    told = []
    known, new = ("test", "known", AT), ("test", "new", AT)
    await run_all([insert(InboxRow, COLUMNS, [known])])
    both = insert(InboxRow, COLUMNS, [known, new], keeps_known=True)
    await run_whole([both, insert(InboxRow, COLUMNS, [("test", "third", AT)])], told.append)
    assert told == [[1, 1]]
    assert [row[1] for row in await kept()] == ["known", "new", "third"]


async def test_what_a_judge_refuses_never_was():
    def refuse(_):
        raise KeyError("refused")

    with pytest.raises(KeyError, match="refused"):
        await run_whole([insert(InboxRow, COLUMNS, [("test", "one", AT)])], refuse)
    assert await kept() == []
    await run_whole([insert(InboxRow, COLUMNS, [("test", "two", AT)])], lambda _: None)
    assert [row[1] for row in await kept()] == ["two"]
