"""Being quick, or a program, gains nothing: freed places and a newly opened day."""

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta
from secrets import token_hex

import httpx

from models.appointments import Appointment, Slot, SlotTemplate
from models.draws import Draw
from models.states import DrawState
from server.appointments.drawing import hash_of, in_drawn_order
from server.appointments.draws import GRACE
from server.appointments.reconciling import find_differences
from server.appointments.tasks import make_slots
from server.appointments.visits import day_span
from server.catalog.rules import local_day
from tests.proofs.register import proof
from tests.support.booking import SHORT_ITEM, STREET
from tests.support.crowd import Member, gather_crowd
from tests.support.system import System, start_system

QUANTA = 3
POLL_S, ASK_S = 0.1, 0.5
FREED, WAITING, ENTERED, TRIES = 12, 8, 60, 30
LEAST_DELAY_S, LONGEST_DELAY_S = 2, 5
WATCHED_S = 14.0
GATHERED = timedelta(minutes=30)
OPENED_WITHIN_S = 45.0
SEEDS = 2000


@proof("fairness", group="appointments")
async def prove_fairness() -> str:
    """A program that polls every 100 ms against people who wait; one that enters a draw first.

    Nothing of it rests on how often one may ask: that limit is lifted.
    """
    async with start_system() as system:
        system.env["BOOKINGS_PER_PERSON"] = "6000/minute"
        system.env["RELEASE_DELAY_MIN_S"] = str(LEAST_DELAY_S)
        system.env["RELEASE_DELAY_MAX_S"] = str(LONGEST_DELAY_S)
        full, to_draw, crowd = await _prepare(system)
        seed_hash = await _announce(system, to_draw)
        with system.api() as [api], system.worker():
            base = f"http://127.0.0.1:{api.port}/api/v1"
            async with httpx.AsyncClient(base_url=base, timeout=30) as http:
                freed = await _prove_freed(http, full, crowd)
                drawn = await _prove_drawn(system, http, (to_draw, seed_hash), crowd)
        async with system.engine() as engine:
            assert await find_differences(engine.ports) == []
    return f"{freed}; {drawn}; counters = rows"


async def _prepare(system: System) -> tuple[list[datetime], date, list[Member]]:
    """One window at one point; a day that will be full, and the last day, not yet opened."""
    async with system.engine() as engine:
        await SlotTemplate.exclude(point_code=STREET).delete()
        await SlotTemplate.all().update(windows=1, walk_in_reserve=0)
        await make_slots(engine.ports)
        now = engine.ports.now()
        starts = await Slot.all().order_by("starts_at").values_list("starts_at", flat=True)
        days = sorted({local_day(one) for one in starts} - {local_day(now)})
        first_at, until = day_span(days[-1])
        await Slot.filter(starts_at__gte=first_at, starts_at__lt=until).delete()
        crowd = await gather_crowd(100, now=now)
    of_day = [one for one in starts if local_day(one) == days[0]]
    return of_day[: FREED * QUANTA : QUANTA], days[-1], crowd


async def _prove_freed(http: httpx.AsyncClient, starts: list[datetime], crowd: list[Member]) -> str:
    holders, waiting, bot = crowd[:FREED], crowd[FREED : FREED + WAITING], crowd[-1]
    held = [await _book(http, one, at) for one, at in zip(holders, starts, strict=True)]
    assert [answer.status_code for answer in held] == [201] * FREED
    for one in waiting:
        await _wait(http, one, starts)
    stop = asyncio.Event()
    polling = asyncio.create_task(_poll(http, bot, starts, stop))
    answering = [asyncio.create_task(_answer(http, one, stop)) for one in waiting]
    for answer, one in zip(held, holders, strict=True):
        path = f"/citizen/appointments/{answer.json()['id']}/cancel"
        assert (await http.post(path, headers=one.headers())).status_code == 200
    await asyncio.sleep(WATCHED_S)
    stop.set()
    got_by_people = [await task for task in answering]
    polls, got_by_bot = await polling
    assert got_by_people == [1] * WAITING, got_by_people
    assert got_by_bot <= min(got_by_people), got_by_bot
    return (
        f"{FREED} places freed, {WAITING} people waiting: {sum(got_by_people)} to them, one each; "
        f"a program that asked {polls} times got {got_by_bot}"
    )


async def _book(http: httpx.AsyncClient, one: Member, starts_at: datetime) -> httpx.Response:
    wanted = {
        "point_code": STREET,
        "starts_at": starts_at.isoformat(),
        "item_codes": [SHORT_ITEM],
    }
    return await http.post("/citizen/appointments", json=wanted, headers=one.headers())


