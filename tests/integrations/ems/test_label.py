"""The shipping label: a real PDF that shows name, phone, address and waybill number only."""

from io import BytesIO

import pikepdf
import pytest
import segno
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from integrations.contracts.carrier import LabelSize
from integrations.ems.sandbox import label
from tests.integrations.orders import RECEIVER, make_order

NUMBER = "1000000000017"


def read_texts(pdf: bytes) -> list[str]:
    with pikepdf.open(BytesIO(pdf)) as document:
        [page] = document.pages
        shown = [
            bytes(operands[0])
            for operands, operator in pikepdf.parse_content_stream(page)
            if str(operator) == "Tj"
        ]
    return [text.decode("utf-16-be") for text in shown]


def read_size_mm(pdf: bytes) -> tuple[int, int]:
    with pikepdf.open(BytesIO(pdf)) as document:
        box = document.pages[0].mediabox
        return round(float(box[2]) / 72 * 25.4), round(float(box[3]) / 72 * 25.4)


@pytest.mark.parametrize(
    ("size", "millimetres"), [(LabelSize.MM_76_129, (76, 129)), (LabelSize.MM_100_179, (100, 179))]
)
async def test_the_label_is_a_pdf_of_the_size_asked_for(post, size, millimetres):
    waybill = await post.client.create_order(make_order())
    pdf = await post.client.draw_label(waybill.waybill_no, size=size)
    assert pdf.startswith(b"%PDF-")
    assert read_size_mm(pdf) == millimetres


async def test_the_label_shows_names_phones_addresses_and_the_number_only(post):
    waybill = await post.client.create_order(make_order(privacy_number=False))
    pdf = await post.client.draw_label(waybill.waybill_no, size=LabelSize.MM_100_179)
    assert read_texts(pdf) == [
        waybill.waybill_no,
        "收 张三丰 13900000001",
        "江苏省南京市玄武区某街2号院3栋",
        "寄 政务服务中心 0591-83333333",
        "福建省福州市鼓楼区某路1号",
    ]


async def test_a_private_number_hides_the_receivers_phone(post):
    waybill = await post.client.create_order(make_order(privacy_number=True))
    pdf = await post.client.draw_label(waybill.waybill_no, size=LabelSize.MM_76_129)
    assert read_texts(pdf)[1] == "收 张三丰 139****0001"


def read_content(pdf: bytes) -> str:
    with pikepdf.open(BytesIO(pdf)) as document:
        return document.pages[0].Contents.read_bytes().decode("latin-1")


def draw_code(kind: str, value: str, *, at: tuple[float, float], **more) -> str:
    canvas = Canvas(BytesIO())
    renderPDF.draw(createBarcodeDrawing(kind, value=value, **more), canvas, *at)
    return "\n".join(canvas._code)


def read_squares(pdf: bytes, side: int) -> list[list[int]]:
    """The dark squares, row by row: the only level lines that are one unit of the QR wide."""
    squares = [[0] * side for _ in range(side)]
    start = (0.0, 0.0)
    with pikepdf.open(BytesIO(pdf)) as document:
        for operands, operator in pikepdf.parse_content_stream(document.pages[0]):
            numbers = [float(number) for number in operands] if str(operator) in "ml" else []
            if str(operator) == "m":
                start = (numbers[0], numbers[1])
            elif str(operator) == "l" and start[1] == numbers[1] and start[1] % 1 == 0.5:
                row = side - 1 - int(start[1])
                for column in range(int(start[0]), int(numbers[0])):
                    squares[row][column] = 1
    return squares


def test_the_bars_on_the_label_are_the_number():
    party = label.LabelParty("张三丰", "13900000001", "某街2号院3栋")
    content = read_content(label.draw_label(NUMBER, "129", sender=party, receiver=party))
    where = {"at": (4 * mm, 111 * mm), "width": 68 * mm, "height": 14 * mm}
    assert draw_code("Code128", NUMBER, humanReadable=False, **where) in content


def test_the_qr_code_on_the_label_is_the_posts_link():
    party = label.LabelParty("张三丰", "13900000001", "某街2号院3栋")
    pdf = label.draw_label(NUMBER, "129", sender=party, receiver=party)
    code = segno.make_qr(f"https://mini.ems.com.cn/youzheng/mini/{NUMBER}", error="m", mask=2)
    assert read_squares(pdf, len(code.matrix)) == [list(row) for row in code.matrix]


def test_a_long_address_is_broken_into_lines():
    party = label.LabelParty(RECEIVER.name, RECEIVER.phone, "某" * 50)
    pdf = label.draw_label(NUMBER, "129", sender=party, receiver=party)
    lines = [text for text in read_texts(pdf) if set(text) == {"某"}]
    assert [len(line) for line in lines] == [21, 21, 8, 21, 21, 8]
