"""Lists by cursor: each page goes on where the one before ended."""

from collections.abc import Callable
from typing import TypeVar

from tortoise import Model
from tortoise.queryset import QuerySet

from server.kit.http.schemas import Outgoing, Page, PageQuery

Row = TypeVar("Row", bound=Model)
Shown = TypeVar("Shown", bound=Outgoing)


async def page_of(
    rows: QuerySet[Row],
    query: PageQuery,
    show: Callable[[Row], Shown],
    *,
    oldest_first: bool = False,
) -> Page[Shown]:
    """Return one page of `rows`, whose ids rise with time; the newest first unless asked."""
    kept, next_cursor = await cursor_page(rows, query, oldest_first=oldest_first)
    return Page(items=[show(row) for row in kept], next_cursor=next_cursor)


async def cursor_page(
    rows: QuerySet[Row], query: PageQuery, *, oldest_first: bool = False
) -> tuple[list[Row], str | None]:
    """Return the rows of one page and the cursor of the next, for what is shown by more queries."""
    if query.cursor is not None:
        side = "id__gt" if oldest_first else "id__lt"
        rows = rows.filter(**{side: query.cursor})
    found = await rows.order_by("id" if oldest_first else "-id").limit(query.limit + 1)
    kept = found[: query.limit]
    more = len(found) > query.limit
    return kept, kept[-1].pk if more else None
