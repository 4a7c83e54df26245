"""Which points can review an item, as each process knows it for a few seconds."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from server.catalog.service import find_points_for, remembered

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


async def reviewing_points(item_code: str) -> Roster:
    """Return who can review an item; raises `UnknownItem`."""
    return await remembered(("roster", item_code), lambda: _read(item_code), for_s=KEPT_S)


async def _read(item_code: str) -> Roster:
    points = await find_points_for([item_code])
    reviewers = {point.code: point.reviewers for point in points if point.reviewers > 0}
    return Roster(tuple(reviewers), reviewers)
