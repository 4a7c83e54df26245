"""A citizen's cases: follow them, say where the result goes."""

from models.cases import Case
from server.cases.access import access_case
from server.cases.errors import NotMailable
from server.cases.schemas import AddressOut, CaseDetailOut, CaseOut, DeliveryIn
from server.cases.views import show_case, show_case_whole
from server.catalog.service import get_item_version
from server.delivery.addresses import give_address
from server.delivery.errors import AlreadyCollected
from server.kit.access import CITIZENS
from server.kit.http.call import Call, RealNameRequired
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page, PageQuery
from server.kit.masking import mask_address, mask_name, mask_phone

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


@citizen.put("/cases/<case_no>/delivery", allows=CITIZENS, refuses=(NotMailable, AlreadyCollected))
async def set_delivery(call: Call[DeliveryIn, None]) -> AddressOut:
    """Say where the result is mailed to (扫码寄递), until a courier has it."""
    found = await access_case(call.actor, call.path["case_no"])
    item = await get_item_version(found.item_code, found.item_version)
    if not item.is_mailable:
        raise NotMailable
    address = await give_address(
        found.id, found.person_id, call.body.party(), actor=call.actor, now=call.now
    )
    return AddressOut(
        case_no=found.case_no,
        name=mask_name(address.name),
        phone=mask_phone(address.phone),
        address=mask_address(address.address),
    )
