"""What the catalogue tells everybody: items, materials, points, departments, days."""

from collections.abc import Collection, Sequence

from models.catalog import Department, Material, ServiceItem, ServicePoint
from models.kinds import PointLevel, WindowKind
from server.catalog import repository
from server.catalog.caches import (
    forget_caches,
    item_index,
    read_calendar,
    remembered,
    working_calendar,
)
from server.catalog.errors import UnknownDepartment, UnknownItem, UnknownPoint

__all__ = [
    "find_points_for",
    "forget_caches",
    "get_department",
    "get_item",
    "get_item_version",
    "get_items",
    "get_point",
    "get_points",
    "holds_sample_items",
    "item_index",
    "lock_points",
    "materials_of",
    "names_of_items",
    "planned_minutes",
    "point_codes",
    "read_calendar",
    "remembered",
    "reviewers",
    "windows_of",
    "working_calendar",
]


async def get_item(item_code: str) -> ServiceItem:
    """Return the version of an item that is in force; raise `UnknownItem`."""
    item = await repository.find_item(item_code)
    if item is None:
        raise UnknownItem
    return item


async def get_item_version(item_code: str, version: int) -> ServiceItem:
    """Return one version of an item, in force or not; raise `UnknownItem`."""
    item = await repository.find_item_version(item_code, version)
    if item is None:
        raise UnknownItem
    return item


async def get_items(item_codes: Sequence[str]) -> list[ServiceItem]:
    """Return the versions in force in the order of the codes; raise `UnknownItem`."""
    found = await repository.find_items(item_codes)
    if not found.keys() >= set(item_codes):
        raise UnknownItem
    return [found[code] for code in item_codes]


async def names_of_items(item_codes: Collection[str]) -> dict[str, str]:
    """Return the names in force by code; what is unknown or withdrawn is left out."""
    found = await repository.find_items(item_codes)
    return {code: item.name for code, item in found.items()}


async def planned_minutes() -> dict[str, int]:
    """Return the minutes at the window that each item in force is planned to take."""
    return await repository.planned_minutes()


async def materials_of(item: ServiceItem) -> list[Material]:
    """Return what this version of an item asks for, in order."""
    return await repository.materials_of(item.id)


async def get_point(code: str) -> ServicePoint:
    """Return a service point, open or closed; raise `UnknownPoint`."""
    point = await repository.find_point(code)
    if point is None:
        raise UnknownPoint
    return point


async def lock_points(codes: Collection[str]) -> None:
    """Let what points have on sale be made anew by nobody else until the transaction ends."""
    await repository.lock_points(codes)


async def get_points(codes: Collection[str]) -> dict[str, ServicePoint]:
    """Return service points by code, open or closed; whatever is unknown is left out."""
    return await repository.find_points(codes)


async def windows_of(point_code: str) -> dict[int, WindowKind]:
    """Return the windows of a point by number, and the kind of each."""
    return await repository.kinds_of_windows(point_code)


async def find_points_for(item_codes: Sequence[str]) -> list[ServicePoint]:
    """Return the open points whose level accepts every one of the items; raise `UnknownItem`."""
    return await repository.open_points(await levels_for(item_codes))


async def levels_for(item_codes: Sequence[str]) -> set[PointLevel]:
    """Return the levels that accept every one of the items; raise `UnknownItem`."""
    levels = set(PointLevel)
    for item in await get_items(item_codes):
        levels &= {PointLevel(level) for level in item.accepted_at_levels}
    return levels


async def reviewers() -> list[tuple[str, PointLevel, int]]:
    """Return code, level and how many review there of every open point where anybody does."""
    return await repository.reviewers()


async def point_codes() -> list[str]:
    """Return the code of every point, open or closed."""
    return await repository.point_codes()


async def get_department(code: str) -> Department:
    """Return a department; raise `UnknownDepartment`."""
    department = await repository.find_department(code)
    if department is None:
        raise UnknownDepartment
    return department


async def holds_sample_items() -> bool:
    """Tell whether items that an operator did not import are in force."""
    return await ServiceItem.exists(is_current=True, is_sample=True)
