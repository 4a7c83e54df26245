"""What balancing decides: where a person is done soonest, where work is done soonest."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, cos, pi, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0
KM_PER_DEGREE = EARTH_RADIUS_KM * pi / 180
"""Of latitude."""
TRAVEL_BASE_MINUTES = 4.0
"""To the stop, and from it to the counter."""
DETOUR = 1.3
"""Streets against the straight line, in a town."""
TRAVEL_KMH = 18.0
"""Bus and bicycle in town, stops included."""
IN_TIME_MINUTES = 420.0
"""One working day at a point: at least seven hours."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere on earth, in degrees."""

    lat: float
    lng: float


@dataclass(frozen=True, slots=True)
class ExpectedMinutes:
    """How long until a person is done, part by part; without a place, travel is 0."""

    travel: float
    wait: float
    service: float

    @property
    def total(self) -> float:
        """All parts together."""
        return self.travel + self.wait + self.service


@dataclass(frozen=True, slots=True)
class ReviewBacklog:
    """The reviews that a point still owes, in minutes of work, and who shares them."""

    point_code: str
    minutes: int
    reviewers: int

    def completion_minutes(self, more_minutes: int) -> float:
        """Return the working minutes until `more_minutes` of new work would be done here."""
        return (self.minutes + more_minutes) / max(1, self.reviewers)


def distance_km(start: Place, end: Place) -> float:
    """Return the great-circle distance."""
    lat, lng = radians(end.lat - start.lat), radians(end.lng - start.lng)
    chord = sin(lat / 2) ** 2
    chord += cos(radians(start.lat)) * cos(radians(end.lat)) * sin(lng / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))


def travel_minutes(distance: float | None) -> float:
    """Return the minutes on the way for a distance in km; 0 where the start is unknown."""
    if distance is None:
        return 0.0
    return TRAVEL_BASE_MINUTES + DETOUR * distance / TRAVEL_KMH * 60


def choose_point(
    sampled: Sequence[ReviewBacklog], *, wished: ReviewBacklog | None, minutes: int
) -> str:
    """Choose where a review of `minutes` goes: the wished point while it is done in time there.

    Otherwise to the least expected completion of those `sampled`, of which there is at least one.
    """
    if wished is not None and wished.completion_minutes(minutes) <= IN_TIME_MINUTES:
        return wished.point_code
    return min(
        sampled, key=lambda one: (one.completion_minutes(minutes), one.point_code)
    ).point_code
