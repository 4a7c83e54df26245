"""What is shown is what can be booked, known a moment ago."""

import asyncio
import random
from datetime import date, timedelta

import httpx
import pytest

from models.appointments import Slot
from models.catalog import ServicePoint
from models.kinds import WindowKind
from server.appointments import board, shown
from server.appointments.board import Board, Days, Length
from server.appointments.repository import slots_between
from server.appointments.rules import list_starts, with_room
from server.appointments.schemas import StartOut, TimesOut
from server.appointments.shown import forget_shown, show_soonest, show_times
from server.appointments.visits import BOOKED_KIND, day_span
from server.catalog.errors import UnknownItem
from server.kit.transaction import finish_running
from tests.support.booking import (
    ITEM,
    OTHER_STREET,
    QUANTUM,
    SHORT_ITEM,
    STREET,
    TEN,
    book_now,
    make_booker,
    make_slots,
    wish,
)

TUESDAY = date(2026, 11, 24)
TWO_WEEKS = (TUESDAY, date(2026, 12, 7))
DAY = timedelta(days=1)


@pytest.fixture
def asked(monkeypatch):
    """The points of every statement that was asked for rooms."""
    seen = []
    ask = board.rooms_by_day

    async def note(point_codes, *rest):
        seen.append(sorted(point_codes))
        return await ask(point_codes, *rest)

    monkeypatch.setattr(board, "rooms_by_day", note)
    return seen


@pytest.fixture
def later(monkeypatch):
    """Lets so many seconds pass for whoever remembers."""

    def pass_seconds(seconds):
        passed = board.monotonic() + seconds
        for module in (board, shown):
            monkeypatch.setattr(module, "monotonic", lambda: passed)

    return pass_seconds


async def times(ports, *, item=ITEM, days=TWO_WEEKS, point_code=STREET):
    answer = await show_times(point_code, (item,), days, now=ports.now(), settings=ports.settings)
    return TimesOut.model_validate_json(answer.body)


async def soonest(ports, item=ITEM):
    answer = await show_soonest((item,), now=ports.now(), settings=ports.settings)
    return [
        (one["point_code"], one["starts_at"], one["places_left"])
        for one in httpx.Response(200, content=answer.body).json()["items"]
    ]


def starts_of(listed):
    return [(one.starts_at, one.places_left) for one in listed.times]


@pytest.mark.parametrize("seed", range(8))
async def test_the_rules_of_booking_say_what_is_shown(ports, seed):
    rng = random.Random(seed)
    morning, evening = TEN - 100 * QUANTUM, TEN + 150 * QUANTUM
    places = [
        rng.choice((morning, TEN, evening)) + rng.randrange(12) * QUANTUM + rng.randrange(14) * DAY
        for _ in range(300)
    ]
    await Slot.bulk_create(
        Slot(
            point_code=STREET,
            kind=rng.choice((WindowKind.ACCEPT, WindowKind.ACCEPT, WindowKind.ISSUE)),
            starts_at=place,
            capacity=rng.randrange(5),
            taken=rng.randrange(5),
        )
        for place in set(places)
    )
    first, last = sorted(TUESDAY + rng.randrange(14) * DAY for _ in range(2))
    for item, minutes, quanta in ((ITEM, 25, 5), (SHORT_ITEM, 12, 3)):
        slots = await slots_between(STREET, BOOKED_KIND, day_span(first)[0], day_span(last)[1])
        starts = with_room(list_starts(slots, quanta=quanta, quantum=QUANTUM), after=ports.now())
        expected = TimesOut(
            point_code=STREET, minutes=minutes, times=[StartOut.of(start) for start in starts]
        )
        answer = await show_times(
            STREET, (item,), (first, last), now=ports.now(), settings=ports.settings
        )
        assert answer.body.decode() == expected.model_dump_json()


async def test_whatever_is_listed_can_be_booked_until_nothing_is_left(ports):
    await make_slots(13, capacity=2)
    rng, booked = random.Random(1), 0
    while listed := starts_of(await times(ports)):
        booked += 1
        starts_at, _ = rng.choice(listed)
        await book_now(wish(starts_at=starts_at), await make_booker(booked), ports)
        forget_shown()
    assert 2 <= booked <= 4
    assert not await soonest(ports)


async def test_what_is_full_closed_or_past_is_not_listed(ports, clock):
    await make_slots(3, capacity=1)
    await make_slots(1, capacity=0, begin=TEN + 3 * QUANTUM)
    await make_slots(5, capacity=3, begin=TEN + 4 * QUANTUM)
    assert starts_of(await times(ports, item=SHORT_ITEM)) == [
        (TEN, 1),
        *((TEN + place * QUANTUM, 3) for place in (4, 5, 6)),
    ]
    clock.advance(seconds=(TEN + 5 * QUANTUM - clock.now()).total_seconds())
    assert starts_of(await times(ports, item=SHORT_ITEM)) == [(TEN + 6 * QUANTUM, 3)]


