"""存取件柜 for a case: its applicant puts materials in, its result waits for him there."""

from datetime import datetime

from models.cases import Case
from models.delivery import LockerStay
from models.kinds import StayPurpose
from models.states import CaseState
from server.cases.close import close_case
from server.cases.errors import ParcelUnderWay
from server.delivery.codes import FreshCode
from server.delivery.events import StayEnded
from server.delivery.locker_setup import get_locker
from server.delivery.lockers import Announced, reserve_cell
from server.delivery.of_case import has_result_parcel
from server.kit.access import ENGINE, Actor
from server.kit.errors import NotFound, WrongState
from server.kit.messages import text
from server.kit.ports import Ports
from server.kit.states import touch


async def reserve_for_materials(
    case: Case, locker_code: str, contents: str, *, actor: Actor, now: datetime
) -> tuple[LockerStay, FreshCode]:
    """Keep a cell for what a citizen brings to a case that is not decided; raises `NoFreeCell`."""
    if case.decided_at is not None or case.closed_at is not None:
        raise WrongState(state=str(case.state), wanted="locker")
    announced = _announce(case, StayPurpose.DEPOSIT, contents)
    return await reserve_cell(await get_locker(locker_code), announced, actor=actor, now=now)


async def reserve_for_result(
    case: Case, locker_code: str, *, actor: Actor, now: datetime
) -> tuple[LockerStay, FreshCode]:
    """Keep a cell, at one's own point, for the result of an issued case."""
    locker = await get_locker(locker_code)
    if actor.point_code is not None and locker.point_code != actor.point_code:
        raise NotFound
    if case.state is not CaseState.ISSUED:
        raise WrongState(state=str(case.state), wanted="locker")
    await touch(case)
    if await has_result_parcel(case.id):
        raise ParcelUnderWay
    announced = _announce(case, StayPurpose.RESULT, text("contents_of_result"))
    return await reserve_cell(locker, announced, actor=actor, now=now)


async def follow_stay(event: StayEnded, ports: Ports) -> None:
    """A result that its owner took out of a locker closes its case."""
    if event.purpose is not StayPurpose.RESULT or event.case_id is None:
        return
    case = await Case.get_or_none(id=event.case_id)
    if case is not None and case.state is CaseState.ISSUED:
        await close_case(case, reason=text("reason_from_locker"), actor=ENGINE, now=ports.now())


def _announce(case: Case, purpose: StayPurpose, contents: str) -> Announced:
    return Announced(
        purpose=purpose,
        person_id=case.person_id,
        department_code=case.department_code,
        contents=contents,
        case_id=case.id,
    )
