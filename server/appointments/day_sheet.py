"""The visits of a day on paper, for when nothing else works."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from models.appointments import Appointment
from models.catalog import ServicePoint
from models.people import Person
from models.states import LIVE_APPOINTMENTS
from server.appointments.visits import day_span
from server.catalog.rules import SHANGHAI
from server.catalog.service import names_of_items
from server.identity.people import get_people
from server.kit.masking import mask_id_number, mask_name, mask_phone
from server.kit.messages import text

FONT = "STSong-Light"
MARGIN, LINE = 15 * mm, 7 * mm
TITLE_SIZE, TEXT_SIZE = 14, 10
COLUMNS = (0.0, 18 * mm, 43 * mm, 63 * mm, 93 * mm, 133 * mm)
LONGEST_ITEMS = 14
CODE_LENGTH = 8
HEADINGS = (
    "sheet_time",
    "sheet_code",
    "sheet_name",
    "sheet_phone",
    "sheet_id_number",
    "sheet_items",
)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One visit as the desk needs it: who comes when, and enough to know them by their card."""

    cells: tuple[str, ...] = field(repr=False)


def code_of(appointment_id: str) -> str:
    """Return what a visit is called on paper: the end of its id, which differs first."""
    return appointment_id[-CODE_LENGTH:].upper()


async def draw_day(point: ServicePoint, day: date) -> tuple[bytes, int]:
    """Return the sheet of a point's day as PDF, masked, and how many visits are on it."""
    first_at, until = day_span(day)
    visits = await Appointment.filter(
        point_code=point.code,
        starts_at__gte=first_at,
        starts_at__lt=until,
        state__in=LIVE_APPOINTMENTS,
    ).order_by("starts_at", "id")
    people = await get_people({visit.person_id for visit in visits})
    names = await names_of_items({code for visit in visits for code in visit.item_codes})
    lines = [_line_of(visit, people[visit.person_id], names) for visit in visits]
    title = text("sheet_title", point=point.name, day=day.isoformat(), count=len(lines))
    return await asyncio.to_thread(_draw, title, lines), len(lines)


def _line_of(visit: Appointment, person: Person, names: dict[str, str]) -> SheetLine:
    items = "、".join(names.get(code, code) for code in visit.item_codes)
    return SheetLine(
        (
            f"{visit.starts_at.astimezone(SHANGHAI):%H:%M}",
            code_of(visit.id),
            mask_name(person.name),
            mask_phone(person.phone) if person.phone else "—",
            mask_id_number(person.id_number),
            items if len(items) <= LONGEST_ITEMS else f"{items[:LONGEST_ITEMS]}…",
        )
    )


def _draw(title: str, lines: Sequence[SheetLine]) -> bytes:
    buffer = BytesIO()
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    canvas = Canvas(buffer, pagesize=A4, invariant=True)
    canvas.setTitle(title)
    on_a_page = int((A4[1] - 2 * MARGIN) / LINE) - 2
    for first in range(0, max(1, len(lines)), on_a_page):
        _draw_page(canvas, title, lines[first : first + on_a_page])
    canvas.save()
    return buffer.getvalue()


def _draw_page(canvas: Canvas, title: str, lines: Sequence[SheetLine]) -> None:
    top = A4[1] - MARGIN
    canvas.setFont(FONT, TITLE_SIZE)
    canvas.drawString(MARGIN, top, title)
    canvas.setFont(FONT, TEXT_SIZE)
    headings = tuple(text(code) for code in HEADINGS)
    for number, cells in enumerate([headings, *(line.cells for line in lines)], start=1):
        height = top - number * LINE
        for left, cell in zip(COLUMNS, cells, strict=True):
            canvas.drawString(MARGIN + left, height, cell)
        canvas.line(MARGIN, height - 2 * mm, A4[0] - MARGIN, height - 2 * mm)
    canvas.showPage()
