"""What each process keeps of the catalogue for a while: calendar, search index, and more."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from time import monotonic
from typing import Any, TypeVar

from models.catalog import CalendarDay
from models.kinds import DayKind
from server.catalog import repository
from server.catalog.rules import WorkingCalendar, is_yearly_marker
from server.catalog.search import ItemIndex

CALENDAR_KEPT_S = 60.0
INDEX_CHECKED_EVERY_S = 5.0
LOADED_WITHIN_S = 1.0
"""After that, somebody else tries to load what is still not there."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownDays:
    """The calendar, and what the days that stand in it are called."""

    calendar: WorkingCalendar
    names: Mapping[date, str]


@dataclass(slots=True)
class _Kept:
    index: ItemIndex | None = None
    index_version: tuple[int, int] = (0, 0)
    index_until_s: float = 0.0
    index_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    others: dict[Hashable, tuple[float, Any]] = field(default_factory=dict)


class _Process:
    kept = _Kept()


def forget_caches() -> None:
    """Read everything anew when it is next asked for; for those who changed it here."""
    _Process.kept = _Kept()


async def remembered(key: Hashable, load: Callable[[], Awaitable[T]], *, for_s: float) -> T:
    """Return what `load` returned for `key` at most `for_s` ago; it is shared, so read only.

    While it is loaded anew, all others are given what was known just before.
    """
    others = _Process.kept.others
    until_s, value = others.get(key, (0.0, None))
    if until_s > monotonic():
        return value  # type: ignore[no-any-return]
    if key in others:
        others[key] = monotonic() + LOADED_WITHIN_S, value
    value = await load()
    others[key] = monotonic() + for_s, value
    return value


async def known_days() -> KnownDays:
    """Return the calendar as it was at most `CALENDAR_KEPT_S` ago, with names."""

    async def load() -> KnownDays:
        return _know(await repository.load_calendar())

    return await remembered("calendar", load, for_s=CALENDAR_KEPT_S)


async def working_calendar() -> WorkingCalendar:
    """Return the calendar as it was at most `CALENDAR_KEPT_S` ago."""
    return (await known_days()).calendar


async def read_calendar(first: date, last: date) -> WorkingCalendar:
    """Return the calendar as it is now from `first` to `last`: what is on sale hangs on it."""
    return _know(await repository.load_days(first, last)).calendar


def _know(entries: list[CalendarDay]) -> KnownDays:
    official = [entry.day for entry in entries if not entry.is_provisional]
    calendar = WorkingCalendar(
        holidays=[entry.day for entry in entries if entry.kind is DayKind.HOLIDAY],
        make_up_days=[entry.day for entry in entries if entry.kind is DayKind.WORKING],
        official_years=[day.year for day in official if is_yearly_marker(day)],
    )
    return KnownDays(calendar, {entry.day: entry.name for entry in entries})


async def item_index() -> ItemIndex:
    """Return the index of the items that were in force at most `INDEX_CHECKED_EVERY_S` ago.

    While one request renews it, the others are served from the one before.
    """
    kept = _Process.kept
    if kept.index is not None and (kept.index_until_s > monotonic() or kept.index_lock.locked()):
        return kept.index
    async with kept.index_lock:
        return await _renew_index(kept)


async def _renew_index(kept: _Kept) -> ItemIndex:
    if kept.index is not None and kept.index_until_s > monotonic():
        return kept.index
    version = await repository.count_versions()
    if kept.index is None or kept.index_version != version:
        kept.index = await asyncio.to_thread(ItemIndex, await repository.load_entries())
        kept.index_version = version
    kept.index_until_s = monotonic() + INDEX_CHECKED_EVERY_S
    return kept.index
