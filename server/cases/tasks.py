"""What cases do by themselves: hear of parcels and addresses, and let silence count as yes."""

import structlog

from models.cases import Case
from models.states import CaseState
from server.cases.accept import accept_case
from server.cases.follow_parcel import follow_collected, follow_ended
from server.cases.issue import pack_result
from server.cases.lockers import follow_stay
from server.cases.recount import recount_deadlines
from server.cases.repository import last_received_at
from server.catalog.events import CalendarChanged
from server.delivery.events import AddressGiven, ParcelCollected, ParcelEnded, StayEnded
from server.kit.access import ENGINE
from server.kit.errors import Busy, Refusal
from server.kit.jobs import Job
from server.kit.messages import text
from server.kit.outbox import Consumer
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

BATCH = 200

log = structlog.get_logger(__name__)


async def pack_for_address(event: AddressGiven, ports: Ports) -> None:
    """An address came in after the result was issued: pack it now."""
    # Locked, so that it sees the result of whoever issues the case at this moment, or is seen.
    case = await Case.filter(id=event.aggregate_id).select_for_update().first()
    if case is not None:
        await pack_result(case, actor=ENGINE, now=ports.now())


async def accept_the_unanswered(ports: Ports) -> None:
    """Cases that nobody answered in five working days count as accepted from receipt."""
    now = ports.now()
    overdue = Case.filter(state=CaseState.RECEIVED, answer_by__lt=now)
    for case_id in await overdue.order_by("answer_by").limit(BATCH).values_list("id", flat=True):
        await _deem_accepted_alone(str(case_id), ports)


async def _deem_accepted_alone(case_id: str, ports: Ports) -> None:
    try:
        await in_transaction(lambda: _deem_accepted(case_id, ports))
    except Busy:
        raise
    except Refusal as refused:
        log.warning("case_not_deemed_accepted", case=case_id, reason=refused.code)


async def _deem_accepted(case_id: str, ports: Ports) -> None:
    now = ports.now()
    case = await Case.get_or_none(id=case_id, state=CaseState.RECEIVED, answer_by__lt=now)
    if case is None:
        return
    await accept_case(
        case,
        actor=ENGINE,
        now=now,
        accepted_at=await last_received_at(case.id),
        reason=text("reason_silence"),
    )


CONSUMERS = (
    Consumer("cases.follow_collected", ParcelCollected, follow_collected),
    Consumer("cases.follow_ended", ParcelEnded, follow_ended),
    Consumer("cases.follow_stay", StayEnded, follow_stay),
    Consumer("cases.pack_for_address", AddressGiven, pack_for_address),
    Consumer("cases.recount_deadlines", CalendarChanged, recount_deadlines, is_remote=True),
)
JOBS = (Job(name="accept_the_unanswered", every_s=600, run=accept_the_unanswered),)
