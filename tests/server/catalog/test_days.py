"""Changes of the calendar are told to those who count by it."""

from datetime import date, timedelta

import pytest

from models.bookkeeping import OutboxRow
from models.kinds import DayKind
from server.catalog.caches import CALENDAR_KEPT_S
from server.catalog.days import NamedDay, set_day
from server.catalog.events import CalendarChanged
from server.kit import outbox
from server.kit.outbox import Consumer, subscribe
from server.kit.transaction import in_transaction


async def ignore(_event, _ports):
    """Hear it, do nothing."""


@pytest.mark.usefixtures("catalogue")
async def test_a_change_is_heard_when_no_process_keeps_the_old_calendar(ports, monkeypatch):
    monkeypatch.setattr(outbox, "_consumers", {})
    subscribe(Consumer(name="listener", event_type=CalendarChanged, handle=ignore))
    entry = NamedDay(day=date(2026, 11, 24), kind=DayKind.HOLIDAY, name="")
    await in_transaction(lambda: set_day(entry, now=ports.now(), settings=ports.settings))
    row = await OutboxRow.get(topic="calendar_changed")
    assert row.aggregate_id == "2026"
    assert row.available_at == ports.now() + timedelta(seconds=CALENDAR_KEPT_S)
    assert row.payload["first_day"] == row.payload["last_day"] == "2026-11-24"
