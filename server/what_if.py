"""`python -m server what-if`: windows more or fewer, tried on days that did not happen."""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from plotille import Figure
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from config.settings import Settings
from server.balancing.simulation.guides import GUIDES
from server.balancing.simulation.what_if import SPAN_MINUTES, Answer, Question, ask
from server.balancing.simulation.world import World, shipped_world
from server.bootstrap import open_engine
from server.queueing.history import OPENS_AT_HOUR, past_visits

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FINE, UNUSABLE = 0, 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what can be asked."""
    parser.add_argument(
        "--windows",
        action="append",
        default=[],
        type=_change,
        metavar="POINT=+2",
        help="so many windows more or fewer at a point; may be repeated",
    )
    parser.add_argument(
        "--history", type=int, default=0, metavar="WEEKS", help="draw days from past visits"
    )
    parser.add_argument("--day", choices=WEEKDAYS, help="of the history, only this weekday")
    parser.add_argument("--days", type=_count, default=5, help="how many days are played (5)")
    parser.add_argument(
        "--utilisation",
        type=_share,
        default=0.75,
        help="without history: share of the windows' time that people need (0.75)",
    )
    parser.add_argument("--no-shows", type=_share, default=0.0, help="share who do not come (0)")
    parser.add_argument(
        "--sick-windows", type=int, default=0, help="windows that stay closed each day (0)"
    )
    parser.add_argument("--seed", type=int, default=4, help="the same seed is the same days (4)")
    parser.add_argument(
        "--policy", choices=sorted(GUIDES), default="ours", help="how people are guided (ours)"
    )


def run(chosen: argparse.Namespace, settings: Settings) -> int:
    """Ask, and print a table and a plot; return the exit code."""
    console, world = Console(), shipped_world(chosen.seed)
    changes = dict(chosen.windows)
    unknown = changes.keys() - {station.code for station in world.stations}
    if unknown:
        console.print(f"there is no point {', '.join(sorted(unknown))}")
        return UNUSABLE
    question = _question(chosen, changes)
    if chosen.history:
        question = asyncio.run(_with_history(question, chosen, settings))
        if not question.history:
            console.print("nobody was served on such a day; ask without --history")
            return UNUSABLE
    before, after = _play(question, world, console)
    console.print(_table(before, after, sorted(changes)))
    print(_plot(before, after, is_coloured=console.is_terminal))
    return FINE


def _question(chosen: argparse.Namespace, changes: Mapping[str, int]) -> Question:
    return Question(
        windows=changes,
        days=chosen.days,
        seed=chosen.seed,
        utilisation=chosen.utilisation,
        no_shows=chosen.no_shows,
        sick_windows=chosen.sick_windows,
        policy=chosen.policy,
    )


async def _with_history(
    question: Question, chosen: argparse.Namespace, settings: Settings
) -> Question:
    weekday = WEEKDAYS.index(chosen.day) if chosen.day else None
    async with open_engine(settings) as engine:
        visits, days = await past_visits(weekday, weeks=chosen.history, now=engine.ports.now())
    return replace(question, history=visits, past_days=max(1, days))


def _play(question: Question, world: World, console: Console) -> tuple[Answer, Answer]:
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("days", total=2 * question.days)
        return ask(question, world, tell=lambda: progress.advance(task))


def _table(before: Answer, after: Answer, points: Sequence[str]) -> Table:
    table = Table("", "as it is", "as it would be")
    old, new = before.figures, after.figures
    table.add_row("people a day", f"{old.people:.0f}", f"{new.people:.0f}")
    table.add_row("minutes until done", f"{old.minutes:.1f}", f"{new.minutes:.1f}")
    table.add_row("of these on the way", f"{old.travel:.1f}", f"{new.travel:.1f}")
    table.add_row("of these waiting", f"{old.wait:.1f}", f"{new.wait:.1f}")
    table.add_row("wait over 15 minutes", f"{old.over_15:.1%}", f"{new.over_15:.1%}")
    for code in points:
        waits = [answer.waits_by_point.get(code) for answer in (before, after)]
        table.add_row(f"wait at {code}", *["-" if one is None else f"{one:.1f}" for one in waits])
    return table


def _plot(before: Answer, after: Answer, *, is_coloured: bool) -> str:
    figure = Figure()
    figure.width, figure.height = 64, 12
    figure.x_label, figure.y_label = "o'clock", "minutes waiting"
    figure.set_y_limits(min_=0)
    figure.register_label_formatter(float, lambda value, **_: f"{value:.1f}")
    figure.color_mode = "names"
    for answer, label, colour in (
        (before, "as it is", "red" if is_coloured else None),
        (after, "as it would be", "green" if is_coloured else None),
    ):
        hours = [OPENS_AT_HOUR + (n + 0.5) * SPAN_MINUTES / 60 for n in answer.waits_by_span]
        figure.plot(hours, list(answer.waits_by_span.values()), lc=colour, label=label)
    return str(figure.show(legend=True))


def _change(told: str) -> tuple[str, int]:
    code, _, number = told.partition("=")
    if not code or not number.lstrip("+-").isdecimal():
        raise argparse.ArgumentTypeError(f"{told}: write it as POINT=+2 or POINT=-1")
    return code, int(number)


def _share(told: str) -> float:
    share = float(told)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{told}: a share is between 0 and 1")
    return share


def _count(told: str) -> int:
    count = int(told)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{told}: at least one")
    return count
