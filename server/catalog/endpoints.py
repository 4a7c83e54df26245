"""The catalogue for everybody; no session is needed."""

from server.catalog import repository
from server.catalog.caches import item_index, known_days
from server.catalog.days import name_of
from server.catalog.endpoints_admin import admin
from server.catalog.errors import SpanTooLong, UnknownDepartment, UnknownItem, UnknownPoint
from server.catalog.rules import days_between
from server.catalog.schemas import (
    CalendarOut,
    CalendarQuery,
    DayOut,
    GuideOut,
    ItemsQuery,
    ItemSummary,
    PointOut,
    ThemeOut,
    ThemesOut,
)
from server.catalog.service import get_department, get_item, get_point, materials_of
from server.kit.access import EVERYBODY
from server.kit.http.call import Call
from server.kit.http.routes import Surface
from server.kit.http.schemas import Page

public = Surface("/public", tag="catalog")
SURFACES = (public, admin)

MOST_DAYS = 400
"""A little more than a year, so that a whole one can be shown."""


@public.get("/items", allows=EVERYBODY)
async def search_items(call: Call[None, ItemsQuery]) -> Page[ItemSummary]:
    """Search the items in force by name, theme, department or code, best first."""
    query = call.query
    index = await item_index()
    found = index.find(
        query.q or "", theme=query.theme, offset=int(query.cursor or 0), limit=query.limit
    )
    cursor = None if found.next_offset is None else str(found.next_offset)
    return Page(items=[ItemSummary.of(entry) for entry in found.entries], next_cursor=cursor)


@public.get("/themes", allows=EVERYBODY)
async def list_themes(call: Call) -> ThemesOut:
    """List every theme with the number of its items."""
    del call
    index = await item_index()
    return ThemesOut(items=[ThemeOut(theme=theme, items=items) for theme, items in index.themes()])


@public.get("/items/<item_code>", allows=EVERYBODY, refuses=(UnknownItem, UnknownDepartment))
async def show_guide(call: Call) -> GuideOut:
    """Show an item's guide: conditions, materials, days, where it is accepted and decided."""
    item = await get_item(call.path["item_code"])
    materials = await materials_of(item)
    return GuideOut.of(item, materials, await get_department(item.department_code))


@public.get("/points/<code>", allows=EVERYBODY, refuses=(UnknownPoint,))
async def show_point(call: Call) -> PointOut:
    """Show one service point and its windows."""
    point = await get_point(call.path["code"])
    return PointOut.of(point, await repository.count_windows(point.code))


@public.get("/calendar", allows=EVERYBODY, refuses=(SpanTooLong,))
async def show_calendar(call: Call[None, CalendarQuery]) -> CalendarOut:
    """Show which days are worked, holidays and make-up days by name."""
    first, last = call.query.first, call.query.last
    if not 0 <= (last - first).days < MOST_DAYS:
        raise SpanTooLong(most_days=MOST_DAYS)
    known = await known_days()
    return CalendarOut(
        items=[
            DayOut(
                day=day,
                is_working=known.calendar.is_working(day),
                is_provisional=known.calendar.is_provisional(day),
                name=name_of(day, known=known),
            )
            for day in days_between(first, last)
        ]
    )
