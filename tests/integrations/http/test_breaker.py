import asyncio
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from integrations.contracts.errors import VendorUnavailable
from integrations.http import CircuitBreaker
from tests.support.clock import FrozenClock


@pytest.fixture
def clock(monkeypatch) -> FrozenClock:
    clock = FrozenClock()
    timer = SimpleNamespace(time=lambda: clock.now().timestamp())
    monkeypatch.setattr("purgatory.domain.model.time", timer)
    return clock


pytestmark = pytest.mark.usefixtures("clock")


def make_breaker() -> CircuitBreaker:
    return CircuitBreaker("acme", threshold=2, recovery_s=30.0)


def go_wrong(breaker: CircuitBreaker, code: str = "timeout") -> str:
    with pytest.raises(VendorUnavailable) as caught, breaker.guard():
        raise VendorUnavailable("acme", code=code)
    return caught.value.code


def go_right(breaker: CircuitBreaker) -> None:
    with breaker.guard():
        pass


def open_it(breaker: CircuitBreaker) -> None:
    go_wrong(breaker)
    go_wrong(breaker)
    assert breaker.state == "opened"


def test_failures_in_a_row_open_it():
    breaker = make_breaker()
    open_it(breaker)
    assert go_wrong(breaker) == "circuit_open"


def test_a_success_between_failures_keeps_it_closed():
    breaker = make_breaker()
    go_wrong(breaker)
    go_right(breaker)
    go_wrong(breaker)
    assert breaker.state == "closed"


def test_it_stays_open_for_its_time_and_closes_after_a_success(clock):
    breaker = make_breaker()
    open_it(breaker)
    clock.advance(seconds=30)
    assert go_wrong(breaker) == "circuit_open"
    clock.advance(seconds=1)
    go_right(breaker)
    assert breaker.state == "closed"


def test_a_failed_trial_opens_it_again(clock):
    breaker = make_breaker()
    open_it(breaker)
    clock.advance(seconds=31)
    assert go_wrong(breaker) == "timeout"
    assert go_wrong(breaker) == "circuit_open"


def test_only_one_trial_is_admitted_at_a_time(clock):
    breaker = make_breaker()
    open_it(breaker)
    clock.advance(seconds=31)
    with breaker.guard():
        assert go_wrong(breaker) == "circuit_open"
    assert breaker.state == "closed"


@pytest.mark.parametrize("error", [asyncio.CancelledError, RuntimeError])
def test_a_caller_who_gives_up_says_nothing_of_the_vendor(error):
    breaker = make_breaker()
    go_wrong(breaker)
    with pytest.raises(error), breaker.guard():
        raise error
    assert breaker.state == "closed"
    go_wrong(breaker)
    assert breaker.state == "opened"


def test_a_trial_that_was_given_up_is_followed_by_another(clock):
    breaker = make_breaker()
    open_it(breaker)
    clock.advance(seconds=31)
    with pytest.raises(asyncio.CancelledError), breaker.guard():
        raise asyncio.CancelledError
    assert breaker.state == "half-opened"
    go_right(breaker)
    assert breaker.state == "closed"


def test_refusing_does_not_pile_up_tracebacks():
    breaker = make_breaker()
    open_it(breaker)
    for _ in range(100):
        go_wrong(breaker)
    assert breaker._circuit._state.__traceback__ is None


def test_each_change_of_state_is_told_once(clock):
    breaker = make_breaker()
    with capture_logs() as lines:
        open_it(breaker)
        clock.advance(seconds=31)
        go_right(breaker)
    assert [(line["event"], line["vendor"], line["state"]) for line in lines] == [
        ("circuit_changed", "acme", "opened"),
        ("circuit_changed", "acme", "half-opened"),
        ("circuit_changed", "acme", "closed"),
    ]
