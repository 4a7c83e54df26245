"""Who comes on a simulated day: when they decide, from where, and how long they will need."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from random import Random

from server.balancing.simulation.world import HOME_KM, World
from server.balancing.waits import SIGMA, USUAL_MINUTES

DAY_MINUTES = 480.0
STEADY_SHARE = 0.4
"""Of the people; the others come around one of two peaks."""
PEAKS = ((105.0, 0.55), (345.0, 0.45))
"""Minutes after opening, and share: a quarter to eleven and a quarter to three from nine on."""
PEAK_MINUTES = 50.0
"""Deviation of a peak."""


@dataclass(frozen=True, slots=True)
class Person:
    """One who needs a service; `service` minutes are known to nobody before they are over."""

    decides_at: float
    east_km: float
    north_km: float
    service: float


def draw_day(world: World, day: int, *, seed: int, utilisation: float) -> list[Person]:
    """Return the people of one day in the order of their decisions.

    `utilisation` is the share of the windows' time that they need on the average.
    """
    dice = Random(f"{seed}/day/{day}")  # noqa: S311 - a simulation is to be repeatable
    mean = world.windows * utilisation * DAY_MINUTES / USUAL_MINUTES
    people = max(0, round(dice.gauss(mean, sqrt(mean))))
    demand = [station.demand for station in world.stations]
    homes = dice.choices(world.stations, demand, k=people)
    location = log(USUAL_MINUTES) - SIGMA**2 / 2
    drawn = [
        Person(
            decides_at=_decides_at(dice),
            east_km=dice.gauss(home.east_km, HOME_KM),
            north_km=dice.gauss(home.north_km, HOME_KM),
            service=dice.lognormvariate(location, SIGMA),
        )
        for home in homes
    ]
    return sorted(drawn, key=lambda person: person.decides_at)


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A visit that happened: where, how many minutes after opening, how long it was served."""

    point_code: str
    minute: float
    service: float


def resample_day(
    world: World, visits: Sequence[PastVisit], day: int, *, seed: int, past_days: int
) -> list[Person]:
    """Return a day as those of the past were: as many people on the average, drawn from theirs."""
    dice = Random(f"{seed}/day/{day}")  # noqa: S311 - a simulation is to be repeatable
    stations = {station.code: station for station in world.stations}
    known = [visit for visit in visits if visit.point_code in stations]
    mean = len(known) / past_days
    drawn = []
    for visit in (
        dice.choices(known, k=max(0, round(dice.gauss(mean, sqrt(mean))))) if known else ()
    ):
        home = stations[visit.point_code]
        east_km, north_km = dice.gauss(home.east_km, HOME_KM), dice.gauss(home.north_km, HOME_KM)
        drawn.append(Person(visit.minute, east_km, north_km, visit.service))
    return sorted(drawn, key=lambda person: person.decides_at)


def _decides_at(dice: Random) -> float:
    if dice.random() < STEADY_SHARE:
        return dice.uniform(0.0, DAY_MINUTES)
    middle = PEAKS[0][0] if dice.random() < PEAKS[0][1] else PEAKS[1][0]
    minute = dice.gauss(middle, PEAK_MINUTES)
    return minute if 0 <= minute < DAY_MINUTES else _decides_at(dice)
