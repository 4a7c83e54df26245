"""How long services take: the plan, corrected by what was measured."""

from datetime import UTC, datetime, timedelta

import pytest

from server.balancing.services import Served, estimate_items
from server.balancing.waits import USUAL_MINUTES

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
PLANNED = {"A": 10, "B": 20}


def _estimate(*served):
    return estimate_items(PLANNED, served, now=NOW)


def test_what_was_never_measured_takes_as_long_as_planned():
    items = _estimate()
    assert (items.of(["A"]), items.of(["A", "B"]), items.measured) == (10, 30, frozenset())


def test_an_unknown_item_takes_as_long_as_usual():
    assert _estimate(Served(("gone",), 3.0, NOW)).of(["gone"]) == USUAL_MINUTES


def test_eight_measurements_weigh_as_much_as_the_plan():
    items = _estimate(*[Served(("A",), 20.0, NOW)] * 8)
    assert (items.of(["A"]), items.of(["B"])) == (15, 20)
    assert items.measured == {"A"}


def test_a_week_halves_the_weight_of_a_measurement():
    items = _estimate(*[Served(("A",), 20.0, NOW - timedelta(days=7))] * 8)
    assert items.of(["A"]) == pytest.approx(10 * (8 + 8) / 12)
    assert items.measured == frozenset()


def test_a_visit_for_two_items_tells_of_each_how_far_off_the_plan_it_was():
    items = _estimate(*[Served(("A", "B"), 60.0, NOW)] * 8)
    assert (items.of(["A"]), items.of(["B"])) == (15, 30)


def test_a_visit_that_nobody_ended_does_not_count_for_hours():
    assert _estimate(*[Served(("A",), 600.0, NOW)] * 8).of(["A"]) == 25
