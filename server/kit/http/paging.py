"""Lists by cursor: newest first, each page going on where the one before ended."""

from collections.abc import Callable
from typing import TypeVar

from tortoise import Model
from tortoise.queryset import QuerySet

from server.kit.http.schemas import Outgoing, Page, PageQuery

Row = TypeVar("Row", bound=Model)
Shown = TypeVar("Shown", bound=Outgoing)


async def page_of(
    rows: QuerySet[Row], query: PageQuery, show: Callable[[Row], Shown]
) -> Page[Shown]:
    """Return one page of `rows`, whose ids rise with time."""
    if query.cursor is not None:
        rows = rows.filter(id__lt=query.cursor)
    found = await rows.order_by("-id").limit(query.limit + 1)
    kept = found[: query.limit]
    more = len(found) > query.limit
    return Page(items=[show(row) for row in kept], next_cursor=kept[-1].pk if more else None)
