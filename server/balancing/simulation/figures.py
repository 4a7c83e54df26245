"""What is counted of simulated days."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from statistics import fmean

from server.balancing.nearby import NearbyIndex
from server.balancing.rules import travel_minutes
from server.balancing.simulation.day import Person
from server.balancing.simulation.engine import Visit
from server.balancing.simulation.world import Station, World
from server.balancing.waits import USUAL_MINUTES

LONG_WAIT_MINUTES = 15.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over people: minutes from decision to done, share waiting long, offers taken.

    The errors are mean absolute ones of the predicted wait, in minutes: ours, that of all people
    before one × mean minutes ÷ windows, and of those alone who wait.
    """

    people: float
    minutes: float
    over_15: float
    travel: float = 0.0
    wait: float = 0.0
    offers: float = 0.0
    error: float = 0.0
    naive_error: float = 0.0
    queue_error: float = 0.0


def count_visits(visits: Collection[Visit]) -> Figures:
    """Return the figures of people who came."""
    if not visits:
        return Figures(0, 0.0, 0.0)
    return Figures(
        people=len(visits),
        minutes=fmean(one.minutes for one in visits),
        over_15=fmean(one.wait > LONG_WAIT_MINUTES for one in visits),
        travel=fmean(one.travelled for one in visits),
        wait=fmean(one.wait for one in visits),
        offers=fmean(one.offers for one in visits),
        error=fmean(abs(one.predicted - one.wait) for one in visits),
        naive_error=fmean(
            abs(_naive_wait(one.served_before + one.waiting_before, one) - one.wait)
            for one in visits
        ),
        queue_error=fmean(abs(_naive_wait(one.waiting_before, one) - one.wait) for one in visits),
    )


def count_bound(world: World, people: Sequence[Person]) -> Figures:
    """Return the figures of one common queue for all windows, everybody going to the nearest."""
    index = NearbyIndex[Station](world.stations)
    ways = [_nearest_minutes(index, person) for person in people]
    arrivals = sorted(
        (one.decides_at + way, one.service) for one, way in zip(people, ways, strict=True)
    )
    free_at = [0.0] * world.windows
    heapify(free_at)
    waits = []
    for arrives_at, service in arrivals:
        waits.append(max(0.0, free_at[0] - arrives_at))
        heapreplace(free_at, arrives_at + waits[-1] + service)
    travel, wait = fmean(ways), fmean(waits)
    return Figures(
        people=len(people),
        minutes=travel + wait + fmean(one.service for one in people),
        over_15=fmean(one > LONG_WAIT_MINUTES for one in waits),
        travel=travel,
        wait=wait,
    )


def mean_of(days: Sequence[Figures]) -> Figures:
    """Return the mean over days, each day counting the same."""
    names = Figures.__dataclass_fields__
    return Figures(**{name: fmean(getattr(day, name) for day in days) for name in names})


def _naive_wait(before: int, visit: Visit) -> float:
    return before * USUAL_MINUTES / max(1, visit.windows)


def _nearest_minutes(index: NearbyIndex[Station], person: Person) -> float:
    ((distance, _),) = index.nearest(person.east_km, person.north_km, limit=1)
    return travel_minutes(distance)
