"""Where work is done soonest, what comes first there, and how long it takes."""

from datetime import UTC, date, datetime

import pytest

from server.balancing.rebuild import Difference, Fact, compare
from server.balancing.review_rules import (
    Pace,
    ReviewBacklog,
    base_rank_ms,
    choose_point,
    share_ms,
)

TODAY = date(2026, 11, 23)


def test_the_wish_is_kept_while_it_is_done_within_a_working_day():
    wished = ReviewBacklog("wished", minutes=413, reviewers=1)
    idle = ReviewBacklog("idle", minutes=0, reviewers=4)
    assert choose_point([idle, wished], wish="wished", minutes=7) == "wished"
    assert choose_point([idle, wished], wish="wished", minutes=8) == "idle"


def test_without_a_wish_the_least_expected_completion_wins():
    many_hands = ReviewBacklog("many", minutes=120, reviewers=12)
    few_hands = ReviewBacklog("few", minutes=50, reviewers=4)
    assert choose_point([few_hands, many_hands], wish=None, minutes=7) == "many"


def test_equal_points_are_chosen_by_code():
    equal = [ReviewBacklog("b", 0, 1), ReviewBacklog("a", 0, 1)]
    assert choose_point(equal, wish=None, minutes=7) == "a"


def test_an_elder_is_two_hours_ahead_and_a_flood_at_most_four_behind():
    due_at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    plain = base_rank_ms(due_at, is_elder=False)
    assert plain == 1_795_510_800_000
    assert plain - base_rank_ms(due_at, is_elder=True) == 2 * 3_600_000
    assert [share_ms(minutes) for minutes in (0, 7, 240, 5_000)] == [
        0,
        420_000,
        14_400_000,
        14_400_000,
    ]


def test_a_plan_counts_as_five_reviews():
    pace = Pace(0, 0, TODAY)
    for _ in range(5):
        pace = pace.learn(17, TODAY)
    assert (pace.reviews, pace.minutes) == (5, 85)
    assert pace.expect(7, TODAY) == 12


def test_what_was_learned_counts_half_after_a_fortnight():
    old = Pace(10, 100, date(2026, 11, 9))
    assert old.expect(20, TODAY) == 15
    assert old.learn(30, TODAY) == Pace(6, 80, TODAY)


def test_whoever_was_called_away_teaches_an_hour_at_most():
    assert Pace(0, 0, TODAY).learn(500, TODAY) == Pace(1, 60, TODAY)


def test_a_review_takes_a_minute_at_least():
    assert Pace(100, 1, TODAY).expect(1, TODAY) == 1


def test_every_kind_of_difference_is_named():
    gone, late, same, new = (Fact("queue", "A", name) for name in ("gone", "late", "same", "new"))
    known = {gone: 1, late: 1, same: 3, Fact("minutes", "A"): 9}
    true = {late: 2, same: 3, new: 4, Fact("minutes", "A"): 14}
    found = compare(known, true)
    assert found == [
        Difference(Fact("minutes", "A"), 9, 14),
        Difference(gone, 1, None),
        Difference(late, 1, 2),
        Difference(new, None, 4),
    ]
    assert [str(one) for one in found] == [
        "minutes of A: 9 in Redis, 14 in the database",
        "queue of A, gone: 1 in Redis, nothing in the database",
        "queue of A, late: 1 in Redis, 2 in the database",
        "queue of A, new: nothing in Redis, 4 in the database",
    ]


@pytest.mark.parametrize(("known", "differs"), [(5, False), (3, False), (2, True), (None, True)])
def test_redis_may_have_seen_a_reviewer_later_than_the_database(known, differs):
    duty = Fact("duty", "A", "clerk")
    seen = {} if known is None else {duty: known}
    assert bool(compare(seen, {duty: 3})) is differs
    assert compare({duty: 5}, {}) == []
