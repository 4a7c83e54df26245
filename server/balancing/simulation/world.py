"""The district of a simulated day: its points, where people live, how many of them come where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, radians
from random import Random

from config.settings import DATA_FOLDER
from models.kinds import PointLevel
from server.balancing.rules import KM_PER_DEGREE
from server.catalog.rows import PointRow, read_rows

COMMUNITY_KM = 0.4
"""Deviation of a community's place from its street's, of which alone the place is shipped."""
HOME_KM = 0.45
"""Deviation of people's homes from the point around which they live."""
DEMAND_SIGMA = 0.8
"""Of the logarithm: one point in six is asked for more than twice as often as the median."""


@dataclass(frozen=True, slots=True)
class Station:
    """A point of the simulated district; `demand` is its share of the people, unscaled."""

    code: str
    east_km: float
    north_km: float
    windows: int
    demand: float


@dataclass(frozen=True, slots=True)
class World:
    """All stations of a district."""

    stations: tuple[Station, ...]

    @property
    def windows(self) -> int:
        """How many windows there are in all."""
        return sum(station.windows for station in self.stations)

    def with_windows(self, changes: Mapping[str, int]) -> "World":
        """Return the district with so many windows more (or fewer) at these points."""
        return World(
            tuple(
                replace(one, windows=max(0, one.windows + changes.get(one.code, 0)))
                for one in self.stations
            )
        )


def shipped_world(seed: int) -> World:
    """Return the shipped points, communities scattered and demand drawn from `seed`."""
    rows = read_rows(DATA_FOLDER / "service_points.csv", PointRow)
    return scattered_world(rows, seed=seed)


def scattered_world(rows: Sequence[PointRow], *, seed: int) -> World:
    """Return the points of `rows` as stations."""
    dice = Random(f"{seed}/world")  # noqa: S311 - a simulation is to be repeatable
    origin = rows[0]
    return World(tuple(_station(row, origin, dice) for row in rows))


def _station(row: PointRow, origin: PointRow, dice: Random) -> Station:
    spread = COMMUNITY_KM if row.level is PointLevel.COMMUNITY else 0.0
    per_degree_east = KM_PER_DEGREE * cos(radians(origin.lat))
    return Station(
        code=row.code,
        east_km=(row.lng - origin.lng) * per_degree_east + dice.gauss(0.0, spread),
        north_km=(row.lat - origin.lat) * KM_PER_DEGREE + dice.gauss(0.0, spread),
        windows=row.windows,
        demand=dice.lognormvariate(0.0, DEMAND_SIGMA),
    )
