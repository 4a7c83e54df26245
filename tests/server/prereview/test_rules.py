"""What is missing is found whole, and what could have been said before is noticed."""

from datetime import UTC, date, datetime

from models.states import AttachmentState
from server.catalog.rules import WorkingCalendar
from server.prereview.rules import (
    FindingReason,
    Gaps,
    HandedIn,
    Told,
    estimate_minutes,
    find_gaps,
    find_repeated,
    find_unjudged,
    review_due_at,
)

BEFORE, TOLD_AT, AFTER = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (1, 2, 3))
OLD = HandedIn(BEFORE, AttachmentState.CLEAN)
NEW = HandedIn(AFTER, AttachmentState.CLEAN)
WAITING = HandedIn(BEFORE, AttachmentState.QUARANTINED)
REFUSED = HandedIn(AFTER, AttachmentState.REFUSED)
NO_GAPS = Gaps(missing=(), unchecked=(), not_mended=())


def told(**reasons):
    return Told(TOLD_AT, {int(seq[1:]): reason for seq, reason in reasons.items()})


def test_everything_that_is_missing_is_found_at_once():
    gaps = find_gaps([1, 2, 3], {2: OLD, 3: WAITING, 4: REFUSED, 5: WAITING}, told=None)
    assert gaps == Gaps(missing=(1, 4), unchecked=(3, 5), not_mended=())
    assert gaps


def test_complete_papers_have_no_gaps():
    assert find_gaps([1, 2], {1: OLD, 2: NEW, 3: OLD}, told=None) == NO_GAPS
    assert not NO_GAPS


def test_what_was_sent_back_has_to_be_replaced():
    notice = told(m1=FindingReason.UNREADABLE, m2=FindingReason.EXPIRED)
    assert find_gaps([1, 2], {1: OLD, 2: NEW}, told=notice).not_mended == (1,)
    assert find_gaps([1, 2], {1: NEW, 2: NEW}, told=notice) == NO_GAPS


def test_a_wrong_paper_that_nobody_needs_may_be_taken_back():
    assert find_gaps([1], {1: OLD}, told=told(m3=FindingReason.WRONG_DOCUMENT)) == NO_GAPS


def test_a_paper_that_was_asked_for_has_to_come():
    notice = told(m3=FindingReason.MISSING)
    assert find_gaps([1], {1: OLD}, told=notice).not_mended == (3,)
    assert find_gaps([1], {1: OLD, 3: NEW}, told=notice) == NO_GAPS


def test_what_is_missing_anyway_is_not_named_twice():
    notice = told(m1=FindingReason.MISSING)
    assert find_gaps([1], {}, told=notice) == Gaps(missing=(1,), unchecked=(), not_mended=())


def test_every_uploaded_material_needs_a_verdict():
    assert find_unjudged([2, 5], [1, 2, 3]) == [1, 3]
    assert find_unjudged([1, 2, 3, 9], [1, 2, 3]) == []


def test_a_first_return_repeats_nothing():
    assert find_repeated([1, 2], {1: OLD}, told=None) == []


def test_what_was_there_unchanged_and_not_faulted_is_a_repeat():
    notice = told(m1=FindingReason.UNREADABLE)
    handed_in = {1: NEW, 2: OLD, 3: NEW}
    assert find_repeated([1, 2, 3, 4], handed_in, told=notice) == [2, 4]


def test_what_came_in_at_the_very_moment_of_the_notice_is_unchanged():
    at_once = {1: HandedIn(TOLD_AT, AttachmentState.CLEAN)}
    assert find_repeated([1], at_once, told=told(m2=FindingReason.MISSING)) == [1]


def test_papers_are_looked_at_until_the_next_working_day_closes():
    calendar = WorkingCalendar(official_years=[2026])
    friday = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    assert review_due_at(friday, calendar) == datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
    assert calendar.is_working(date(2026, 11, 30))


def test_more_materials_take_longer():
    assert (estimate_minutes(0), estimate_minutes(3)) == (3, 9)
