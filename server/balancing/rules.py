"""What balancing decides for people: where they are done soonest."""

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


def reach_km(minutes: float) -> float:
    """Return how far one comes in so many minutes; the inverse of `travel_minutes`."""
    return (minutes - TRAVEL_BASE_MINUTES) * TRAVEL_KMH / 60 / DETOUR
