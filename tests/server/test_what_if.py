"""Windows more or fewer, tried on days that did not happen."""

from datetime import timedelta
from functools import partial

import pytest

from config.settings import Settings
from models.kinds import WindowKind
from models.queueing import QueueTicket
from models.states import TicketState
from server import what_if
from server.__main__ import _parser, main
from server.balancing.simulation.day import PastVisit
from server.balancing.simulation.what_if import Question, ask
from server.balancing.simulation.world import Station, World
from server.catalog.rules import local_day
from server.queueing.history import past_visits
from tests.support.papers import BRANCH, CENTER, ITEM

SMALL = World((Station("A", 0.0, 0.0, 1, 1.0), Station("B", 0.5, 0.0, 2, 1.0)))
NOTHING = partial(int)


def _ask(**options):
    return ask(Question(days=2, **options), SMALL, tell=NOTHING)


def test_another_window_shortens_the_wait_of_the_same_people():
    before, after = _ask(windows={"A": 1}, utilisation=0.9)
    assert before.figures.people == after.figures.people
    assert after.figures.wait < 0.7 * before.figures.wait
    assert after.waits_by_point["A"] < before.waits_by_point["A"]


def test_nothing_changed_changes_nothing():
    before, after = _ask()
    assert before == after


def test_a_point_without_windows_serves_nobody():
    before, after = _ask(windows={"A": -1})
    assert set(before.waits_by_point) == {"A", "B"}
    assert set(after.waits_by_point) == {"B"}


def test_sick_windows_lengthen_the_wait_and_those_who_stay_away_shorten_it():
    as_it_is, _ = _ask(utilisation=0.8)
    sick, _ = _ask(utilisation=0.8, sick_windows=1)
    fewer, _ = _ask(utilisation=0.8, no_shows=0.4)
    assert fewer.figures.wait < as_it_is.figures.wait < sick.figures.wait


def test_days_come_from_the_past_if_there_is_one():
    history = [PastVisit("A", float(minute), 5.0) for minute in range(0, 400, 2)]
    before, _ = _ask(history=history, past_days=2)
    assert before.figures.people == pytest.approx(100, abs=25)


async def test_the_past_is_read_by_weekday(ports):
    today = local_day(ports.now())
    for weeks_ago, point in ((1, CENTER), (2, BRANCH)):
        await _serve(point, 1, ports.now() - timedelta(weeks=weeks_ago))
    await _serve(CENTER, 2, ports.now() - timedelta(days=1))
    await _serve(CENTER, 3, ports.now())
    visits, days = await past_visits(today.weekday(), weeks=3, now=ports.now())
    assert (sorted(visits, key=lambda one: one.point_code), days) == (
        [PastVisit(BRANCH, 0.0, 9.0), PastVisit(CENTER, 0.0, 9.0)],
        2,
    )
    assert len((await past_visits(None, weeks=3, now=ports.now()))[0]) == 3
    assert len((await past_visits(None, weeks=1, now=ports.now()))[0]) == 2


def test_the_command_prints_both_days_and_a_plot(capsys):
    code = main(["what-if", "--windows", f"{CENTER}=+2", "--days", "1", "--utilisation", "0.1"])
    told = capsys.readouterr().out
    assert code == 0
    for part in ("as it is", "as it would be", f"wait at {CENTER}", "minutes waiting", "Legend"):
        assert part in told


def test_a_point_that_is_not_there_is_named(capsys):
    chosen = _parser().parse_args(["what-if", "--windows", "nowhere=+1"])
    assert what_if.run(chosen, Settings()) == 2
    assert capsys.readouterr().out == "there is no point nowhere\n"


@pytest.mark.parametrize(
    "told", [["--windows", "A"], ["--windows", "A=x"], ["--no-shows", "2"], ["--days", "0"]]
)
def test_what_cannot_be_asked_is_refused(told):
    with pytest.raises(SystemExit):
        _parser().parse_args(["what-if", *told])


async def _serve(point_code, number, at):
    await QueueTicket.create(
        id=f"{number:08d}-{point_code}-{at:%Y%m%d}"[:26],
        point_code=point_code,
        day=local_day(at),
        series="A",
        number=number,
        kind=WindowKind.ACCEPT,
        person_id="p",
        item_codes=[ITEM],
        state=TicketState.DONE,
        rank_at=at,
        taken_at=at,
        serving_at=at + timedelta(minutes=3),
        done_at=at + timedelta(minutes=12),
    )
