"""The lists that people choose from: when at a point, and where soonest."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from time import monotonic
from typing import Generic, TypeVar

from config.settings import Settings
from server.appointments.board import FOR_EVER, TAG_BYTES, Board, Days, Length
from server.appointments.errors import NotAcceptedHere
from server.appointments.generation import last_day_on_sale
from server.appointments.rules import Start
from server.appointments.schemas import SoonestOut, SoonestPlaceOut, TimesOut
from server.appointments.visit_terms import TERMS_KEPT_S, find_terms, forget_terms
from server.appointments.visits import Plan, Wish, plan_visit, quantum_of
from server.catalog.rules import local_day
from server.catalog.service import find_points_for
from server.kit.http.call import Rendered
from server.kit.http.schemas import Outgoing
from server.kit.keeping import FOR_EVER_S, Kept

MOST_PLACES = 100
MOST_ANYWHERE, MOST_LISTS, MOST_SOONEST = 1_000, 300, 1_000
"""How many are kept; a list is 50 kilobytes long, the soonest of all points 10."""

DateSpan = tuple[date, date]
Answer = TypeVar("Answer", bound=Outgoing)


@dataclass(frozen=True, slots=True)
class _Made(Generic[Answer]):
    """An answer, until when its first start is not past, and until when it is the latest."""

    answer: Rendered[Answer]
    until: datetime
    latest_until_s: float

    def holds(self, now: datetime) -> bool:
        return now < self.until and monotonic() < self.latest_until_s


@dataclass(frozen=True, slots=True)
class _Anywhere:
    """A visit that any of these points takes; names by code."""

    plan: Plan
    names: dict[str, str]


_BOARD = Board()
_anywhere: Kept[tuple[str, ...], _Anywhere] = Kept(TERMS_KEPT_S, most=MOST_ANYWHERE)
_lists: Kept[tuple[str, tuple[str, ...], DateSpan], _Made[TimesOut]] = Kept(most=MOST_LISTS)
_soonest: Kept[tuple[str, ...], _Made[SoonestOut]] = Kept(most=MOST_SOONEST)
_seeking = asyncio.Lock()
"""Of all who find the soonest out of date, one seeks and the others wait."""


def forget_shown() -> None:
    """Look at everything anew."""
    forget_terms()
    _BOARD.forget()
    for kept in (_anywhere, _lists, _soonest):
        kept.clear()


async def show_times(
    point_code: str,
    item_codes: tuple[str, ...],
    days: DateSpan,
    *,
    now: datetime,
    settings: Settings,
) -> Rendered[TimesOut]:
    """Return the starts on sale at a point, as a rule as they were at most a second ago.

    Raises `UnknownItem`, `UnknownPoint`, `NotAcceptedHere` or `Busy`.
    """
    key = point_code, item_codes, days
    known = _lists.get(key)
    if known is None or not known.holds(now):
        plan = (await find_terms(point_code, item_codes, settings)).plan
        known = _lists.keep(key, await _list(point_code, plan, days, now=now, settings=settings))
    return known.answer


async def show_soonest(
    item_codes: tuple[str, ...], *, now: datetime, settings: Settings
) -> Rendered[SoonestOut]:
    """Return each point's soonest start, the soonest first, as they were a moment ago.

    Raises `UnknownItem`, `NotAcceptedHere` or `Busy`.
    """
    known = _soonest.get(item_codes)
    if known is not None and known.holds(now):
        return known.answer
    async with _seeking:
        known = _soonest.get(item_codes)
        if known is None or not known.holds(now):
            known = _soonest.keep(item_codes, await _seek(item_codes, now, settings))
    return known.answer


async def _list(
    point_code: str, plan: Plan, days: DateSpan, *, now: datetime, settings: Settings
) -> _Made[TimesOut]:
    wanted, length = _on_sale(days, now, settings), Length(plan.quanta, quantum_of(settings))
    latest_until_s = await _BOARD.look([point_code], wanted)
    shown = [_BOARD.show(point_code, day, length, now=now) for day in wanted]
    empty = TimesOut(point_code=point_code, minutes=plan.minutes, times=[]).model_dump_json()
    head, times = empty.encode()[:-2], b",".join(one.json for one in shown if one.json)
    answer: Rendered[TimesOut] = Rendered(
        head + times + b"]}", _tag(head, *(one.tag for one in shown))
    )
    return _Made(answer, min((one.until for one in shown), default=FOR_EVER), latest_until_s)


async def _seek(
    item_codes: tuple[str, ...], now: datetime, settings: Settings
) -> _Made[SoonestOut]:
    anywhere = _anywhere.get(item_codes) or _anywhere.keep(
        item_codes, await _find_anywhere(item_codes, settings)
    )
    length = Length(anywhere.plan.quanta, quantum_of(settings))
    found, latest_until_s = await _first_starts(
        list(anywhere.names), length, now=now, settings=settings
    )
    ranked = sorted(found.items(), key=lambda one: (one[1].starts_at, -one[1].room, one[0]))
    places = [
        SoonestPlaceOut.at(point_code, anywhere.names[point_code], start)
        for point_code, start in ranked[:MOST_PLACES]
    ]
    body = SoonestOut(minutes=anywhere.plan.minutes, items=places).model_dump_json().encode()
    answer: Rendered[SoonestOut] = Rendered(body, _tag(body))
    until = places[0].starts_at if places else FOR_EVER
    return _Made(answer, until, latest_until_s)


async def _find_anywhere(item_codes: tuple[str, ...], settings: Settings) -> _Anywhere:
    points = await find_points_for(item_codes)
    if not points:
        raise NotAcceptedHere
    plan = await plan_visit(Wish(item_codes), None, settings)
    return _Anywhere(plan, {point.code: point.name for point in points})


async def _first_starts(
    point_codes: list[str], length: Length, *, now: datetime, settings: Settings
) -> tuple[dict[str, Start], float]:
    """Return the first start of each point that has one, and until when that is the latest."""
    found: dict[str, Start] = {}
    latest_until_s = FOR_EVER_S
    for day in Days(local_day(now), last_day_on_sale(now, settings)):
        left = [code for code in point_codes if code not in found]
        if not left or len(found) >= MOST_PLACES:
            break
        latest_until_s = min(latest_until_s, await _BOARD.look(left, Days(day, day)))
        for code in left:
            first = _BOARD.show(code, day, length, now=now).first
            if first is not None:
                found[code] = first
    return found, latest_until_s


def _on_sale(days: DateSpan, now: datetime, settings: Settings) -> Days:
    today = local_day(now)
    _BOARD.forget_before(today)
    return Days(max(days[0], today), min(days[1], last_day_on_sale(now, settings)))


def _tag(*parts: bytes) -> str:
    return blake2b(b"".join(parts), digest_size=TAG_BYTES).hexdigest()
