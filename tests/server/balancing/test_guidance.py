"""Which point a person is sent to, and when it is worth going elsewhere."""

from math import hypot
from random import Random

import pytest

from server.balancing.guidance import Board, Journey, Manner, PointNow
from server.balancing.nearby import NearbyIndex
from server.balancing.rules import travel_minutes
from server.balancing.waits import USUAL_MINUTES, Hall, predict_wait


def _point(code: str, east_km: float, *, windows=2, north_km=0.0) -> PointNow:
    return PointNow(code, (east_km, north_km), windows=windows)


def _busy(point: PointNow, *, ahead: int, now: float = 0.0) -> PointNow:
    for _ in range(point.windows):
        point.begin(now)
    for _ in range(ahead):
        point.queue()
    return point


def _district(count: int, *, seed: int = 4) -> list[PointNow]:
    dice = Random(seed)
    points = [
        _point(f"{n}", dice.uniform(0, 9), north_km=dice.uniform(0, 9), windows=dice.randint(1, 6))
        for n in range(count)
    ]
    for point in points:
        _busy(point, ahead=dice.randint(0, 6), now=-dice.expovariate(0.1))
        for _ in range(dice.randint(0, 3)):
            point.expect(dice.uniform(0, 20))
    return points


def test_the_nearest_things_are_found_among_many_from_near_and_far():
    things, dice = _district(300), Random(9)
    index = NearbyIndex(things)
    for east_km, north_km in [(dice.uniform(-2, 11), dice.uniform(-2, 11)) for _ in range(50)] + [
        (900.0, -900.0)
    ]:
        slow = sorted(
            (hypot(one.east_km - east_km, one.north_km - north_km), one.code) for one in things
        )
        found = index.nearest(east_km, north_km, limit=8)
        assert [(km, one.code) for km, one in found] == slow[:8]
    assert NearbyIndex([]).nearest(0.0, 0.0, limit=3) == []


def test_what_is_found_near_is_what_looking_at_every_point_finds():
    points, dice = _district(200), Random(5)
    board = Board(points)
    for _ in range(20):
        place = dice.uniform(0, 9), dice.uniform(0, 9)
        slow = sorted(
            (
                travel
                + one.wait_at(3.0 + travel, 3.0)
                + (
                    Manner().for_others * one.foresee(3.0 + travel, 3.0)[1]
                    + Manner().for_unknown * one.foresee(3.0 + travel, 3.0)[2]
                ),
                one.code,
            )
            for one in points
            for travel in [travel_minutes(hypot(one.east_km - place[0], one.north_km - place[1]))]
        )
        ranked = board.rank(*place, 3.0, limit=15)
        assert [(one.cost, one.point.code) for one in ranked] == slow[:15]
        assert board.choose(*place, 3.0).point.code == slow[0][1]
    assert len(board.rank(0.0, 0.0, 3.0, limit=500)) == 200


def test_the_wait_at_a_point_is_that_of_its_hall():
    point = _busy(_point("A", 0.0), ahead=3)
    hall = Hall(2, (5.0, 5.0), 3.0)
    assert point.wait_at(5.0, 5.0) == predict_wait(hall)
    point.expect(9.0)
    assert point.wait_at(13.0, 5.0) == predict_wait(hall, arrives_in=8.0, inbound=(4.0,))
    assert point.wait_at(8.0, 5.0) == predict_wait(hall, arrives_in=3.0)
    assert point.wait_in_queue(3, 5.0) == predict_wait(hall)
    assert point.wait_in_queue(0, 5.0) == predict_wait(Hall(2, (5.0, 5.0)))


def test_a_point_forgets_who_came_left_and_was_served():
    point = _point("A", 0.0)
    for at in (7.0, 4.0):
        point.expect(at)
    point.begin(1.0)
    point.queue()
    point.wait_at(3.0, 2.0)
    point.expect_no_longer(7.0)
    point.expect_no_longer(4.0)
    point.end(1.0)
    point.queue(-1)
    assert (list(point.arrivals), point.started, point.ahead) == ([], [], 0)
    assert point.wait_at(3.0, 2.0) == pytest.approx(0, abs=0.01)


def test_a_free_window_further_on_beats_a_queue_next_door():
    queue, free = _busy(_point("queue", 0.0), ahead=4), _point("free", 1.5)
    choice = Board([queue, free]).choose(0.0, 0.0, 0.0)
    assert (choice.point, choice.wait) == (free, 0)
    assert choice.travel == pytest.approx(4 + 1.5 * 13 / 3)


def test_a_point_whose_queue_became_shorter_is_chosen_again():
    near, far = _point("near", 0.0), _point("far", 1.5)
    near.queue(8)
    board = Board([far, near])
    assert board.choose(0.0, 0.0, 0.0).point is far
    near.queue(-8)
    assert board.choose(0.0, 0.0, 0.0).point is near


def test_those_who_are_sent_somewhere_count_for_the_next_so_that_no_rush_follows():
    board = Board([_point(f"{n}", n * 0.05, windows=1) for n in range(4)])
    sent = []
    for _ in range(4):
        choice = board.choose(0.0, 0.0, 0.0)
        choice.point.expect(choice.travel)
        sent.append(choice.point.code)
    assert sorted(sent) == ["0", "1", "2", "3"]


