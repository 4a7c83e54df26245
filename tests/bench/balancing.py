"""People over 81 points: minutes against one common queue, and what a ranking costs.

The scenario, with its seed, is that of `docs/BALANCING.md`; every way of guiding people plays the
same days.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import chain
from multiprocessing import get_context
from random import Random
from statistics import median
from time import process_time

from server.balancing.guidance import Board, PointNow
from server.balancing.simulation.day import draw_day
from server.balancing.simulation.engine import Day, points_of
from server.balancing.simulation.figures import Figures, count_bound, count_visits, mean_of
from server.balancing.simulation.guides import GUIDES
from server.balancing.simulation.world import shipped_world
from tests.bench.register import bench

SEED, DAYS, PROCESSES = 4, 20, 2
UTILISATIONS = {"75": 0.75, "85": 0.85}
UNGUIDED = "ours-without-offers"
"""Where everybody stays with the first advice, the wait predicted is the wait that follows."""

ROUNDS, RANKINGS, RANKINGS_PER_MINUTE = 5, 400, 3_000
SIDE = 10
"""8,100 points are the district ten times ten."""
SHOWN = 20
Start = tuple[float, float]


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
    small, large = _busy_board(1), _busy_board(SIDE)
    _seconds(*small, 0), _seconds(*large, 0)
    rounds = [(_seconds(*small, n), _seconds(*large, n)) for n in range(ROUNDS)]
    return {"growth": median(many / few for few, many in rounds)}


@bench("rankings", group="balancing")
def measure_rankings() -> dict[str, float]:
    board = _busy_board(1)
    return {"per_s": median(1 / _seconds(*board, n) for n in range(ROUNDS))}


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


def _busy_board(side: int) -> tuple[Board, list[Start]]:
    dice = Random(SEED)
    district = points_of(shipped_world(SEED))
    width = max(one.east_km for one in district) - min(one.east_km for one in district)
    height = max(one.north_km for one in district) - min(one.north_km for one in district)
    points = [
        PointNow(
            f"{one.code}/{east}/{north}",
            (one.east_km + east * width, one.north_km + north * height),
            windows=one.windows,
        )
        for east in range(side)
        for north in range(side)
        for one in district
    ]
    for point in points:
        _fill(point, dice)
    starts = [(dice.choice(points), dice.gauss(0, 0.45), dice.gauss(0, 0.45)) for _ in range(200)]
    return Board(points), [(one.east_km + x, one.north_km + y) for one, x, y in starts]


def _fill(point: PointNow, dice: Random) -> None:
    for _ in range(point.windows):
        point.begin(-dice.expovariate(1 / 12))
    for _ in range(dice.randrange(point.windows)):
        point.queue()
    for _ in range(dice.randrange(point.windows)):
        point.expect(dice.uniform(0, 15))


def _seconds(board: Board, starts: list[Start], turn: int) -> float:
    """Return what a ranking takes while somebody sets out after each one."""
    began = process_time()
    for n in range(RANKINGS):
        now = (turn * RANKINGS + n) / RANKINGS_PER_MINUTE
        ranked = board.rank(*starts[n % len(starts)], now, limit=SHOWN)
        ranked[0].point.expect(now + ranked[0].travel)
    return (process_time() - began) / RANKINGS
