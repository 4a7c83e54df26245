"""How often somebody may do what is worth doing by machine."""

import pytest
from sanic import Request

from config.settings import Settings
from server.kit.access import NOBODY, Actor, Role
from server.kit.errors import TooMany
from server.kit.http.limits import Limited, Limits
from server.kit.redis import open_redis
from server.kit.tallies import Exchange

PERSON = Actor(Role.CITIZEN, id="account", person_id="person")
RELATIVE = Actor(Role.CITIZEN, id="account", person_id="relative")
DEVICE = "device-0123456789"


@pytest.fixture
def limits(ports, clock):
    assert ports is not None
    rates = {
        "logins_per_address": "2/minute",
        "bookings_per_person": "3/minute",
        "bookings_per_device": "4/minute",
        "bookings_per_address": "5/minute",
    }
    return Counted(clock, **rates)


class Counted:
    """The limits of one process."""

    def __init__(self, clock, **rates):
        self._limits = Limits(Settings(**rates))
        self._clock = clock

    def require(self, what, actor, request):
        self._limits.require(what, actor, request, now=self._clock.now())

    async def exchange(self, redis):
        await Exchange(self._limits.tallies, self._clock, redis).run()


class Sent(Request):
    """A request of which only its sender matters."""

    __slots__ = ("_from",)

    def __init__(self, address, device=""):
        self.headers = {"x-device-id": device}
        self._from = address

    @property
    def client_ip(self):
        return self._from


def tries(limits, count, actor=PERSON, *, what=Limited.BOOKING, address="10.0.0.1", device=""):
    """How many of so many tries are let through."""
    passed = 0
    for _ in range(count):
        try:
            limits.require(what, actor, Sent(address, device))
        except TooMany:
            continue
        passed += 1
    return passed


def test_one_person_tries_so_often_wherever_from(limits):
    assert tries(limits, 2) == 2
    assert tries(limits, 2, address="10.0.0.2") == 1
    assert tries(limits, 1, RELATIVE, address="10.0.0.2") == 1


def test_one_device_tries_so_often_for_whomever(limits):
    assert tries(limits, 3, device=DEVICE) == 3
    assert tries(limits, 3, RELATIVE, device=DEVICE, address="10.0.0.2") == 1


def test_one_address_tries_so_often_for_whomever(limits):
    assert [tries(limits, 2, Actor(Role.CITIZEN, id=f"{n}")) for n in range(4)] == [2, 2, 1, 0]
    assert tries(limits, 3, NOBODY, what=Limited.LOGIN) == 2


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]", "", "unix:"])
def test_an_address_that_is_nobodys_is_not_counted(limits, address):
    assert tries(limits, 9, NOBODY, what=Limited.LOGIN, address=address) == 9


@pytest.mark.parametrize("device", ["", "short", "x" * 65, "of-this; not a name"])
def test_what_is_no_name_of_a_device_is_not_counted(limits, device):
    passed = [tries(limits, 1, Actor(Role.CITIZEN, id=f"{n}"), device=device) for n in range(5)]
    assert passed == [1] * 5


def test_whoever_is_refused_hears_when_to_come_again(limits, clock):
    assert tries(limits, 3) == 3
    clock.advance(seconds=20.5)
    with pytest.raises(TooMany) as refused:
        limits.require(Limited.BOOKING, PERSON, Sent("10.0.0.1"))
    assert (refused.value.status, refused.value.retry_after_s) == (429, 40)
    clock.advance(seconds=39.5)
    assert tries(limits, 4, address="10.0.0.9") == 3


async def test_processes_count_together_once_a_good_part_is_used(ports, clock):
    rates = {"bookings_per_person": "40/minute"}
    one, other = Counted(clock, **rates), Counted(clock, **rates)
    assert (tries(one, 1), tries(other, 20)) == (1, 20)
    for process in (one, other, one):
        await process.exchange(ports.redis)
    assert tries(other, 21) == 20
    assert tries(one, 1) == 1
    await other.exchange(ports.redis)
    await one.exchange(ports.redis)
    assert tries(one, 1) == 0
    clock.advance(minutes=1)
    assert (tries(one, 41), tries(other, 1)) == (40, 1)


async def test_without_redis_each_process_counts_for_itself(ports, clock):
    away = open_redis("redis://127.0.0.1:9/0")
    one, other = (Counted(clock, bookings_per_person="3/minute") for _ in range(2))
    assert (tries(one, 3), tries(other, 2)) == (3, 2)
    for process in (one, other):
        await process.exchange(away)
    assert (tries(one, 1), tries(other, 2)) == (0, 1)
    await one.exchange(ports.redis)
    await other.exchange(ports.redis)
    clock.advance(seconds=1)
    assert tries(other, 1) == 0
