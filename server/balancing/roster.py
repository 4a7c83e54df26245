"""Which points can review an item, as each process knows it for a few seconds."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from models.kinds import PointLevel
from server.catalog.service import get_item, remembered, reviewers

KEPT_S = 5.0


@dataclass(frozen=True, slots=True)
class Roster:
    """The open points with reviewers that take an item: their codes, and how many review there."""

    codes: Sequence[str]
    reviewers: Mapping[str, int]

    def sample(self, count: int, *, wish: str | None) -> list[str]:
        """Return some of the points by chance, and the wished one if it is among them, in order.

        It costs the same however many points there are.
        """
        sampled = set(random.sample(self.codes, min(count, len(self.codes))))
        if wish is not None and wish in self.reviewers:
            sampled.add(wish)
        return sorted(sampled)

    def without(self, point_codes: Collection[str]) -> "Roster":
        """Return the roster less some points."""
        left = {code: n for code, n in self.reviewers.items() if code not in point_codes}
        return Roster(tuple(left), left)


@dataclass(frozen=True, slots=True)
class _Rosters:
    """The rosters of all items, read at one look: those taken at the same levels share one."""

    points: Sequence[tuple[str, PointLevel, int]]
    _known: dict[frozenset[PointLevel], Roster] = field(default_factory=dict)

    def of(self, levels: frozenset[PointLevel]) -> Roster:
        roster = self._known.get(levels)
        if roster is None:
            there = {code: count for code, level, count in self.points if level in levels}
            roster = self._known[levels] = Roster(tuple(there), there)
        return roster


async def reviewing_points(item_code: str) -> Roster:
    """Return who can review an item; raises `UnknownItem`."""
    levels = await remembered(("levels", item_code), lambda: _levels_of(item_code), for_s=KEPT_S)
    return (await remembered("rosters", _read, for_s=KEPT_S)).of(levels)


async def _levels_of(item_code: str) -> frozenset[PointLevel]:
    item = await get_item(item_code)
    return frozenset(PointLevel(level) for level in item.accepted_at_levels)


async def _read() -> _Rosters:
    return _Rosters(await reviewers())
