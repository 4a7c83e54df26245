"""What is known of the halls moves on where something happened, and tells what a new look would."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from models.catalog import ServicePoint
from models.kinds import PointLevel
from server.balancing.loads import HallLoad, minutes_of, take_snapshot
from server.balancing.rules import Place
from server.balancing.services import ItemMinutes

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ITEMS = ItemMinutes({"A": 6.0, "B": 15.0}, frozenset())
LEVELS = [PointLevel.COMMUNITY]
START = Place(26.09, 119.31)


def _point(code: str, lat: float, lng: float) -> ServicePoint:
    return ServicePoint(code=code, level=PointLevel.COMMUNITY, lat=lat, lng=lng)


def _points(count=30):
    dice = Random(3)
    return {
        f"P{n}": _point(f"P{n}", 26.08 + dice.uniform(0, 0.05), 119.3 + dice.uniform(0, 0.05))
        for n in range(count)
    }


def _load(dice: Random, now: datetime) -> HallLoad:
    def minutes() -> list[timedelta]:
        return [timedelta(minutes=dice.uniform(0, 30)) for _ in range(dice.randint(0, 3))]

    return HallLoad(
        windows_open=dice.randint(0, 4),
        started=tuple(now - ago for ago in minutes()),
        waiting=tuple((dice.choice("AB"),) for _ in range(dice.randint(0, 5))),
        coming=tuple(now + ahead for ahead in minutes()),
    )


def _rank(known, now, *, is_staffed=True):
    board = known.board_of(LEVELS, is_staffed=is_staffed)
    ranked = board.rank(*known.place_of(START), minutes_of(now), limit=12)
    return [(one.point.code, pytest.approx(one.cost, abs=1e-6)) for one in ranked]


def test_what_moved_on_is_what_a_new_look_tells():
    points, dice, told, now = _points(), Random(8), {}, NOW
    known = take_snapshot(points, told, ITEMS, now=now)
    for _ in range(60):
        now += timedelta(minutes=1, seconds=1)
        for code in dice.sample(sorted(points), 4):
            told = {**told, code: _load(dice, now)}
        known = known.moved_on(points, told, now=now)
        anew = take_snapshot(points, told, ITEMS, now=now)
        for is_staffed in (True, False):
            assert _rank(known, now, is_staffed=is_staffed) == _rank(
                anew, now, is_staffed=is_staffed
            )


def test_only_where_something_happened_anything_is_worked_out_anew():
    points = _points(3)
    told = {code: HallLoad(1, (NOW,), (("A",),)) for code in points}
    before = take_snapshot(points, told, ITEMS, now=NOW)
    board = before.board_of(LEVELS, is_staffed=True)
    _rank(before, NOW)
    known = before.moved_on(points, told | {"P1": HallLoad(2)}, now=NOW)
    assert known.board_of(LEVELS, is_staffed=True) is board
    looked_at = {code: point.busy_until > 0 for code, point in known.live.items()}
    assert looked_at == {"P0": True, "P1": False, "P2": True}


def test_one_who_is_on_the_way_and_does_not_come_is_forgotten():
    points, told = _points(1), {"P0": HallLoad(1, (NOW,))}
    known = take_snapshot(points, told, ITEMS, now=NOW)
    known.expect("P0", NOW + timedelta(minutes=5))
    assert [*known.live["P0"].arrivals] == [minutes_of(NOW) + 5]
    known = known.moved_on(points, told, now=NOW)
    assert [*known.live["P0"].arrivals] == []


def test_a_point_that_moves_is_placed_anew():
    points = _points(2)
    before = take_snapshot(points, {}, ITEMS, now=NOW)
    moved = points | {
        "P1": ServicePoint(code="P1", level=PointLevel.COMMUNITY, lat=27.0, lng=119.3)
    }
    known = before.moved_on(moved, {}, now=NOW)
    assert known.live["P1"].north_km > 90 > before.live["P1"].north_km


def test_the_windows_of_a_point_that_closes_are_no_longer_offered():
    points, told = _points(2), {code: HallLoad(1) for code in ("P0", "P1")}
    before = take_snapshot(points, told, ITEMS, now=NOW)
    assert len(_rank(before, NOW)) == 2
    known = before.moved_on(points, told | {"P1": replace(told["P1"], windows_open=0)}, now=NOW)
    assert [code for code, _ in _rank(known, NOW)] == ["P0"]
    assert [code for code, _ in _rank(known, NOW, is_staffed=False)] == ["P1"]
