"""Where a parcel stands by its events, against a calculator that does it the long way."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from integrations.ems.codes import REVOKED_BY, STEPS
from models.states import ParcelState
from server.delivery.rules import Standing, Told, fold, needs_confirmation, strike_revoked
from tests.support.slow_fold import calculate_slowly

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CODES = ["203", "389", "702", "704", "705", "708", "711", "747", "801", "987", "756", "999"]
REVOKERS = ["207", "448", "742", "743", "744"]


def told(code, minute, *, confirmed=True, office=""):
    return Told(
        occurred_at=START + timedelta(minutes=minute),
        code=code,
        step=STEPS.get(code),
        revokes=REVOKED_BY.get(code, frozenset()),
        office_code=office,
        is_confirmed=confirmed,
    )


def state_of(*events):
    standing = fold(events)
    return standing.state if standing else None


@pytest.mark.parametrize("seed", range(600))
def test_the_fold_agrees_with_the_slow_calculator(seed):
    draw = random.Random(seed)
    events = [
        told(
            draw.choice(CODES if draw.random() < 0.7 else REVOKERS),
            draw.randrange(8),
            confirmed=draw.random() < 0.6,
            office=draw.choice(["", "35000101"]),
        )
        for _ in range(draw.randrange(14))
    ]
    events = list(dict.fromkeys(events))
    expected = calculate_slowly(events)
    standing = fold(events)
    assert (standing and (standing.state.value, standing.since)) == expected


@pytest.mark.parametrize("seed", range(50))
def test_the_order_of_arrival_does_not_matter(seed):
    draw = random.Random(seed)
    events = [told(draw.choice(CODES + REVOKERS), draw.randrange(5)) for _ in range(10)]
    events = list(dict.fromkeys(events))
    shuffled = draw.sample(events, len(events))
    assert fold(events) == fold(shuffled)


def test_no_events_say_nothing():
    assert fold([]) is None


def test_an_unknown_step_says_nothing():
    assert fold([told("203", 0), told("999", 1)]) == Standing(ParcelState.COLLECTED, START)


def test_returned_is_not_delivered():
    assert state_of(told("203", 0), told("708", 1), told("711", 2)) is ParcelState.RETURNED


@pytest.mark.parametrize("code", ["704", "711", "987", "801", "705"])
def test_an_ending_or_failed_attempt_counts_only_when_confirmed(code):
    assert state_of(told("702", 0), told(code, 1, confirmed=False)) is ParcelState.OUT_FOR_DELIVERY


def test_a_confirmed_ending_counts():
    assert state_of(told("702", 0), told("704", 1)) is ParcelState.DELIVERED


def test_a_revoked_delivery_is_out_for_delivery_again():
    events = told("702", 0), told("704", 1), told("743", 2)
    assert state_of(*events) is ParcelState.OUT_FOR_DELIVERY


def test_a_revocation_strikes_the_latest_of_its_kind_only():
    events = told("705", 0), told("389", 1), told("705", 2), told("744", 3)
    assert [one.code for one in strike_revoked(events)] == ["705", "389", "744"]


def test_a_revocation_of_what_comes_later_strikes_nothing():
    assert state_of(told("743", 0), told("704", 1)) is ParcelState.DELIVERED


def test_a_hint_does_not_bring_back_what_is_confirmed_to_have_ended():
    delivered = told("704", 1)
    assert state_of(delivered, told("743", 2, confirmed=False)) is ParcelState.DELIVERED
    assert state_of(delivered, told("389", 2, confirmed=False)) is ParcelState.DELIVERED


def test_an_order_cannot_be_cancelled_once_it_is_carried():
    assert state_of(told("203", 0), told("801", 1)) is ParcelState.COLLECTED
    assert state_of(told("801", 1)) is ParcelState.CANCELLED


def test_a_revoked_collection_says_nothing_unless_the_parcel_was_carried_on():
    assert fold([told("203", 0), told("207", 1)]) is None
    carried = [told("203", 0), told("702", 2), told("742", 3), told("207", 4)]
    assert fold(carried) == Standing(ParcelState.COLLECTED, carried[1].occurred_at)
    assert state_of(told("203", 0), told("207", 1), told("801", 2)) is ParcelState.CANCELLED
    assert state_of(*carried, told("801", 5)) is ParcelState.COLLECTED


def test_what_is_said_at_the_same_second_is_read_in_the_order_of_life():
    assert state_of(told("704", 0), told("702", 0), told("203", 0)) is ParcelState.DELIVERED


@pytest.mark.parametrize(
    ("code", "state", "expected"),
    [
        ("704", ParcelState.IN_TRANSIT, True),
        ("711", ParcelState.RETURNING, True),
        ("987", ParcelState.IN_TRANSIT, True),
        ("801", ParcelState.SEALED, True),
        ("705", ParcelState.IN_TRANSIT, True),
        ("742", ParcelState.OUT_FOR_DELIVERY, True),
        ("389", ParcelState.DELIVERED, True),
        ("389", ParcelState.COLLECTED, False),
        ("999", ParcelState.COLLECTED, False),
    ],
)
def test_what_a_push_alone_cannot_say_is_confirmed(code, state, expected):
    assert needs_confirmation(told(code, 0), state) is expected
