"""Every query of the catalogue."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from tortoise.expressions import Q

from models.catalog import CalendarDay, Department, Material, ServiceItem, ServicePoint, Window
from models.kinds import PointLevel, WindowKind
from server.catalog.search import ItemEntry

ENTRY_COLUMNS = (
    "code",
    "name",
    "theme",
    "department_code",
    "kind",
    "promised_days",
    "is_mailable",
    "online_depth",
    "is_sample",
    "search_text",
)


LONGEST_CODE = 16
"""Of items, points and departments: whatever is longer names none of them."""


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which item versions to list; None means any."""

    code: str | None = None
    is_current: bool | None = None


async def find_item(code: str) -> ServiceItem | None:
    """Return the version in force, or None."""
    if len(code) > LONGEST_CODE:
        return None
    return await ServiceItem.get_or_none(code=code, is_current=True)


async def planned_minutes() -> dict[str, int]:
    """Return the minutes at the window of every item in force, by code."""
    rows = ServiceItem.filter(is_current=True).values_list("code", "window_minutes")
    return {str(code): int(minutes) for code, minutes in await rows}


async def find_item_version(code: str, version: int) -> ServiceItem | None:
    """Return one version, in force or not, or None."""
    return await ServiceItem.get_or_none(code=code, version=version)


async def find_items(codes: Collection[str]) -> dict[str, ServiceItem]:
    """Return the versions in force by code; what is unknown is left out."""
    possible = [code for code in codes if len(code) <= LONGEST_CODE]
    rows = await ServiceItem.filter(code__in=possible, is_current=True)
    return {row.code: row for row in rows}


async def list_items(wanted: ItemFilter, *, after_id: str | None, limit: int) -> list[ServiceItem]:
    """Return item versions in the order they were made."""
    if wanted.code is not None and len(wanted.code) > LONGEST_CODE:
        return []
    rows = ServiceItem.all()
    if wanted.code is not None:
        rows = rows.filter(code=wanted.code)
    if wanted.is_current is not None:
        rows = rows.filter(is_current=wanted.is_current)
    if after_id is not None:
        rows = rows.filter(id__gt=after_id)
    return await rows.order_by("id").limit(limit)


async def materials_of(item_id: str) -> list[Material]:
    """Return what one version of an item asks for, in order."""
    return await Material.filter(item_id=item_id).order_by("seq")


async def find_points(codes: Collection[str]) -> dict[str, ServicePoint]:
    """Return those of the service points that there are, by code."""
    fitting = [code for code in codes if len(code) <= LONGEST_CODE]
    return {point.code: point for point in await ServicePoint.filter(code__in=fitting)}


async def find_point(code: str) -> ServicePoint | None:
    """Return a service point, or None."""
    if len(code) > LONGEST_CODE:
        return None
    return await ServicePoint.get_or_none(code=code)


async def lock_points(codes: Collection[str]) -> None:
    """Let nobody else lock the points until the transaction ends."""
    await ServicePoint.filter(code__in=codes).order_by("code").select_for_update()


async def open_points(levels: Collection[PointLevel]) -> list[ServicePoint]:
    """Return the open points of these levels, by code."""
    return await ServicePoint.filter(is_open=True, level__in=list(levels)).order_by("code")


async def point_codes() -> list[str]:
    """Return the code of every point, open or closed, in order."""
    points = ServicePoint.all().order_by("code")
    return [str(code) for code in await points.values_list("code", flat=True)]


async def reviewers() -> list[tuple[str, PointLevel, int]]:
    """Return code, level and how many review there of every open point where anybody does."""
    points = ServicePoint.filter(is_open=True, reviewers__gt=0).order_by("code")
    return [*await points.values_list("code", "level", "reviewers")]


async def count_windows(point_code: str) -> Mapping[WindowKind, int]:
    """Return how many windows of each kind a point has."""
    return Counter([window.kind for window in await Window.filter(point_code=point_code)])


async def kinds_of_windows(point_code: str) -> dict[int, WindowKind]:
    """Return the windows of a point by number, and the kind of each."""
    windows = await Window.filter(point_code=point_code).order_by("number")
    return {window.number: window.kind for window in windows}


async def find_department(code: str) -> Department | None:
    """Return a department, or None."""
    if len(code) > LONGEST_CODE:
        return None
    return await Department.get_or_none(code=code)


async def count_versions() -> tuple[int, int]:
    """Return how many item versions there are, and how many of them are in force.

    Versions are never deleted nor brought back, so the pair differs after every change.
    """
    current = await ServiceItem.filter(is_current=True).count()
    return await ServiceItem.all().count(), current


async def load_entries() -> list[ItemEntry]:
    """Return what the search index holds of every item in force."""
    departments = dict(await Department.all().values_list("code", "name"))
    rows = await ServiceItem.filter(is_current=True).values(*ENTRY_COLUMNS)
    return [
        ItemEntry(**row, department_name=departments.get(row["department_code"], ""))
        for row in rows
    ]


async def load_calendar() -> list[CalendarDay]:
    """Return every entry of the calendar."""
    return await CalendarDay.all()


async def load_days(first: date, last: date) -> list[CalendarDay]:
    """Return the entries from `first` to `last`, and what makes their years official."""
    new_years = [date(year, 1, 1) for year in range(first.year, last.year + 1)]
    return await CalendarDay.filter(Q(day__gte=first, day__lte=last) | Q(day__in=new_years))


async def is_year_official(year: int) -> bool:
    """Tell whether the arrangement of `year` was published and imported."""
    return await CalendarDay.exists(day=date(year, 1, 1), is_provisional=False)


async def replace_days(first: date, last: date, *, days: Iterable[CalendarDay]) -> None:
    """Let `days` be all the entries from `first` to `last`."""
    await CalendarDay.filter(day__gte=first, day__lte=last).delete()
    await CalendarDay.bulk_create(days)
