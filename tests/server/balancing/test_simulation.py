"""Simulated days: nobody is lost, the same seed is the same day, and our way beats the usual."""

from statistics import fmean, stdev

import pytest

from server.balancing.guidance import Board
from server.balancing.simulation.day import (
    DAY_MINUTES,
    PastVisit,
    Person,
    draw_day,
    resample_day,
)
from server.balancing.simulation.engine import Day, points_of
from server.balancing.simulation.figures import count_bound, count_visits, mean_of
from server.balancing.simulation.guides import GUIDES
from server.balancing.simulation.world import Station, World, shipped_world

SEED = 4
TINY = World((Station("A", 0.0, 0.0, 1, 1.0), Station("B", 1.0, 0.0, 1, 1.0)))


def _play(world, people, way="ours", **chances):
    return Day(people, GUIDES[way](Board(points_of(world))), **chances).play()


def test_the_district_is_the_shipped_one_with_its_communities_scattered():
    world = shipped_world(SEED)
    assert (len(world.stations), world.windows) == (81, 230)
    assert len({(one.east_km, one.north_km) for one in world.stations}) == 80
    assert shipped_world(SEED) == world
    assert shipped_world(SEED + 1) != world


def test_a_day_has_as_many_people_as_keep_the_windows_busy_that_long():
    world = shipped_world(SEED)
    days = [draw_day(world, day, seed=SEED, utilisation=0.75) for day in range(5)]
    services = [one.service for day in days for one in day]
    assert fmean(map(len, days)) == pytest.approx(6_900, rel=0.02)
    assert fmean(services) == pytest.approx(12, rel=0.02)
    assert stdev(services) == pytest.approx(11.35, rel=0.06)
    assert all(0 <= one.decides_at < DAY_MINUTES for day in days for one in day)
    assert days[0] == draw_day(world, 0, seed=SEED, utilisation=0.75)
    assert days[0] != days[1]


def test_two_peaks_stand_out_of_the_day():
    people = draw_day(shipped_world(SEED), 0, seed=SEED, utilisation=0.75)
    hours = [0] * 8
    for one in people:
        hours[int(one.decides_at // 60)] += 1
    assert hours[1] > hours[5] > hours[3] > hours[7]


def test_every_minute_of_a_visit_is_accounted_for():
    people = [Person(0.0, 0.0, 0.0, 10.0), Person(1.0, 0.0, 0.0, 5.0)]
    first, second = _play(World(TINY.stations[:1]), people, "nearest")
    assert (first.travelled, first.wait, first.minutes) == (4, 0, 14)
    assert (second.travelled, second.wait, second.minutes) == (4, 9, 18)
    figures = count_visits([first, second])
    assert (figures.people, figures.minutes, figures.wait, figures.over_15) == (2, 16, 4.5, 0)


def test_one_whose_queue_grows_longer_than_the_way_goes_on():
    people = [Person(0.0, 0.0, 0.0, 60.0), *[Person(1.0, 0.0, 0.0, 1.0)] * 2]
    visits = _play(TINY, people)
    assert [one.minutes for one in visits[:1]] == [64]
    assert max(one.minutes for one in visits) == 64


@pytest.mark.parametrize("way", sorted(GUIDES))
def test_everybody_is_done_once_whoever_guides_them(way):
    world = shipped_world(SEED)
    people = draw_day(world, 0, seed=SEED, utilisation=0.75)[:900]
    visits = _play(world, people, way)
    assert len(visits) == len(people)
    for one in visits:
        assert one.minutes == pytest.approx(one.travelled + one.wait + one.person.service)
        assert one.wait > -1e-9
    assert count_visits(visits) == count_visits(_play(world, people, way))


def test_our_way_comes_nearer_to_one_common_queue_than_the_usual_ways():
    world = shipped_world(SEED)
    people = draw_day(world, 0, seed=SEED, utilisation=0.75)[:2_500]
    minutes = {way: count_visits(_play(world, people, way)).minutes for way in GUIDES}
    bound = count_bound(world, people).minutes
    assert bound < minutes["ours"] < minutes["ours-without-offers"]
    assert minutes["ours-without-offers"] < minutes["shortest-of-eight"]
    assert minutes["ours"] < 1.2 * bound


def test_the_bound_sends_everybody_to_the_nearest_and_into_one_queue():
    people = [Person(0.0, 0.0, 0.0, 10.0), Person(0.0, 0.0, 0.0, 20.0), Person(1.0, 1.0, 0.0, 6.0)]
    bound = count_bound(TINY, people)
    assert (bound.travel, bound.wait) == (4, 3)
    assert bound.minutes == pytest.approx(4 + 3 + 12)
    assert mean_of([bound, bound]) == bound


def test_those_who_do_not_come_take_no_window():
    people = draw_day(shipped_world(SEED), 0, seed=SEED, utilisation=0.75)[:1_000]
    visits = _play(shipped_world(SEED), people, no_shows=0.3, seed=1)
    assert len(visits) == 705
    assert all(one.minutes > 0 for one in visits)


def test_windows_are_added_and_taken_away_by_point():
    changed = TINY.with_windows({"A": 2, "B": -3})
    assert [one.windows for one in changed.stations] == [3, 0]


def test_a_day_of_the_past_comes_again_in_kind():
    visits = [PastVisit("A", 30.0, 7.0), PastVisit("B", 90.0, 9.0), PastVisit("gone", 1.0, 1.0)]
    people = resample_day(TINY, visits * 200, 0, seed=1, past_days=2)
    assert len(people) == pytest.approx(200, abs=45)
    assert {(one.decides_at, one.service) for one in people} == {(30, 7), (90, 9)}
    assert resample_day(TINY, [], 0, seed=1, past_days=2) == []
