"""扫码寄递 at the window: what may be mailed, and for whom a code is shown."""

from datetime import datetime

from models.cases import Case
from server.cases.errors import NotMailable
from server.catalog.service import get_item_version
from server.delivery.mail_codes import FreshMailCode, issue_mail_code
from server.kit.access import Actor
from server.kit.errors import NotFound
from server.kit.messages import text
from server.queueing.service import get_ticket


async def require_mailable(case: Case) -> None:
    """Raise `NotMailable` if the result of the case's item is not mailed."""
    item = await get_item_version(case.item_code, case.item_version)
    if not item.is_mailable:
        raise NotMailable


async def code_for_case(case: Case, *, actor: Actor, now: datetime) -> FreshMailCode:
    """Make the code that asks where the result of a case is mailed to; raises `NotMailable`."""
    await require_mailable(case)
    return await issue_mail_code(
        point_code=case.point_code,
        contents=text("contents_of_result"),
        case_id=case.id,
        person_id=case.person_id,
        actor=actor,
        now=now,
    )


async def code_for_visit(
    ticket_id: str, contents: str, *, point_code: str, actor: Actor, now: datetime
) -> FreshMailCode:
    """Make the code that asks a visitor of the point where something is sent to him."""
    ticket = await get_ticket(ticket_id)
    if ticket.point_code != point_code:
        raise NotFound
    return await issue_mail_code(
        point_code=point_code,
        contents=contents,
        person_id=ticket.person_id,
        actor=actor,
        now=now,
    )
