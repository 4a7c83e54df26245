"""A citizen's cases: follow them, say where the result goes."""

from models.cases import Case
from models.delivery import DeliveryAddress
from server.cases.access import access_case
from server.cases.errors import NotMailable
from server.cases.lockers import reserve_for_materials
from server.cases.mailing import require_mailable
from server.cases.schemas import AddressOut, CaseDetailOut, CaseOut, DeliveryIn
from server.cases.views import show_case, show_case_whole
from server.delivery.addresses import give_address
from server.delivery.errors import ADDRESS_REFUSALS, AlreadyCollected, NoFreeCell
from server.delivery.reach import Settled, check_receiver, note_reach
from server.delivery.schemas_lockers import StayCodeOut, StayIn
from server.kit.access import CITIZENS
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, RealNameRequired
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery
from server.kit.masking import mask_address, mask_name, mask_phone
from server.kit.transaction import in_transaction

citizen = Surface("/citizen", tag="cases")


@citizen.get("/cases", allows=CITIZENS, refuses=(RealNameRequired,))
async def cases(call: Call[None, PageQuery]) -> Page[CaseOut]:
    """List one's cases, newest first."""
    own = Case.filter(person_id=call.person_id)
    return await page_of(own, call.query, show_case)


@citizen.get("/cases/<case_no>", allows=CITIZENS)
async def case(call: Call) -> CaseDetailOut:
    """Show one case: timeline, who has it, clock, what is missing."""
    found = await access_case(call.actor, call.path["case_no"])
    return await show_case_whole(found, now=call.now)


@citizen.put(
    "/cases/<case_no>/delivery",
    allows=CITIZENS,
    refuses=(NotMailable, AlreadyCollected, ChangedMeanwhile, *ADDRESS_REFUSALS),
    is_transactional=False,
)
async def set_delivery(call: Call[DeliveryIn, None]) -> AddressOut:
    """Say where the result is mailed to (扫码寄递), until a courier has it."""
    found = await access_case(call.actor, call.path["case_no"])
    await require_mailable(found)
    settled = await check_receiver(call.body.party(), found.point_code, call.ports)
    address = await in_transaction(lambda: _give(found, settled, call))
    return AddressOut(
        case_no=found.case_no,
        name=mask_name(address.name),
        phone=mask_phone(address.phone),
        address=mask_address(address.address),
        is_checked=settled.is_checked,
    )


@citizen.post(
    "/cases/<case_no>/locker-stays",
    allows=CITIZENS,
    refuses=(NotFound, WrongState, NoFreeCell),
    status=201,
)
async def bring_materials(call: Call[StayIn, None]) -> StayCodeOut:
    """Reserve a cell for materials that one brings to a locker; the code opens it once."""
    found = await access_case(call.actor, call.path["case_no"])
    stay, fresh = await reserve_for_materials(
        found, call.body.locker_code, call.body.contents, actor=call.actor, now=call.now
    )
    return StayCodeOut.of(stay, fresh)


async def _give(case: Case, settled: Settled, call: Call[DeliveryIn, None]) -> DeliveryAddress:
    address = await give_address(
        case.id, case.person_id, settled.receiver, actor=call.actor, now=call.now
    )
    await note_reach(
        address.id, is_checked=settled.is_checked, point_code=case.point_code, now=call.now
    )
    return address
