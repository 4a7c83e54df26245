"""The sandbox's shipping label: names, phones, addresses, waybill number, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby

import segno
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import createBarcodeDrawing
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

FONT = "STSong-Light"
MINI_PROGRAM_LINK = "https://mini.ems.com.cn/youzheng/mini/"
SIZES_MM = {"129": (76, 129), "149": (76, 149), "179": (100, 179)}

MARGIN = 4 * mm
NAME_SIZE = 11
ADDRESS_SIZE = 9
QR_SIDE = 22 * mm
ANY_MASK = 2
"""Every mask can be read; looking for the best one takes five times as long."""


@dataclass(frozen=True, slots=True)
class LabelParty:
    """One side of the label, as it is to be printed."""

    name: str = field(repr=False)
    phone: str = field(repr=False)
    address: str = field(repr=False)


def draw_label(
    waybill_no: str, label_type: str, *, sender: LabelParty, receiver: LabelParty
) -> bytes:
    """Return a one-page PDF of the size that `label_type` names; raise `KeyError` for no size."""
    width, height = (side * mm for side in SIZES_MM[label_type])
    buffer = BytesIO()
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    canvas = Canvas(buffer, pagesize=(width, height), invariant=True)
    canvas.setTitle(waybill_no)
    top = _draw_barcode(canvas, waybill_no, top=height - MARGIN, width=width)
    top = _draw_party(canvas, "收", receiver, top=top, width=width)
    top = _draw_party(canvas, "寄", sender, top=top, width=width)
    _draw_qr(canvas, MINI_PROGRAM_LINK + waybill_no, left=width - MARGIN - QR_SIDE)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw_barcode(canvas: Canvas, waybill_no: str, *, top: float, width: float) -> float:
    height = 14 * mm
    drawing = createBarcodeDrawing(
        "Code128", value=waybill_no, width=width - 2 * MARGIN, height=height, humanReadable=False
    )
    renderPDF.draw(drawing, canvas, MARGIN, top - height)
    canvas.setFont(FONT, NAME_SIZE)
    canvas.drawCentredString(width / 2, top - height - 5 * mm, waybill_no)
    below: float = top - height - 8 * mm
    return below


def _draw_party(canvas: Canvas, sign: str, party: LabelParty, *, top: float, width: float) -> float:
    canvas.line(MARGIN, top, width - MARGIN, top)
    top -= 6 * mm
    canvas.setFont(FONT, NAME_SIZE)
    canvas.drawString(MARGIN, top, f"{sign} {party.name} {party.phone}")
    canvas.setFont(FONT, ADDRESS_SIZE)
    for line in _wrap(party.address, width - 2 * MARGIN):
        top -= 4.5 * mm
        canvas.drawString(MARGIN, top, line)
    below: float = top - 3 * mm
    return below


def _draw_qr(canvas: Canvas, link: str, *, left: float) -> None:
    matrix = segno.make_qr(link, error="m", mask=ANY_MASK).matrix
    module = QR_SIDE / len(matrix)
    canvas.saveState()
    canvas.translate(left, MARGIN)
    canvas.scale(module, module)
    canvas.setLineWidth(1)
    canvas.lines(list(_find_dark_runs(matrix)))
    canvas.restoreState()


def _find_dark_runs(matrix: Sequence[Sequence[int]]) -> Iterator[tuple[float, ...]]:
    for row, squares in enumerate(reversed(matrix)):
        for is_dark, run in groupby(range(len(squares)), key=squares.__getitem__):
            if is_dark:
                columns = list(run)
                yield columns[0], row + 0.5, columns[-1] + 1, row + 0.5


def _wrap(text: str, width: float) -> Iterator[str]:
    line = ""
    for character in text:
        if pdfmetrics.stringWidth(line + character, FONT, ADDRESS_SIZE) > width:
            yield line
            line = ""
        line += character
    yield line
