"""How often one person, one device and one address may do what is worth doing by machine.

Each process counts for itself, in its own memory: a request waits for nobody to be counted.
"""

import math
import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from sanic import Request

from config.settings import Settings
from integrations.contracts.clock import Clock
from server.kit.access import NOBODY, Actor, Origin
from server.kit.errors import TooMany

DEVICE = re.compile(r"[A-Za-z0-9_-]{16,64}")
MOST_COUNTED = 100_000


class Limited(StrEnum):
    """What is counted."""

    LOGIN = "login"
    BOOKING = "booking"
    UPLOAD = "upload"


class ProcessStorage(Storage):
    """Counters of this process, by the injected clock; forgotten when their window is over."""

    def __init__(self, clock: Clock, *, most: int = MOST_COUNTED) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._counts: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing can go wrong."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count; return how many there are in the window, which begins with the first."""
        now_s = self._now_s()
        count, until_s = self._counts.get(key, (0, 0.0))
        if until_s <= now_s:
            self._make_room(now_s)
            count, until_s = 0, now_s + expiry
        self._counts[key] = count + amount, until_s
        return count + amount

    def get(self, key: str) -> int:
        """Return how many there are."""
        count, until_s = self._counts.get(key, (0, 0.0))
        return count if until_s > self._now_s() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window is over, in seconds of Unix time."""
        return self._counts.get(key, (0, self._now_s()))[1]

    def check(self) -> bool:
        """Tell that it works."""
        return True

    def reset(self) -> int:
        """Forget everything; return how much that was."""
        known = len(self._counts)
        self._counts.clear()
        return known

    def clear(self, key: str) -> None:
        """Forget one counter."""
        self._counts.pop(key, None)

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    def _make_room(self, now_s: float) -> None:
        if len(self._counts) < self._most:
            return
        self._counts = {key: one for key, one in self._counts.items() if one[1] > now_s}
        if len(self._counts) >= self._most:
            self._counts.clear()


class Limits:
    """The limits of one process, as the settings have them."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._limiter = FixedWindowRateLimiter(ProcessStorage(clock))
        self._rates: dict[Limited, list[tuple[str, RateLimitItem]]] = {
            Limited.LOGIN: [("address", parse(settings.logins_per_address))],
            Limited.BOOKING: [
                ("person", parse(settings.bookings_per_person)),
                ("device", parse(settings.bookings_per_device)),
                ("address", parse(settings.bookings_per_address)),
            ],
            Limited.UPLOAD: [("address", parse(settings.uploads_per_address))],
        }

    def require(self, what: Limited, actor: Actor, request: Request) -> None:
        """Count a request; raise `TooMany` beyond what any of its limits allows."""
        for by, rate in self._rates[what]:
            who = _WHO[by](actor, request)
            if who and not self._limiter.hit(rate, what.value, by, who):
                over_at_s = self._limiter.get_window_stats(rate, what.value, by, who).reset_time
                left_s = over_at_s - self._clock.now().timestamp()
                raise TooMany(retry_after_s=max(1, math.ceil(left_s)))


def origin_of(request: Request) -> Origin:
    """Return the device and the address that a request came from."""
    return Origin(_device(NOBODY, request), _address(NOBODY, request))


def _person(actor: Actor, _: Request) -> str:
    return actor.person_id or actor.id


def _device(_: Actor, request: Request) -> str:
    given: str = request.headers.get("x-device-id", "")
    return given if DEVICE.fullmatch(given) else ""


def _address(_: Actor, request: Request) -> str:
    return _of_somebody(request.client_ip)


@lru_cache(maxsize=4096)
def _of_somebody(client_ip: str) -> str:
    """Return an address; nothing where it tells nothing about anybody."""
    try:
        address = ip_address(client_ip.strip("[]"))
    except ValueError:
        return ""
    return "" if address.is_loopback else str(address)


_WHO: dict[str, Callable[[Actor, Request], str]] = {
    "person": _person,
    "device": _device,
    "address": _address,
}
