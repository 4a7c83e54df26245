"""面单: the carrier's labels, kept by size of paper, fetched when a size is first asked for."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

from pikepdf import Pdf
from tortoise.exceptions import IntegrityError

from integrations.contracts.carrier import LabelSize
from integrations.contracts.errors import VendorRefused, VendorUnavailable
from models.delivery import Parcel, ShippingLabel
from server.audit.service import record
from server.delivery.errors import CarrierAway, LabelFirst, LabelRefused
from server.delivery.repository import carrier_of
from server.delivery.rules import HAS_LABEL
from server.kit.access import Actor
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

AT_ONCE = 8
"""Labels asked of the carrier side by side."""


async def keep_label(parcel_id: str, size: LabelSize, blob_key: str, *, now: datetime) -> None:
    """Note where a label lies; raises `IntegrityError` if one of this size is kept already."""
    await ShippingLabel.create(parcel_id=parcel_id, size=size, blob_key=blob_key, drawn_at=now)


async def print_labels(
    parcels: Sequence[Parcel], size: LabelSize, *, actor: Actor, request_id: str, ports: Ports
) -> bytes:
    """Return the labels of some parcels as one document, in their order, on one size of paper.

    A label shows name, phone and address, so looking is recorded. Call it outside any transaction.
    Raises `LabelFirst` while one of them has none, `CarrierAway`, `LabelRefused`.
    """
    for parcel in parcels:
        if parcel.state not in HAS_LABEL or parcel.waybill_no is None:
            raise LabelFirst
    pages = await _load_all(parcels, size, ports)

    async def note() -> None:
        for parcel in parcels:
            await _record(parcel, actor=actor, request_id=request_id, now=ports.now())

    await in_transaction(note)
    return pages[0] if len(pages) == 1 else await asyncio.to_thread(_join, pages)


async def _load_all(parcels: Sequence[Parcel], size: LabelSize, ports: Ports) -> list[bytes]:
    free = asyncio.Semaphore(AT_ONCE)

    async def load(parcel: Parcel) -> bytes:
        async with free:
            return await _load(parcel, size, ports)

    pages = await asyncio.gather(*map(load, parcels), return_exceptions=True)
    for page in pages:
        if isinstance(page, BaseException):
            raise page
    return [page for page in pages if isinstance(page, bytes)]


async def _load(parcel: Parcel, size: LabelSize, ports: Ports) -> bytes:
    kept = await ShippingLabel.get_or_none(parcel_id=parcel.id, size=size)
    if kept is not None:
        return await ports.blobs.load(kept.blob_key)
    content = await _fetch(parcel, size, ports)
    key = await ports.blobs.store(content)
    try:
        await in_transaction(lambda: keep_label(parcel.id, size, key, now=ports.now()))
    except IntegrityError:
        await ports.blobs.delete(key)
    return content


async def _fetch(parcel: Parcel, size: LabelSize, ports: Ports) -> bytes:
    try:
        carrier = await carrier_of(parcel, ports)
        return await carrier.draw_label(str(parcel.waybill_no), size=size)
    except VendorRefused:
        raise LabelRefused from None
    except VendorUnavailable:
        raise CarrierAway from None


async def _record(parcel: Parcel, *, actor: Actor, request_id: str, now: datetime) -> None:
    await record(
        actor=actor,
        action="parcel.label",
        subject="parcel",
        subject_id=parcel.id,
        now=now,
        request_id=request_id,
        detail={},
    )


def _join(documents: Sequence[bytes]) -> bytes:
    with Pdf.new() as joined:
        for content in documents:
            with Pdf.open(BytesIO(content)) as document:
                joined.pages.extend(document.pages)
        written = BytesIO()
        joined.save(written)
    return written.getvalue()
