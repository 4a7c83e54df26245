"""What may be rated, with which reasons, and who is called back."""

from datetime import UTC, date, datetime

import pytest

from models.states import CaseState
from server.catalog.rules import WorkingCalendar
from server.kit.messages import has_text
from server.ratings.rules import (
    RATEABLE,
    REASON_CODES,
    SCORES,
    Summary,
    call_back_by,
    wrong_reasons,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CALENDAR = WorkingCalendar(holidays=[date(2026, 11, 25)], official_years=[2026])


@pytest.mark.parametrize("score", [1, 2])
def test_whoever_is_not_satisfied_is_called_back_within_five_working_days(score):
    # Wednesday is free, and a weekend lies between.
    expected = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    assert call_back_by(score, now=NOW, calendar=CALENDAR) == expected


@pytest.mark.parametrize("score", [3, 4, 5])
def test_whoever_is_satisfied_is_not_called(score):
    assert call_back_by(score, now=NOW, calendar=CALENDAR) is None


def test_the_day_is_that_of_fuzhou():
    late_on_sunday = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)  # Monday, one in the morning
    assert call_back_by(1, now=late_on_sunday, calendar=CALENDAR) == call_back_by(
        1, now=NOW, calendar=CALENDAR
    )


@pytest.mark.parametrize(
    ("score", "first", "last"),
    [(5, "510", "517"), (4, "406", "413"), (3, "307", "314"), (2, "207", "214"), (1, "108", "115")],
)
def test_each_score_has_its_eight_national_reasons(score, first, last):
    codes = REASON_CODES[score]
    assert (codes[0], codes[-1], len(codes)) == (first, last, 8)
    assert all(code[0] == str(score) for code in codes)


def test_every_score_and_reason_has_a_text():
    codes = [code for codes in REASON_CODES.values() for code in codes]
    assert len(codes) == 40
    assert all(has_text(f"rating_{code}") for code in codes)
    assert all(has_text(f"rating_score_{score}") for score in SCORES)


def test_reasons_of_another_score_are_wrong():
    assert wrong_reasons(2, ["207", "214"]) == []
    assert wrong_reasons(2, ["215", "207", "115", "115"]) == ["115", "215"]
    assert wrong_reasons(5, []) == []


def test_a_case_is_rated_when_its_outcome_is_known():
    outcomes = {"not_accepted", "approved", "rejected", "issued", "closed"}
    assert {state for state in CaseState if state in RATEABLE} == outcomes


def test_a_summary_adds_up():
    summary = Summary({1: 1, 2: 0, 3: 1, 4: 0, 5: 1})
    assert (summary.total, summary.mean_score, summary.satisfied_share) == (3, 3.0, 0.6667)


def test_a_summary_of_nothing_has_no_mean():
    summary = Summary(dict.fromkeys(SCORES, 0))
    assert (summary.total, summary.mean_score, summary.satisfied_share) == (0, None, None)