async def _wait(http: httpx.AsyncClient, one: Member, starts: list[datetime]) -> None:
    day = local_day(starts[0]).isoformat()
    wanted = {
        "item_codes": [SHORT_ITEM],
        "point_codes": [STREET],
        "first_on": day,
        "last_on": day,
    }
    answer = await http.post("/citizen/waitlist", json=wanted, headers=one.headers())
    assert answer.status_code == 201, answer.text


async def _poll(
    http: httpx.AsyncClient, bot: Member, starts: list[datetime], stop: asyncio.Event
) -> tuple[int, int]:
    polls = got = 0
    while not stop.is_set():
        answer = await _book(http, bot, starts[polls % len(starts)])
        assert answer.status_code in {201, 409}, answer.text
        polls, got = polls + 1, got + (answer.status_code == 201)
        await asyncio.sleep(POLL_S)
    return polls, got


async def _answer(http: httpx.AsyncClient, one: Member, stop: asyncio.Event) -> int:
    got = 0
    while not stop.is_set():
        offers = (await http.get("/citizen/offers", headers=one.headers())).json()["items"]
        for offer in offers:
            path = f"/citizen/offers/{offer['id']}/accept"
            got += (await http.post(path, headers=one.headers())).status_code == 201
        await asyncio.sleep(ASK_S)
    return got


async def _prove_drawn(
    system: System, http: httpx.AsyncClient, draw: tuple[date, str], crowd: list[Member]
) -> str:
    day, seed_hash = draw
    people, bot = crowd[-2 - ENTERED : -2], crowd[-2]  # the last one may have a visit by now
    tried = Counter([(await _enter(http, bot, day)).status_code for _ in range(TRIES)])
    assert tried == {201: 1, 409: TRIES - 1}, tried
    assert {(await _enter(http, one, day)).status_code for one in people} == {201}
    async with system.engine() as engine:
        await Draw.filter(day=day).update(gather_until=engine.ports.now() - GRACE)
    shown = await _wait_until_opened(http, day)
    assert hash_of(shown["seed"]) == shown["seed_hash"] == seed_hash
    wishes = await _wishes(http, day)
    won = {one for one, state in wishes.items() if state == "won"}
    order = in_drawn_order(shown["seed"], wishes)
    assert set(wishes.values()) == {"won", "lost"}
    assert won == set(order[: len(won)]), "the order is not that of the seed"
    async with system.engine():
        span = day_span(day)
        visits = await Appointment.filter(starts_at__gte=span[0], starts_at__lt=span[1])
        per_person = Counter(one.person_id for one in visits)
    assert len(visits) == len(won)
    assert max(per_person.values()) == 1
    share, usual = _shares(list(wishes), len(won))
    assert share <= usual * 1.15, (share, usual)
    return (
        f"draw: {len(wishes)} wishes for {len(won)} visits, one that tried {TRIES} times and first "
        f"got {per_person[bot.person_id]}; over {SEEDS} seeds it wins {share:.3f} of the time, "
        f"anybody {usual:.3f}"
    )


async def _announce(system: System, day: date) -> str:
    seed = token_hex(32)
    async with system.engine() as engine:
        now = engine.ports.now()
        await Draw.create(
            day=day,
            seed=seed,
            seed_hash=hash_of(seed),
            gather_from=now,
            gather_until=now + GATHERED,
            state=DrawState.ANNOUNCED,
            created_at=now,
        )
    return hash_of(seed)


async def _enter(http: httpx.AsyncClient, one: Member, day: date) -> httpx.Response:
    wanted = {"item_codes": [SHORT_ITEM], "point_codes": [STREET]}
    return await http.post(f"/citizen/draws/{day}/wishes", json=wanted, headers=one.headers())


async def _wait_until_opened(http: httpx.AsyncClient, day: date) -> dict[str, str]:
    async with asyncio.timeout(OPENED_WITHIN_S):
        while True:
            [shown] = (await http.get("/public/draws")).json()["items"]
            if shown["state"] == "opened":
                assert shown["day"] == day.isoformat()
                return shown
            assert shown["seed"] is None or shown["state"] == "drawing"
            await asyncio.sleep(ASK_S)


async def _wishes(http: httpx.AsyncClient, day: date) -> dict[str, str]:
    found: dict[str, str] = {}
    query = {"limit": "50"}
    while True:
        page = (await http.get(f"/public/draws/{day}/wishes", params=query)).json()
        found |= {one["id"]: one["state"] for one in page["items"]}
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def _shares(ids: list[str], places: int) -> tuple[float, float]:
    """How often the first wish handed in wins, and how often any does."""
    wins = Counter(
        one for number in range(SEEDS) for one in in_drawn_order(f"seed{number}", ids)[:places]
    )
    return wins[min(ids)] / SEEDS, sum(wins.values()) / SEEDS / len(ids)
