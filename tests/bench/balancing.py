"""People over 81 points: minutes against one common queue, and what a ranking costs.

The scenario, with its seed, is that of `docs/BALANCING.md`; every way of guiding people plays the
same days.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain, cycle
from multiprocessing import get_context
from random import Random
from statistics import median
from time import process_time

from models.catalog import ServicePoint
from models.kinds import PointLevel
from server.balancing.guidance import Board
from server.balancing.loads import MINUTE, HallLoad, Snapshot, minutes_of, take_snapshot
from server.balancing.ranking import Question, rank_known
from server.balancing.rules import KM_PER_DEGREE, Place
from server.balancing.schemas import RankedPointOut
from server.balancing.services import ItemMinutes
from server.balancing.simulation.day import draw_day
from server.balancing.simulation.engine import Day, points_of
from server.balancing.simulation.figures import Figures, count_bound, count_visits, mean_of
from server.balancing.simulation.guides import GUIDES
from server.balancing.simulation.world import HOME_KM, Station, shipped_world
from server.balancing.waits import USUAL_MINUTES
from tests.bench.register import bench

SEED, DAYS, PROCESSES = 4, 20, 2
UTILISATIONS = {"75": 0.75, "85": 0.85}
UNGUIDED = "ours-without-offers"
"""Where everybody stays with the first advice, the wait predicted is the wait that follows."""

ROUNDS, RANKINGS, RANKINGS_PER_MINUTE = 15, 200, 3_000
SIDE = 10
"""8,100 points are the district ten times ten."""
SHOWN = 20
"""As many as are shown to one who does not ask for more."""
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ITEM = "GL0001"
MINUTES = ItemMinutes({ITEM: USUAL_MINUTES}, frozenset())
Ranker = Callable[[Snapshot, Place, datetime], tuple[str, float]]
"""Returns the first point and the minutes to it."""


@dataclass
class District:
    """What is known of its points, what is told of them at first, and where people are."""

    known: Snapshot
    told: Mapping[str, HallLoad]
    homes: Sequence[Place]

    def begin(self) -> None:
        """Forget who set out: they would pile up at few points, and not at many."""
        self.known = self.known.moved_on(self.known.points, self.told, now=NOW)


@bench("minutes_over_bound", group="balancing")
def measure_minutes() -> dict[str, float]:
    return dict(chain.from_iterable(_each_way(lambda ours, bound: ours.minutes / bound.minutes)))


@bench("over_15_excess", group="balancing")
def measure_long_waits() -> dict[str, float]:
    """In percentage points."""
    return dict(
        chain.from_iterable(_each_way(lambda ours, bound: 100 * (ours.over_15 - bound.over_15)))
    )


@bench("wait_error", group="balancing")
def measure_error() -> dict[str, float]:
    figures = _play()["85"][UNGUIDED]
    return {
        "ratio": figures.error / figures.naive_error,
        "ratio_to_those_waiting": figures.error / figures.queue_error,
        "minutes": figures.error,
    }


@bench("ranking", group="balancing")
def measure_growth() -> dict[str, float]:
    """Of a ranking as it is answered, with its reasons; `growth_of_choice` is without them."""
    few, many = _busy_district(1), _busy_district(SIDE)
    return {
        "growth": _growth(_answer, few, many),
        "growth_of_choice": _growth(_choose, few, many),
    }


@bench("rankings", group="balancing")
def measure_rankings() -> dict[str, float]:
    district = _busy_district(1)
    return {
        "per_s": median(1 / _seconds(_answer, district, n) for n in range(ROUNDS)),
        "per_s_of_choice": median(1 / _seconds(_choose, district, n) for n in range(ROUNDS)),
    }


def _each_way(compare) -> Iterator[list[tuple[str, float]]]:
    for name, ways in _play().items():
        bound = ways["bound"]
        yield [(name, compare(ways["ours"], bound))]
        yield [
            (f"{name}_{way.replace('-', '_')}", compare(figures, bound))
            for way, figures in ways.items()
            if way not in {"ours", "bound"}
        ]


@cache
def _play() -> dict[str, dict[str, Figures]]:
    asked = [(name, day) for day in range(DAYS) for name in reversed(UTILISATIONS)]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        played = list(pool.map(_play_day, asked))
    return {
        name: {
            way: mean_of(
                [day[way] for (which, _), day in zip(asked, played, strict=True) if which == name]
            )
            for way in ("ours", "bound", *sorted(GUIDES.keys() - {"ours"}))
        }
        for name in UTILISATIONS
    }


def _play_day(asked: tuple[str, int]) -> dict[str, Figures]:
    name, day = asked
    world = shipped_world(SEED)
    people = draw_day(world, day, seed=SEED, utilisation=UTILISATIONS[name])
    figures = {"bound": count_bound(world, people)}
    for way, guide in GUIDES.items():
        visits = Day(people, guide(Board(points_of(world)))).play()
        assert len(visits) == len(people), "somebody was lost"
        figures[way] = count_visits(visits)
    return figures


def _busy_district(side: int) -> District:
    """Return the shipped points so many times from west to east and from south to north."""
    dice, stations = Random(SEED), shipped_world(SEED).stations
    width, height = (
        max(one) - min(one)
        for one in ([s.east_km for s in stations], [s.north_km for s in stations])
    )
    points = [
        _point(f"{one.code}/{east}/{north}", one, east * width, north * height)
        for east in range(side)
        for north in range(side)
        for one in stations
    ]
    loads = {
        point.code: _load(one.windows, dice)
        for point, one in zip(points, cycle(stations), strict=False)
    }
    known = take_snapshot({one.code: one for one in points}, loads, MINUTES, now=NOW)
    return District(known, loads, [_home(one, dice) for one in dice.choices(points, k=200)])


def _point(code: str, station: Station, east_km: float, north_km: float) -> ServicePoint:
    return ServicePoint(
        code=code,
        name=station.code,
        level=PointLevel.COMMUNITY,
        lat=(station.north_km + north_km) / KM_PER_DEGREE,
        lng=(station.east_km + east_km) / KM_PER_DEGREE,
    )


def _home(point: ServicePoint, dice: Random) -> Place:
    north, east = (dice.gauss(0.0, HOME_KM) / KM_PER_DEGREE for _ in range(2))
    return Place(point.lat + north, point.lng + east)


def _load(windows: int, dice: Random) -> HallLoad:
    return HallLoad(
        windows,
        tuple(NOW - dice.expovariate(1 / 12) * MINUTE for _ in range(windows)),
        ((ITEM,),) * dice.randrange(windows),
        tuple(NOW + dice.uniform(0, 15) * MINUTE for _ in range(dice.randrange(windows))),
    )


def _answer(known: Snapshot, home: Place, now: datetime) -> tuple[str, float]:
    ranked = rank_known(Question(ITEM, home, SHOWN), [PointLevel.COMMUNITY], known, now=now)
    shown = [RankedPointOut.of(one) for one in ranked]
    return shown[0].code, ranked[0].expected.travel


def _choose(known: Snapshot, home: Place, now: datetime) -> tuple[str, float]:
    board = known.board_of([PointLevel.COMMUNITY], is_staffed=True)
    first, *_ = board.rank(*known.place_of(home), minutes_of(now), limit=SHOWN)
    return first.point.code, first.travel


def _growth(rank: Ranker, few: District, many: District) -> float:
    _seconds(rank, few, 0), _seconds(rank, many, 0)
    rounds = [(_seconds(rank, few, n), _seconds(rank, many, n)) for n in range(ROUNDS)]
    return median(more / less for less, more in rounds)


def _seconds(rank: Ranker, district: District, turn: int) -> float:
    """Return what a ranking takes in a round, while somebody sets out after each one."""
    district.begin()
    known, homes = district.known, district.homes
    began = process_time()
    for n in range(RANKINGS):
        now = NOW + (turn * RANKINGS + n) / RANKINGS_PER_MINUTE * MINUTE
        code, travel = rank(known, homes[n % len(homes)], now)
        known.expect(code, now + travel * MINUTE)
    return (process_time() - began) / RANKINGS
