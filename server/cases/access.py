"""Who may reach which case; not mine and not there are the same."""

from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from models.attachments import Attachment
from models.cases import Case, Transfer
from models.kinds import HolderKind
from server.kit.access import Actor, Role
from server.kit.errors import NotFound


async def access_case(actor: Actor, case_no: str) -> Case:
    """Return the case if `actor` may see it.

    A citizen sees his own, a point what it accepted, a department what it holds or is sent, the
    supervisor all.
    """
    case = await Case.get_or_none(case_no=case_no)
    if case is None or not await _may_see(actor, case):
        raise NotFound
    return case


async def access_held_case(actor: Actor, case_no: str) -> Case:
    """Return the case if `actor` is of the point or department that holds it."""
    case = await Case.get_or_none(case_no=case_no)
    if case is None or not is_holder(actor, case):
        raise NotFound
    return case


async def access_accepted_case(actor: Actor, case_no: str) -> Case:
    """Return the case if the actor's point took it in: who accepts follows up (谁受理谁跟进)."""
    case = await Case.get_or_none(case_no=case_no)
    if case is None or actor.point_code is None or case.point_code != actor.point_code:
        raise NotFound
    return case


async def access_sent_case(actor: Actor, case_no: str) -> tuple[Case, Transfer]:
    """Return a case and its open transfer if it is on its way to the actor's department."""
    case = await Case.get_or_none(case_no=case_no)
    transfer = await Transfer.get_or_none(case_id=case.id, open=True) if case else None
    if case is None or transfer is None or not _is_sent_to(actor, transfer):
        raise NotFound
    return case, transfer


def is_holder(actor: Actor, case: Case) -> bool:
    """Tell whether the case lies with the actor's point or department."""
    if case.holder_kind is HolderKind.POINT:
        return actor.point_code == case.holder_code
    return actor.department_code == case.holder_code


def cases_of_staff(actor: Actor) -> QuerySet[Case]:
    """Return the cases that the actor's desk has to do with."""
    if actor.role is Role.HANDLER:
        held = Q(holder_kind=HolderKind.DEPARTMENT, holder_code=actor.department_code)
        sent = Q(transfers__open=True, transfers__to_code=actor.department_code)
        return Case.filter(held | sent).distinct()
    return Case.filter(point_code=actor.point_code)


async def _may_see(actor: Actor, case: Case) -> bool:
    if actor.role is Role.CITIZEN:
        return actor.person_id is not None and actor.person_id == case.person_id
    if actor.role is Role.HANDLER:
        return is_holder(actor, case) or await _was_sent(actor, case)
    if actor.role is Role.SUPERVISOR:
        return True
    return actor.point_code is not None and actor.point_code == case.point_code


async def _was_sent(actor: Actor, case: Case) -> bool:
    return await Transfer.exists(case_id=case.id, to_code=actor.department_code, open=True)


def _is_sent_to(actor: Actor, transfer: Transfer) -> bool:
    return transfer.to_kind is HolderKind.DEPARTMENT and transfer.to_code == actor.department_code


async def may_see_file(attachment: Attachment, actor: Actor, now: datetime) -> str | None:
    """Let whoever holds a case, or took it in, see the files that were reviewed for it."""
    del now
    subject, _, pre_review_id = attachment.bound_to.partition(":")
    if subject != "pre_review":
        return None
    for case in await Case.filter(pre_review_id=pre_review_id):
        if is_holder(actor, case) or actor.point_code == case.point_code:
            return "case"
    return None
