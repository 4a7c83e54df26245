"""受理: the clock starts; what is decided here is begun at once."""

from datetime import datetime

from models.cases import Case
from models.states import CaseState
from server.cases.clock import due_columns
from server.cases.notices import tell_citizen
from server.cases.rules import is_decided_at
from server.catalog.rules import local_day
from server.catalog.service import get_item_version, get_point
from server.kit.access import Actor
from server.kit.messages import text
from server.kit.states import advance


async def accept_case(
    case: Case,
    *,
    actor: Actor,
    now: datetime,
    accepted_at: datetime | None = None,
    reason: str = "",
) -> None:
    """Accept a received case; `accepted_at` is earlier than now where silence counts as yes."""
    since = accepted_at or now
    due = await due_columns(case, since)
    await advance(
        case,
        CaseState.ACCEPTED,
        actor=actor,
        now=now,
        reason=reason,
        accepted_at=since,
        **due,
    )
    if await is_decided_here(case):
        await advance(
            case, CaseState.IN_PROGRESS, actor=actor, now=now, reason=text("reason_decided_here")
        )
    await tell_citizen(
        case, "case_accepted", now=now, due_on=local_day(due["promised_due_at"]).isoformat()
    )


async def is_decided_here(case: Case) -> bool:
    """Tell whether the point that took the case in closes it itself (直接办结)."""
    item = await get_item_version(case.item_code, case.item_version)
    point = await get_point(case.point_code)
    return is_decided_at(point.level, item.decided_at_level)
