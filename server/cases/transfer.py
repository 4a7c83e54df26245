"""转办: a case goes to whoever decides it; its materials digitally, by mail or carried."""

from datetime import datetime

from tortoise.exceptions import IntegrityError

from integrations.contracts.carrier import Party
from models.cases import Case, Transfer
from models.catalog import Department
from models.kinds import HolderKind, ParcelPurpose, TransferWay
from models.states import CaseState, TransferState
from server.cases.accept import is_decided_here
from server.cases.errors import DecidedHere, DigitalOnly, TransferOpen
from server.cases.notices import tell_citizen
from server.cases.rules import may_travel, transfer_kind
from server.catalog.service import get_department, get_item_version
from server.delivery.service import pack_parcel
from server.kit.access import Actor
from server.kit.errors import WrongState
from server.kit.messages import text
from server.kit.states import advance, record_move, touch

PROVINCE, CITY, COUNTY = "福建省", "福州市", "鼓楼区"


async def transfer_case(case: Case, *, way: TransferWay, actor: Actor, now: datetime) -> Transfer:
    """Send an accepted case to the department that decides it.

    What is digital arrives at once, what is mailed becomes a parcel, what is carried is under way.
    """
    if case.state is not CaseState.ACCEPTED:
        raise WrongState(state=str(case.state), wanted="transfer")
    await _check_way(case, way)
    await touch(case)
    department = await get_department(case.department_code)
    transfer = await _open(case, department, way, now)
    await record_move(transfer, from_state=None, to_state=transfer.state, actor=actor, now=now)
    await _send(case, transfer, department, actor=actor, now=now)
    await tell_citizen(case, "case_transferred", now=now, department=department.name)
    return transfer


async def _check_way(case: Case, way: TransferWay) -> None:
    if await is_decided_here(case):
        raise DecidedHere
    item = await get_item_version(case.item_code, case.item_version)
    if not may_travel(item.kind, way):
        raise DigitalOnly


async def _open(case: Case, department: Department, way: TransferWay, now: datetime) -> Transfer:
    try:
        return await Transfer.create(
            case_id=case.id,
            kind=transfer_kind(department.district_code),
            way=way,
            from_kind=case.holder_kind,
            from_code=case.holder_code,
            to_kind=HolderKind.DEPARTMENT,
            to_code=department.code,
            state=TransferState.REQUESTED,
            requested_at=now,
        )
    except IntegrityError:
        raise TransferOpen from None


async def _send(
    case: Case, transfer: Transfer, department: Department, *, actor: Actor, now: datetime
) -> None:
    if transfer.way is TransferWay.MAILED:
        await _mail(case, transfer, department, actor=actor, now=now)
        return
    await advance(transfer, TransferState.DISPATCHED, actor=actor, now=now)
    if transfer.way is TransferWay.DIGITAL:
        await advance(transfer, TransferState.ARRIVED, actor=actor, now=now)


async def _mail(
    case: Case, transfer: Transfer, department: Department, *, actor: Actor, now: datetime
) -> None:
    await pack_parcel(
        purpose=ParcelPurpose.TRANSFER,
        point_code=case.point_code,
        contents=text("contents_of_transfer"),
        receiver=_party(department),
        case_id=case.id,
        transfer_id=transfer.id,
        department_code=department.code,
        actor=actor,
        now=now,
    )


def _party(department: Department) -> Party:
    return Party(
        name=department.name,
        phone=department.phone,
        province=PROVINCE,
        city=CITY,
        county=COUNTY,
        address=department.address,
    )
