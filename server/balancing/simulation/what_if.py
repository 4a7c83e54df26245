"""What would change if windows were added or taken away, or people stayed out: counted before."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import fmean
from typing import TypeVar

from server.balancing.guidance import Board
from server.balancing.simulation.day import PastVisit, Person, draw_day, resample_day
from server.balancing.simulation.engine import Day, Visit, points_of
from server.balancing.simulation.figures import Figures, count_visits, mean_of
from server.balancing.simulation.guides import GUIDES
from server.balancing.simulation.world import World

Key = TypeVar("Key", int, str)

SPAN_MINUTES = 30
"""The waits of a day are told by spans of this length."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `windows` more or fewer by point, on so many days drawn from `seed`.

    Days are drawn from `history`, which lasted `past_days`, or without any at `utilisation`. Of the
    people `no_shows` do not come; `sick_windows` stay closed each day.
    """

    windows: Mapping[str, int] = field(default_factory=dict)
    days: int = 5
    seed: int = 4
    utilisation: float = 0.75
    no_shows: float = 0.0
    sick_windows: int = 0
    policy: str = "ours"
    history: Sequence[PastVisit] = ()
    past_days: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """How it is, or how it would be: figures of all people, mean waits by span and by point."""

    figures: Figures
    waits_by_span: Mapping[int, float]
    waits_by_point: Mapping[str, float]


def ask(question: Question, world: World, *, tell: Callable[[], None]) -> tuple[Answer, Answer]:
    """Play the same days as it is and as it would be; `tell` is called after each day."""
    changed = world.with_windows(question.windows)
    return _answer(question, world, world, tell), _answer(question, world, changed, tell)


def _answer(question: Question, homes: World, world: World, tell: Callable[[], None]) -> Answer:
    days = []
    for day in range(question.days):
        days.append(_play(question, homes, world, day))
        tell()
    visits = [visit for day in days for visit in day]
    return Answer(
        figures=mean_of([count_visits(day) for day in days]),
        waits_by_span=_mean_waits(visits, lambda one: int(one.person.decides_at) // SPAN_MINUTES),
        waits_by_point=_mean_waits(visits, lambda one: one.point_code),
    )


def _play(question: Question, homes: World, world: World, day: int) -> list[Visit]:
    open_today = world.with_windows(_sick(homes, question, day))
    guide = GUIDES[question.policy](Board(points_of(open_today)))
    people = _people(question, homes, day)
    return Day(people, guide, no_shows=question.no_shows, seed=question.seed).play()


def _people(question: Question, homes: World, day: int) -> list[Person]:
    if question.history:
        past_days = question.past_days
        return resample_day(homes, question.history, day, seed=question.seed, past_days=past_days)
    return draw_day(homes, day, seed=question.seed, utilisation=question.utilisation)


def _sick(world: World, question: Question, day: int) -> dict[str, int]:
    dice = Random(f"{question.seed}/sick/{day}")  # noqa: S311 - a simulation is to be repeatable
    windows = [one.code for one in world.stations for _ in range(one.windows)]
    sick = dice.sample(windows, min(question.sick_windows, len(windows) - 1))
    return {code: -sick.count(code) for code in sick}


def _mean_waits(visits: Sequence[Visit], key: Callable[[Visit], Key]) -> dict[Key, float]:
    waits: dict[Key, list[float]] = defaultdict(list)
    for visit in visits:
        waits[key(visit)].append(visit.wait)
    return {one: fmean(found) for one, found in sorted(waits.items())}