async def test_rooms_are_asked_for_once_in_a_while_by_one_for_all(ports, asked, later):
    async def count():
        return len((await times(ports)).times)

    await make_slots(6)
    assert await asyncio.gather(*(count() for _ in range(20))) == [2] * 20
    assert asked == [[STREET]]
    await Slot.all().update(capacity=0)
    assert len((await times(ports)).times) == 2
    later(board.LONGEST_KEPT_S * 1.01)
    assert await asyncio.gather(*(count() for _ in range(20))) == [0] * 20
    assert asked == [[STREET], [STREET]]


async def test_after_a_second_the_old_list_is_shown_while_the_new_one_is_asked_for(
    ports, asked, later
):
    await make_slots(6)
    assert len((await times(ports)).times) == 2
    await Slot.all().update(capacity=0)
    later(board.KEPT_S * 1.01)
    for _ in range(3):
        assert len((await times(ports)).times) == 2
    await finish_running()
    later(board.LOOKED_EVERY_S * 1.01)
    assert (await times(ports)).times == []
    assert asked == [[STREET], [STREET]]


async def test_only_a_day_that_changed_is_worked_out_anew(ports, later):
    await make_slots(5)
    await make_slots(5, begin=TEN + DAY)
    known, days = Board(), Days(TUESDAY, TUESDAY + DAY)
    length = Length(5, QUANTUM)

    async def look():
        await known.look([STREET], days)
        return [known.show(STREET, day, length, now=ports.now()) for day in days]

    before = await look()
    await Slot.filter(starts_at__gte=TEN + DAY).update(taken=1)
    later(board.LONGEST_KEPT_S * 1.01)
    after = await look()
    assert after[0] is before[0]
    assert (before[1].first.starts_at, after[1].first) == (TEN + DAY, None)
    assert after[1].tag != before[1].tag


async def test_the_starts_of_a_few_lengths_are_kept_and_days_gone_by_are_not(ports):
    await make_slots(12)
    known, days = Board(), Days(TUESDAY, TUESDAY)
    await known.look([STREET], days)
    for quanta in range(1, board.MOST_LENGTHS + 3):
        day = known.show(STREET, TUESDAY, Length(quanta, QUANTUM), now=ports.now())
        assert day.first.starts_at == TEN
    assert len(known._days[STREET, TUESDAY].shown) == board.MOST_LENGTHS
    known.forget_before(TUESDAY + DAY)
    assert known._days == {}


async def test_the_soonest_of_each_point_comes_first_and_then_the_roomiest(ports):
    await make_slots(3, capacity=2, begin=TEN + DAY)
    await make_slots(3, capacity=3, begin=TEN + DAY, point_code=OTHER_STREET)
    assert await soonest(ports, SHORT_ITEM) == [
        (OTHER_STREET, "2026-11-25T02:00:00Z", 3),
        (STREET, "2026-11-25T02:00:00Z", 2),
    ]
    await make_slots(3, capacity=1)
    forget_shown()
    assert (await soonest(ports, SHORT_ITEM))[0] == (STREET, "2026-11-24T02:00:00Z", 1)


async def test_the_soonest_start_gives_way_to_the_next_when_its_time_has_come(ports, clock):
    await make_slots(4)
    assert await soonest(ports, SHORT_ITEM) == [(STREET, "2026-11-24T02:00:00Z", 1)]
    clock.advance(seconds=(TEN - clock.now()).total_seconds())
    assert await soonest(ports, SHORT_ITEM) == [(STREET, "2026-11-24T02:05:00Z", 1)]


async def test_a_closed_point_and_one_that_does_not_take_the_item_are_not_among_the_soonest(
    ports, catalogue
):
    del catalogue
    await make_slots(3)
    await ServicePoint.filter(code=STREET).update(is_open=False)
    assert await soonest(ports, SHORT_ITEM) == []
    with pytest.raises(UnknownItem):
        await soonest(ports, "NONE")


async def test_whoever_has_a_list_already_is_told_so(api_url):
    await make_slots(6)
    query = {"items": ITEM, "from": "2026-11-24", "to": "2026-12-07"}
    lists = ((f"/points/{STREET}/times", query), ("/soonest", {"items": ITEM}))
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1/public") as http:
        known = {}
        for path, params in lists:
            first = await http.get(path, params=params)
            assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
            known[path] = {"if-none-match": first.headers["etag"]}
            again = await http.get(path, params=params, headers=known[path])
            assert (again.status_code, again.content) == (304, b"")
        await Slot.all().update(taken=1)
        forget_shown()
        for path, params in lists:
            anew = await http.get(path, params=params, headers=known[path])
            assert anew.status_code == 200
