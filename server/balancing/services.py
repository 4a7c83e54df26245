"""How long services take, item by item: as planned, corrected by what was measured of late."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.balancing.waits import USUAL_MINUTES

HALF_LIFE = timedelta(days=7)
PRIOR_PEOPLE = 8.0
"""So many measurements weigh as much as the plan: a rare item keeps near to what was planned."""
LONGEST_FACTOR = 4.0
"""Whoever takes longer than four times the plan was forgotten at the window, not served."""


@dataclass(frozen=True, slots=True)
class Served:
    """One visit that ended: for which items, how many minutes, when."""

    item_codes: tuple[str, ...]
    minutes: float
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class ItemMinutes:
    """Minutes at the window by item; `measured` are the items of which enough was seen."""

    by_item: Mapping[str, float]
    measured: frozenset[str]

    def of(self, item_codes: Collection[str]) -> float:
        """Return the minutes that a visit for these items is expected to take."""
        known = [self.by_item[code] for code in item_codes if code in self.by_item]
        return sum(known) if known else USUAL_MINUTES


def estimate_items(
    planned: Mapping[str, int], served: Iterable[Served], *, now: datetime
) -> ItemMinutes:
    """Estimate every item of `planned`; the older a visit, the less it counts.

    A visit for several items tells the same of each: by how much it was off the plan.
    """
    people: dict[str, float] = defaultdict(float)
    factors: dict[str, float] = defaultdict(float)
    for visit in served:
        known = [code for code in visit.item_codes if code in planned]
        if not known:
            continue
        factor = min(LONGEST_FACTOR, visit.minutes / sum(planned[code] for code in known))
        weight = 0.5 ** ((now - visit.ended_at) / HALF_LIFE)
        for code in known:
            people[code] += weight
            factors[code] += weight * factor
    return ItemMinutes(
        by_item={
            code: minutes * (PRIOR_PEOPLE + factors[code]) / (PRIOR_PEOPLE + people[code])
            for code, minutes in planned.items()
        },
        measured=frozenset(code for code, weight in people.items() if weight >= PRIOR_PEOPLE),
    )