def _taken(point: PointNow, arrives_at: float, now: float) -> float:
    return point.foresee(arrives_at, now)[2]


def test_the_windows_of_a_point_are_left_to_those_who_wait_and_who_come_before():
    point = _busy(_point("A", 0.0), ahead=3)
    point.expect(9.0)
    assert _taken(point, 5.0, 5.0) == predict_wait(Hall(2, (5.0, 5.0), 3.0))
    assert _taken(point, 13.0, 5.0) == predict_wait(Hall(2, (5.0, 5.0), 4.0))
    free = _point("B", 0.0)
    free.expect(9.0)
    assert _taken(free, 8.0, 5.0) == 0
    assert _taken(free, 9.0, 5.0) == pytest.approx(4)


def test_nobody_is_served_before_what_is_known_as_long_as_nothing_else_happens():
    dice = Random(7)
    for _ in range(300):
        started = [-dice.expovariate(1 / 12) for _ in range(dice.randint(1, 6))]
        ahead, arrivals = dice.randint(0, 9), [dice.uniform(0, 20) for _ in range(3)]
        point, later = (_point(name, 0.0, windows=dice.choice([3, 4])) for name in "AB")
        facts = {"windows": 4, "mean_minutes": 9.0, "started": started, "ahead": ahead}
        point.become(**facts, arrivals=arrivals)
        assert point.busy_until < 0
        point.wait_at(0.0, 0.0)
        now = dice.uniform(0, 40)
        later.become(**facts, arrivals=arrivals)
        assert point.busy_until <= now + _taken(later, now, now)
        assert max(0.0, point.busy_until + 9 / 12) == pytest.approx(_taken(point, -1.0, 0.0))


def test_what_a_point_becomes_is_all_that_is_known_of_it():
    point = _busy(_point("A", 0.0), ahead=3)
    point.expect(9.0)
    point.wait_at(13.0, 5.0)
    other = _point("B", 0.0, windows=3)
    point.become(windows=3, mean_minutes=6.0, started=[2.0], ahead=4, arrivals=[8.0, 7.0])
    other.mean_minutes = 6.0
    other.begin(2.0)
    other.queue(4)
    for at in (7.0, 8.0):
        other.expect(at)
    assert point.foresee(7.5, 5.0) == other.foresee(7.5, 5.0)


def test_the_delay_put_on_those_behind_one_weighs():
    point = _point("A", 0.0)
    for at in (3.0, 10.0, 12.0, 14.0):
        point.expect(at)
    assert point.foresee(10.0, 6.0)[1] == USUAL_MINUTES
    costs = [
        Board([point], Manner(for_others=weight)).choose(0.0, 0.0, 6.0).cost
        for weight in (0.0, 0.5)
    ]
    assert costs[1] - costs[0] == pytest.approx(6)


def test_the_delay_put_on_those_who_may_come_weighs():
    point = _busy(_point("A", 0.0), ahead=3)
    costs = [
        Board([point], Manner(for_unknown=weight)).choose(0.0, 0.0, 6.0).cost
        for weight in (0.0, 0.5)
    ]
    assert costs[1] - costs[0] == pytest.approx(0.5 * _taken(point, 10.0, 6.0))


def test_a_free_window_is_worth_a_longer_way_than_the_wait_alone():
    queue = _busy(_point("queue", 0.0), ahead=2)
    wait = queue.wait_at(4.0, 0.0)
    free = _point("free", (wait + 2) * 3 / 13)
    chosen = [
        Board([queue, free], Manner(for_unknown=weight)).choose(0.0, 0.0, 0.0)
        for weight in (0.0, 0.5)
    ]
    assert [one.point.code for one in chosen] == ["queue", "free"]


def test_a_journey_turns_from_where_it_is():
    journey = Journey(_point("A", 3.0), 0.0, 0.0, rides_at=2.0, arrives_at=17.0)
    assert journey.stand(0.5) == (0.0, 0.0, 3.5)
    assert journey.stand(8.5) == (1.5, 0.0, 2)
    assert journey.stand(15.5) == (3.0, 0.0, 4)


def test_one_under_way_is_sent_on_only_if_that_saves_enough():
    full, free = _point("full", 1.0), _point("free", 1.4)
    board = Board([full, free])
    journey = Journey(full, 0.0, 0.0, rides_at=2.0, arrives_at=travel_minutes(1.0))
    full.expect(journey.arrives_at)
    assert board.offer_under_way(journey, 1.0) is None
    _busy(full, ahead=3)
    offer = board.offer_under_way(journey, 1.0)
    assert offer.point is free
    assert offer.travel == pytest.approx(travel_minutes(1.4) - 1)
    _busy(free, ahead=3)
    assert board.offer_under_way(journey, 1.0) is None


def test_one_in_a_queue_is_sent_on_only_if_that_saves_enough():
    full, free = _busy(_point("full", 0.0), ahead=4), _point("free", 0.5)
    board = Board([full, free], Manner(for_unknown=0.0))
    assert board.offer_in_queue(full, 0, 0.0) is None
    assert board.offer_in_queue(full, 3, 0.0).point is free
    assert Board([full]).offer_in_queue(full, 3, 0.0) is None
