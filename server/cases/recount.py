"""Counting deadlines anew when the calendar has changed, and listing what moved."""

from datetime import UTC, datetime, time

from tortoise.expressions import F, Q

from models.cases import Case, MovedDeadline
from models.states import CaseState
from server.cases.clock import due_columns
from server.cases.repository import last_received_at
from server.cases.rules import answer_by
from server.catalog.events import CalendarChanged
from server.catalog.rules import SHANGHAI
from server.catalog.service import working_calendar
from server.kit.errors import ChangedMeanwhile
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

RUNNING = (CaseState.ACCEPTED, CaseState.IN_PROGRESS, CaseState.SUSPENDED)


async def recount_deadlines(event: CalendarChanged, ports: Ports) -> None:
    """Count the deadlines of all open cases that the changed days may move, one at a time.

    It may stop anywhere and be run again: what was counted already does not move any more.
    """
    first_at = datetime.combine(event.first_day, time(), tzinfo=SHANGHAI).astimezone(UTC)
    waiting = Q(state=CaseState.RECEIVED, answer_by__gte=first_at)
    running = Q(state__in=RUNNING, statutory_due_at__gte=first_at)
    running |= Q(state__in=RUNNING, promised_due_at__gte=first_at)
    for case_id in await Case.filter(waiting | running).order_by("id").values_list("id", flat=True):
        await in_transaction(lambda one=str(case_id): recount(one, event.key, now=ports.now()))  # type: ignore[misc]


async def recount(case_id: str, change_key: str, *, now: datetime) -> None:
    """Count the deadline of one case anew; raise `ChangedMeanwhile` if it moves at this moment."""
    case = await Case.get(id=case_id)
    if case.state not in {CaseState.RECEIVED, *RUNNING}:
        return
    due = await _due_now(case)
    moved = [name for name, due_at in due.items() if getattr(case, name) != due_at]
    if not moved:
        return
    same = Case.filter(id=case.id, state=case.state, version=case.version)
    if await same.update(version=F("version") + 1, **due) != 1:
        raise ChangedMeanwhile
    shown = "promised_due_at" if "promised_due_at" in moved else moved[0]
    await MovedDeadline.create(
        case_id=case.id,
        change_key=change_key,
        case_no=case.case_no,
        point_code=case.point_code,
        holder_code=case.holder_code,
        was_due_at=getattr(case, shown),
        due_at=due[shown],
        moved_at=now,
    )


async def _due_now(case: Case) -> dict[str, datetime]:
    if case.state is CaseState.RECEIVED:
        since = await last_received_at(case.id)
        return {"answer_by": answer_by(since, await working_calendar())}
    assert case.accepted_at is not None  # noqa: S101 - a running case was accepted
    return await due_columns(case, case.accepted_at)
