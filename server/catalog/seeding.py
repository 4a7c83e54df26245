"""Filling the catalogue from files: points, departments, items, calendar.

Repeating it changes nothing. What people set afterwards stays: a point's opening, address and
reviewers, an official year.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import structlog
from chinese_calendar import constants
from tortoise.exceptions import IntegrityError

from config.settings import DATA_FOLDER
from models.catalog import CalendarDay, Department, ServiceItem, ServicePoint, Window
from models.kinds import AuthorityLevel, DayKind, PointLevel, WindowKind
from server.catalog import repository
from server.catalog.caches import forget_caches
from server.catalog.importing import ImportedItems, content_of_files, import_items
from server.catalog.rows import (
    DepartmentRow,
    HolidayRow,
    ItemRow,
    MaterialRow,
    PointRow,
    check_catalogue,
    read_rows,
)
from server.kit.errors import ChangedMeanwhile
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

SEEDING_TIMEOUT_S = 120.0
"""For the transaction around it: 10,000 items with their materials take some seconds."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Files:
    points: list[PointRow]
    departments: list[DepartmentRow]
    items: list[ItemRow]
    materials: list[MaterialRow]

    @property
    def deciders(self) -> dict[tuple[str, AuthorityLevel], DepartmentRow]:
        return {(row.authority, row.level): row for row in self.departments}


@dataclass(frozen=True, slots=True)
class SeedReport:
    """How many rows of each kind were written."""

    points: int = 0
    windows: int = 0
    departments: int = 0
    calendar_days: int = 0
    items: ImportedItems = field(default_factory=ImportedItems)


async def load_shipped(ports: Ports) -> None:
    """Seed what is shipped, in a transaction of its own."""
    report = await in_transaction(
        lambda: seed_catalogue(now=ports.now()), timeout_s=SEEDING_TIMEOUT_S
    )
    log.info("catalogue_seeded", **asdict(report))


async def seed_catalogue(
    *, now: datetime, folder: Path = DATA_FOLDER, is_sample: bool = True
) -> SeedReport:
    """Bring the files of `folder` in and tell what was written; inside one transaction.

    `is_sample` marks the items as not official: where others are in force, only the calendar is
    filled. Raises `CatalogueInvalid` before anything is written if the files are wrong,
    `ChangedMeanwhile` if somebody else imports at the same time.
    """
    files = _read_files(folder)
    content = content_of_files(files.items, files.materials, files.deciders, is_sample=is_sample)
    try:
        days = await seed_calendar()
        if is_sample and await ServiceItem.exists(is_current=True, is_sample=False):
            return SeedReport(calendar_days=days)
        return SeedReport(
            points=await _seed_points(files.points),
            windows=await _seed_windows(files.points),
            departments=await _seed_departments(files.departments),
            items=await import_items(content, now=now),
            calendar_days=days,
        )
    except IntegrityError:
        raise ChangedMeanwhile from None
    finally:
        forget_caches()


def kinds_of_windows(count: int, level: PointLevel) -> list[WindowKind]:
    """Return the kind of each of a point's windows, by number from 1.

    One consults; one issues, except in communities; the others, and a single one, accept.
    """
    special = [WindowKind.CONSULT]
    if level is not PointLevel.COMMUNITY:
        special.append(WindowKind.ISSUE)
    special = special[: max(0, count - 1)]
    return [WindowKind.ACCEPT] * (count - len(special)) + special


async def seed_calendar() -> int:
    """Write the arrangements that are published, and the statutory holidays of years to come.

    Published: those that the `chinesecalendar` package knows. A year that is official already is
    left alone.
    """
    written = 0
    for year, days in groupby(_published_days(), key=lambda entry: entry.day.year):
        if not await repository.is_year_official(year):
            entries = list(days)
            await repository.replace_days(date(year, 1, 1), date(year, 12, 31), days=entries)
            written += len(entries)
    return written + await _seed_provisional_days()


async def _seed_provisional_days() -> int:
    written = 0
    for row in read_rows(DATA_FOLDER / "holidays_provisional.csv", HolidayRow):
        is_known = await CalendarDay.exists(day=row.day)
        if is_known or await repository.is_year_official(row.day.year):
            continue
        await CalendarDay.create(
            day=row.day, kind=DayKind.HOLIDAY, name=row.name, is_provisional=True
        )
        written += 1
    return written


def _published_days() -> list[CalendarDay]:
    kinds = {DayKind.HOLIDAY: constants.holidays, DayKind.WORKING: constants.workdays}
    entries = [
        CalendarDay(day=day, kind=kind, name=constants.Holiday(name).chinese)
        for kind, days in kinds.items()
        for day, name in days.items()
    ]
    return sorted(entries, key=lambda entry: entry.day)


def _read_files(folder: Path) -> _Files:
    files = _Files(
        points=read_rows(folder / "service_points.csv", PointRow),
        departments=read_rows(folder / "departments.csv", DepartmentRow),
        items=read_rows(folder / "service_items.csv", ItemRow),
        materials=read_rows(folder / "materials.csv", MaterialRow),
    )
    check_catalogue(files.items, files.materials, files.deciders)
    return files


async def _seed_points(rows: Sequence[PointRow]) -> int:
    written = 0
    for row in rows:
        # Whoever is not at a window reviews; the number may be set otherwise afterwards.
        made = {"reviewers": max(1, row.staff - row.windows)}
        found = row.model_dump(exclude={"code", "windows", "staff"})
        written += await _write(ServicePoint, row.code, found=found, made=made)
    return written


async def _seed_departments(rows: Sequence[DepartmentRow]) -> int:
    written = 0
    for row in rows:
        found = row.model_dump(exclude={"code", "authority"})
        written += await _write(Department, row.code, found=found, made={})
    return written


async def _write(
    model: type[ServicePoint | Department],
    code: str,
    *,
    found: Mapping[str, Any],
    made: Mapping[str, Any],
) -> int:
    row = await model.get_or_none(code=code)
    if row is None:
        await model.create(code=code, **found, **made)
        return 1
    changed = {name: value for name, value in found.items() if getattr(row, name) != value}
    if changed:
        await model.filter(code=code).update(**changed)
    return 1 if changed else 0


async def _seed_windows(rows: Sequence[PointRow]) -> int:
    known: dict[str, dict[int, WindowKind]] = defaultdict(dict)
    for window in await Window.all():
        known[window.point_code][window.number] = window.kind
    windows = [
        Window(point_code=row.code, number=number, kind=kind)
        for row in rows
        for number, kind in _missing_windows(row, known[row.code])
    ]
    await Window.bulk_create(windows)
    return len(windows)


def _missing_windows(
    row: PointRow, known: Mapping[int, WindowKind]
) -> list[tuple[int, WindowKind]]:
    numbers = [number for number in range(1, row.windows + 1) if number not in known]
    kinds = kinds_of_windows(row.windows, row.level)
    for kind in known.values():
        if kind in kinds:
            kinds.remove(kind)
    return list(zip(numbers, kinds, strict=False))
