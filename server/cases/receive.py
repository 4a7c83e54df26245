"""收件: papers come in at a window; receiving is not accepting."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models.cases import Case, CaseCounter
from models.catalog import ServiceItem
from models.kinds import HolderKind
from models.people import Person
from models.queueing import QueueTicket
from models.states import CaseState, TicketState
from server.cases.errors import NotTakenHere, PreReviewUnfit, TicketNotServed
from server.cases.notices import tell_citizen
from server.cases.rules import answer_by, case_number
from server.catalog.rules import local_day
from server.catalog.service import get_item, get_point, working_calendar
from server.identity.people import find_account_of
from server.kit.access import Actor
from server.kit.counters import next_number
from server.kit.errors import NotFound
from server.kit.states import record_move
from server.prereview.service import reviewed_items
from server.queueing.service import get_ticket


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies on the desk: whose, for which item, called by which number, reviewed before."""

    person: Person
    item_code: str
    ticket_id: str | None = None
    pre_review_id: str | None = None


async def receive_case(papers: Papers, *, point_code: str, actor: Actor, now: datetime) -> Case:
    """Take papers in at a point; the five days to say what is missing begin."""
    item = await get_item(papers.item_code)
    point = await get_point(point_code)
    if point.level not in item.accepted_at_levels:
        raise NotTakenHere
    ticket = await _ticket_of(papers, point_code)
    await _check_pre_review(papers)
    case = await Case.create(
        **await _columns(papers, item, point_code, now),
        appointment_id=ticket.appointment_id if ticket else None,
    )
    await record_move(case, from_state=None, to_state=case.state, actor=actor, now=now)
    await tell_citizen(case, "case_received", now=now, point=point.name)
    return case


async def _columns(
    papers: Papers, item: ServiceItem, point_code: str, now: datetime
) -> dict[str, Any]:
    day = local_day(now)
    return {
        "case_no": case_number(point_code, day, await _serial(point_code, day)),
        "person_id": papers.person.id,
        "account_id": await find_account_of(papers.person.id),
        "item_code": item.code,
        "item_version": item.version,
        "item_name": item.name,
        "point_code": point_code,
        "department_code": item.department_code,
        "holder_kind": HolderKind.POINT,
        "holder_code": point_code,
        "pre_review_id": papers.pre_review_id,
        "ticket_id": papers.ticket_id,
        "state": CaseState.RECEIVED,
        "received_at": now,
        "answer_by": answer_by(now, await working_calendar()),
        "created_at": now,
    }


async def _serial(point_code: str, day: date) -> int:
    return await next_number(CaseCounter, point_code=point_code, day=day)


async def _ticket_of(papers: Papers, point_code: str) -> QueueTicket | None:
    if papers.ticket_id is None:
        return None
    ticket = await get_ticket(papers.ticket_id)
    if ticket.point_code != point_code:
        raise NotFound
    if ticket.state is not TicketState.SERVING or ticket.person_id != papers.person.id:
        raise TicketNotServed
    return ticket


async def _check_pre_review(papers: Papers) -> None:
    if papers.pre_review_id is None:
        return
    passed = await reviewed_items(papers.person.id, papers.pre_review_id)
    if papers.item_code not in passed:
        raise PreReviewUnfit
