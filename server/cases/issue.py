"""出件: the certificate is made, and mailed where the citizen said."""

from datetime import datetime

from models.cases import Case, Certificate
from models.delivery import Parcel
from models.kinds import Outcome, ParcelPurpose
from models.states import CaseState
from server.cases.notices import tell_citizen
from server.catalog.service import get_department, get_item_version
from server.delivery.addresses import address_for_case
from server.delivery.service import pack_parcel
from server.identity.people import get_person
from server.kit.access import Actor
from server.kit.messages import text
from server.kit.states import advance


async def issue_case(case: Case, *, actor: Actor, now: datetime) -> None:
    """Issue the result of a decided case and pack it if an address is known."""
    await advance(case, CaseState.ISSUED, actor=actor, now=now)
    if case.outcome is Outcome.APPROVED:
        await _certify(case, now)
    await tell_citizen(case, "case_issued", now=now)
    await pack_result(case, actor=actor, now=now)


async def pack_result(case: Case, *, actor: Actor, now: datetime) -> Parcel | None:
    """Pack the result of an issued case, once; None while there is nowhere to send it."""
    item = await get_item_version(case.item_code, case.item_version)
    receiver = await address_for_case(case.id)
    if case.state is not CaseState.ISSUED or receiver is None or not item.is_mailable:
        return None
    return await pack_parcel(
        purpose=ParcelPurpose.RESULT,
        point_code=case.point_code,
        contents=text("contents_of_result"),
        receiver=receiver,
        case_id=case.id,
        person_id=case.person_id,
        actor=actor,
        now=now,
    )


async def _certify(case: Case, now: datetime) -> None:
    item = await get_item_version(case.item_code, case.item_version)
    department = await get_department(case.department_code)
    person = await get_person(case.person_id)
    await Certificate.create(
        case_id=case.id,
        number=f"{case.case_no}-Z",
        title=item.result_document or item.name,
        holder_name=person.name,
        issued_by=department.name,
        issued_at=now,
    )
