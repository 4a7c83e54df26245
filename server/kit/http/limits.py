"""How often one person, one device and one address may do what is worth doing by machine.

Each process counts in its own memory, so that a request waits for nobody to be counted. Whoever
used a good part of a limit here is told to the other processes, about once a second.
"""

import math
import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from limits import parse
from sanic import Request

from config.settings import Settings
from server.kit.access import NOBODY, Actor, Origin
from server.kit.errors import TooMany
from server.kit.tallies import Tally

DEVICE = re.compile(r"[A-Za-z0-9_-]{16,64}")
TOLD_SHARE = 20
"""Of a limit, so great a part is used before others are told: people rarely get so far."""


class Limited(StrEnum):
    """What is counted."""

    LOGIN = "login"
    BOOKING = "booking"
    UPLOAD = "upload"


class _Limit(NamedTuple):
    """So often in a window, counted for whoever `who` names."""

    who: Callable[[Actor, Request], str]
    most: int
    tally: Tally


class Limits:
    """The limits as the settings have them, counted in this process and shared with the others."""

    def __init__(self, settings: Settings) -> None:
        self._limits = {
            Limited.LOGIN: [_limit("login", _address, settings.logins_per_address)],
            Limited.BOOKING: [
                _limit("booking.person", _person, settings.bookings_per_person),
                _limit("booking.device", _device, settings.bookings_per_device),
                _limit("booking.address", _address, settings.bookings_per_address),
            ],
            Limited.UPLOAD: [_limit("upload", _address, settings.uploads_per_address)],
        }

    @property
    def tallies(self) -> list[Tally]:
        """What the processes tell each other."""
        return [limit.tally for some in self._limits.values() for limit in some]

    def require(self, what: Limited, actor: Actor, request: Request, *, now: datetime) -> None:
        """Count a request; raise `TooMany` beyond what any of its limits allows."""
        now_s = now.timestamp()
        for limit in self._limits[what]:
            who = limit.who(actor, request)
            if who and limit.tally.count(who, now_s) > limit.most:
                left_s = limit.tally.ends_at_s(now_s) - now_s
                raise TooMany(retry_after_s=max(1, math.ceil(left_s)))


def _limit(name: str, who: Callable[[Actor, Request], str], rate: str) -> _Limit:
    item = parse(rate)
    told_from = max(1, item.amount // TOLD_SHARE)
    return _Limit(who, item.amount, Tally(name, item.get_expiry(), told_from=told_from))


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
