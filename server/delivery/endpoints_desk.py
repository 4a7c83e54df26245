"""Parcels, as a point packs, seals and reconciles them."""

from collections.abc import Sequence
from typing import Any

from integrations.contracts.carrier import LabelSize
from models.delivery import Parcel
from models.kinds import ParcelPurpose
from server.catalog.errors import UnknownDepartment
from server.catalog.service import get_department
from server.delivery.access import access_desk_parcel
from server.delivery.codes import FreshCode, reissue_code, unlock_code
from server.delivery.errors import (
    AddressUnclear,
    AlreadyCollected,
    CarrierAway,
    LabelFirst,
    LabelRefused,
    StillUnderWay,
)
from server.delivery.labels import print_labels
from server.delivery.reach import settle_receiver
from server.delivery.schemas import (
    LabelQuery,
    LabelsIn,
    PackIn,
    ParcelOut,
    ParcelsQuery,
    PickupCodeOut,
    RecallIn,
    RepackIn,
    SealIn,
)
from server.delivery.service import cancel_parcel, pack_parcel, repack_parcel, seal_parcel
from server.kit.access import MANAGERS, POINT_STAFF
from server.kit.errors import ChangedMeanwhile, NotFound, WrongState
from server.kit.http.call import Call, Content
from server.kit.http.paging import page_of
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page

desk = Surface("/desk", tag="desk_parcels")
SURFACES = (desk,)

_NO_LABEL = (NotFound, LabelFirst, LabelRefused, CarrierAway)
_MOVED = (NotFound, WrongState, ChangedMeanwhile)


@desk.post(
    "/parcels",
    allows=POINT_STAFF,
    refuses=(NotFound, UnknownDepartment, AddressUnclear),
    status=201,
)
async def pack(call: Call[PackIn, None]) -> ParcelOut:
    """Pack originals that are sent out to be checked; a case packs its own result."""
    if call.body.department_code is not None:
        await get_department(call.body.department_code)
    parcel = await pack_parcel(
        purpose=ParcelPurpose.ORIGINAL_CHECK,
        point_code=call.point_code,
        contents=call.body.contents,
        receiver=settle_receiver(call.body.receiver.to_party()),
        department_code=call.body.department_code,
        actor=call.actor,
        now=call.now,
    )
    return ParcelOut.of(parcel)


@desk.post(
    "/parcels/<parcel_id>/repack",
    allows=POINT_STAFF,
    refuses=(NotFound, StillUnderWay, AddressUnclear),
    status=201,
)
async def repack(call: Call[RepackIn, None]) -> ParcelOut:
    """Pack again what was recalled, came back or was lost."""
    given = call.body.receiver
    parcel = await repack_parcel(
        await _parcel(call),
        receiver=settle_receiver(given.to_party()) if given else None,
        actor=call.actor,
        now=call.now,
    )
    return ParcelOut.of(parcel)


@desk.get("/parcels", allows=POINT_STAFF, refuses=(NotFound,))
async def list_parcels(call: Call[None, ParcelsQuery]) -> Page[ParcelOut]:
    """List the parcels of one's point, the newest first; `alarmed_at` marks those left lying."""
    parcels = Parcel.filter(point_code=call.point_code)
    if call.query.state is not None:
        parcels = parcels.filter(state=call.query.state)
    return await page_of(parcels, call.query, ParcelOut.of)


@desk.post("/parcels/<parcel_id>/seal", allows=POINT_STAFF, refuses=(*_MOVED, LabelFirst))
async def seal(call: Call[SealIn, None]) -> PickupCodeOut:
    """Seal a labelled parcel and show its pickup code, this once."""
    parcel = await _parcel(call)
    code = await seal_parcel(parcel, seal_no=call.body.seal_no, actor=call.actor, now=call.now)
    return _show_code(parcel, code)


@desk.get(
    "/parcels/<parcel_id>/label",
    allows=POINT_STAFF,
    refuses=_NO_LABEL,
    media_type="application/pdf",
)
async def label(call: Call[None, LabelQuery]) -> Content:
    """Return the shipping label on the paper that was asked for; looking is recorded."""
    parcel = await _parcel(call)
    content = await _print(call, [parcel], call.query.size)
    return Content(content, "application/pdf", name=f"{parcel.waybill_no}.pdf")


@desk.post(
    "/parcels/labels",
    allows=POINT_STAFF,
    refuses=_NO_LABEL,
    is_transactional=False,
    is_keyed=False,
    media_type="application/pdf",
)
async def labels(call: Call[LabelsIn, None]) -> Content:
    """Return the labels of many parcels as one document, a page each, in the order asked for."""
    parcels = [await access_desk_parcel(call.point_code, one) for one in call.body.parcel_ids]
    content = await _print(call, parcels, call.body.size)
    return Content(content, "application/pdf", name="labels.pdf")


@desk.post("/parcels/<parcel_id>/cancel", allows=POINT_STAFF, refuses=(*_MOVED, AlreadyCollected))
async def cancel(call: Call[RecallIn, None]) -> ParcelOut:
    """Take a parcel out of the post before the courier has it."""
    parcel = await _parcel(call)
    await cancel_parcel(parcel, actor=call.actor, now=call.now, reason=call.body.reason)
    return ParcelOut.of(parcel)


@desk.post("/parcels/<parcel_id>/reissue-code", allows=POINT_STAFF, refuses=_MOVED)
async def reissue(call: Call[None, None]) -> PickupCodeOut:
    """Make a new pickup code for a sealed parcel; the old one ends."""
    parcel = await _parcel(call)
    return _show_code(parcel, await reissue_code(parcel, actor=call.actor, now=call.now))


@desk.post("/parcels/<parcel_id>/unlock", allows=MANAGERS, refuses=_MOVED)
async def unlock(call: Call[None, None]) -> None:
    """Allow a pickup code that was tried too often to be tried again."""
    await unlock_code(await _parcel(call), actor=call.actor, now=call.now)


async def _print(call: Call[Any, Any], parcels: Sequence[Parcel], size: LabelSize | None) -> bytes:
    return await print_labels(
        parcels,
        size or LabelSize(call.ports.settings.label_size),
        actor=call.actor,
        request_id=call.request_id,
        ports=call.ports,
    )


async def _parcel(call: Call[Any, Any]) -> Parcel:
    return await access_desk_parcel(call.point_code, call.path["parcel_id"])


def _show_code(parcel: Parcel, code: FreshCode) -> PickupCodeOut:
    return PickupCodeOut(
        parcel=ParcelOut.of(parcel),
        code=code.long,
        digits=code.spoken,
        qr_svg=code.qr_svg,
        expires_at=code.expires_at,
    )
