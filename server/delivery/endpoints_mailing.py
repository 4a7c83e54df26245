"""扫码寄递 on a citizen's phone: the form behind a window's code, addresses read from text."""

import asyncio

from integrations.contracts.carrier import Party
from server.catalog.service import get_point
from server.delivery.errors import (
    ADDRESS_REFUSALS,
    AlreadyCollected,
    MailCodeEnded,
)
from server.delivery.mail_codes import fill_in, find_mail_code, known_receiver
from server.delivery.reach import check_receiver
from server.delivery.regions import parse_address
from server.delivery.schemas_mailing import (
    AddressTextIn,
    MailFormDoneOut,
    MailFormIn,
    MailFormOut,
    ParsedAddressOut,
    ReceiverOut,
)
from server.kit.access import CITIZENS
from server.kit.errors import ChangedMeanwhile, NotFound
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.transaction import in_transaction

citizen = Surface("/citizen", tag="mailing")
SURFACES = (citizen,)


@citizen.post("/addresses/parse", allows=CITIZENS, is_transactional=False, is_keyed=False)
async def parse(call: Call[AddressTextIn, None]) -> ParsedAddressOut:
    """Read name, phone, region and street from one text, and say what is missing."""
    parsed = await asyncio.to_thread(parse_address, call.body.text)
    return ParsedAddressOut.of(parsed)


@citizen.get("/mail-forms/<mail_code>", allows=CITIZENS, refuses=(NotFound, MailCodeEnded))
async def form(call: Call[None, None]) -> MailFormOut:
    """Show what a window's code mails, and where one's mail went last, masked."""
    code = await find_mail_code(call.path["mail_code"], actor=call.actor, now=call.now)
    known = await known_receiver(code, call.actor)
    point = await get_point(code.point_code)
    return MailFormOut(
        contents=code.contents,
        point=point.name,
        expires_at=code.expires_at,
        known=ReceiverOut.of(known) if known else None,
    )


@citizen.put(
    "/mail-forms/<mail_code>",
    allows=CITIZENS,
    refuses=(NotFound, MailCodeEnded, AlreadyCollected, ChangedMeanwhile, *ADDRESS_REFUSALS),
    is_transactional=False,
)
async def give(call: Call[MailFormIn, None]) -> MailFormDoneOut:
    """Say where to: in fields, in one text, or where one's mail went last."""
    code = await find_mail_code(call.path["mail_code"], actor=call.actor, now=call.now)
    known = await known_receiver(code, call.actor)
    receiver = await _receiver(call.body, known)
    settled = await check_receiver(receiver, code.point_code, call.ports)

    async def keep() -> None:
        fresh = await find_mail_code(call.path["mail_code"], actor=call.actor, now=call.now)
        await fill_in(fresh, settled, actor=call.actor, now=call.now)

    await in_transaction(keep)
    return MailFormDoneOut(receiver=ReceiverOut.of(settled.receiver), is_checked=settled.is_checked)


async def _receiver(given: MailFormIn, known: Party | None) -> Party:
    if given.receiver is not None:
        return given.receiver.to_party()
    if given.text is not None:
        parsed = await asyncio.to_thread(parse_address, given.text)
        return parsed.to_party()
    if known is None:
        raise NotFound
    return known
