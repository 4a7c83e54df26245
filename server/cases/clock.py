"""The clock of a case: when it is due, by law and by promise."""

from datetime import datetime
from typing import Any

from models.cases import Case
from server.cases.repository import segments_of
from server.cases.rules import Segment, due_at
from server.catalog.service import get_item_version, working_calendar


async def due_columns(case: Case, accepted_at: datetime) -> dict[str, Any]:
    """Return when the case is due, as columns; suspended stretches that have ended do not count."""
    item = await get_item_version(case.item_code, case.item_version)
    calendar = await working_calendar()
    segments = [
        Segment(row.suspended_on, row.resumed_on)
        for row in await segments_of(case.id)
        if row.resumed_on is not None
    ]
    return {
        "statutory_due_at": due_at(accepted_at, item.statutory_days, segments, calendar),
        "promised_due_at": due_at(accepted_at, item.promised_days, segments, calendar),
    }
