"""Labels as a point prints them: on both papers, one by one or many, what they show, on record."""

from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest

from integrations.contracts.carrier import LabelSize
from integrations.contracts.errors import VendorRefused, VendorUnavailable
from models.audit import AuditEntry
from models.delivery import Parcel, ShippingLabel
from server.delivery.errors import CarrierAway, LabelFirst, LabelRefused
from server.delivery.labels import print_labels
from server.delivery.orders import drive_order
from server.delivery.service import cancel_parcel
from server.kit.transaction import in_transaction
from tests.server.delivery.parcels import CLERK, make_labelled, pack

SMALL, LARGE = LabelSize.MM_76_129, LabelSize.MM_100_179


async def print_on(ports, size, *parcels):
    return await print_labels(parcels, size, actor=CLERK, request_id="r1", ports=ports)


def read_pages(content):
    """The size in millimetres and the texts of each page."""
    with pikepdf.open(BytesIO(content)) as document:
        return [(_size_mm(page), _texts(page)) for page in document.pages]


def _size_mm(page):
    return tuple(round(float(side) / 72 * 25.4) for side in page.mediabox[2:])


def _texts(page):
    shown = pikepdf.parse_content_stream(page)
    return [
        bytes(one.operands[0]).decode("utf-16-be") for one in shown if str(one.operator) == "Tj"
    ]


async def test_many_labels_are_one_document_in_the_order_asked_for(post_ports):
    first, second, third = [await make_labelled(post_ports, case_id=f"c{n}") for n in range(3)]
    pages = read_pages(await print_on(post_ports, LARGE, third, first, second))
    assert [size for size, _ in pages] == [(100, 179)] * 3
    assert [texts[0] for _, texts in pages] == [one.waybill_no for one in (third, first, second)]
    looked_at = await AuditEntry.filter(action="parcel.label").values_list("subject_id", flat=True)
    assert sorted(looked_at) == sorted(one.id for one in (first, second, third))


async def test_each_paper_is_fetched_once(desk, carrier):
    parcel = await make_labelled(desk)
    for _ in range(2):
        await print_on(desk, SMALL, parcel)
        await print_on(desk, LARGE, parcel)
    assert carrier.labels == [parcel.waybill_no] * 2
    kept = await ShippingLabel.filter(parcel_id=parcel.id).values_list("size", flat=True)
    assert sorted(kept) == [LARGE, SMALL]


async def test_the_usual_paper_is_a_setting(post_ports):
    settings = post_ports.settings.model_copy(update={"label_size": "100x179"})
    parcel = await make_labelled(replace(post_ports, settings=settings))
    assert [one.size for one in await ShippingLabel.filter(parcel_id=parcel.id)] == [LARGE]


@pytest.mark.parametrize(("is_private", "phone"), [(True, "139****0001"), (False, "13900000001")])
async def test_a_label_shows_name_phone_and_address_only(post_ports, is_private, phone):
    settings = post_ports.settings.model_copy(update={"privacy_number": is_private})
    parcel = await make_labelled(replace(post_ports, settings=settings))
    [(_, texts)] = read_pages(await print_on(post_ports, SMALL, parcel))
    assert texts == [
        parcel.waybill_no,
        f"收 张三丰 {phone}",
        "江苏省南京市玄武区某街2号院3栋",
        "寄 鼓楼区行政服务中心 0591-12345",
        "福建省福州市鼓楼区鼓楼区行政服务中心",
    ]


async def test_nothing_is_printed_while_one_label_is_missing(desk, carrier):
    there, not_yet = await make_labelled(desk), await pack(desk, case_id="case2")
    with pytest.raises(LabelFirst):
        await print_on(desk, LARGE, there, not_yet)
    assert carrier.labels == [there.waybill_no]
    assert await AuditEntry.filter(action="parcel.label").count() == 0


async def test_a_recalled_parcel_has_no_label_any_more(desk):
    parcel = await make_labelled(desk)
    await in_transaction(
        lambda: cancel_parcel(parcel, actor=CLERK, now=desk.now(), reason="wrong contents")
    )
    with pytest.raises(LabelFirst):
        await print_on(desk, SMALL, await Parcel.get(id=parcel.id))


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [
        (VendorUnavailable("ems", code="timeout"), CarrierAway),
        (VendorRefused("ems", code="B0004"), LabelRefused),
    ],
)
async def test_a_paper_that_the_carrier_does_not_draw_is_told(desk, carrier, failure, refusal):
    parcel = await make_labelled(desk)
    carrier.failures["draw_label"] = failure
    with pytest.raises(refusal):
        await print_on(desk, LARGE, parcel)
    assert await AuditEntry.filter(action="parcel.label").count() == 0
    assert (await print_on(desk, SMALL, parcel)).startswith(b"%PDF-")


async def test_a_label_that_two_workers_fetch_is_kept_once(desk):
    parcel = await pack(desk)
    await drive_order(parcel.id, desk)
    await drive_order(parcel.id, desk)
    assert await ShippingLabel.filter(parcel_id=parcel.id).count() == 1
