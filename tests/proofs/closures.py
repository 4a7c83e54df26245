"""A point with 300 visits closes while others book: nobody is ever without a place."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import uuid4

import httpx
from tortoise.expressions import F

from models.appointments import Appointment, Slot
from models.bookkeeping import Transition
from models.closures import Reseating
from models.kinds import SessionKind, StaffRole
from models.notifications import Notice
from models.staff import StaffAccount
from models.states import LIVE_APPOINTMENTS, OfferState, ReseatingState
from models.waitlist import Offer
from server.appointments.generation import regenerate
from server.appointments.matching import ways_from
from server.appointments.reconciling import find_differences
from server.appointments.visits import day_span
from server.catalog.rules import local_day
from server.catalog.service import working_calendar
from server.identity.sessions import open_session
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from tests.proofs.register import proof
from tests.support.booking import QUANTUM, SHORT_ITEM, STREET
from tests.support.crowd import Member, gather_crowd
from tests.support.load import build_request, run_load
from tests.support.replaying import replay_all
from tests.support.servers import Api, Worker
from tests.support.system import start_system

VISITS, OTHERS, PROCESSES = 300, 400, 2
AGREEING, DECLINING, AT_ONCE = 60, 30, 8
TIME_TO_ANSWER = timedelta(seconds=40)
MOST_TRIES = 50
PAUSE_S, PATIENCE_S = 0.05, 180.0
BOOKINGS = "/api/v1/citizen/appointments"
LENGTH = timedelta(minutes=15)
DAYS = 4
MOST_SIDE_BY_SIDE = 3


@dataclass
class Town:
    """What runs, who is there, and what was seen."""

    ports: Ports
    processes: list[Api]
    worker: Worker
    crowd: list[Member]
    others: list[Member]
    supervisor: dict[str, str]
    mornings: list[datetime]
    near: list[str]
    deadline_at: datetime
    refused: int = 0
    samples: int = 0
    moved_at_death: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    said: Counter[int] = field(default_factory=Counter)
    took_s: dict[str, float] = field(default_factory=dict)

    @property
    def http(self) -> list[int]:
        """Where the API listens."""
        return [process.port for process in self.processes]


@proof("closure", group="appointments")
async def prove_closure() -> str:
    """300 visits, two API processes, others booking, the worker killed -9 in the middle."""
    async with start_system() as system, system.engine() as engine:
        with system.api(PROCESSES) as processes, system.worker() as worker:
            town = await _found(engine.ports, processes, worker)
            await _book_all(town)
            others = asyncio.create_task(_let_others_book(town))
            done = await _close(town)
            watch = asyncio.create_task(_watch(town))
            await _answer(town)
            await _die_in_the_middle(town)
            await others
            assert not watch.done(), watch.exception()
            watch.cancel()
            return await _judge(town, done)


async def _found(ports: Ports, processes: list[Api], worker: Worker) -> Town:
    now, calendar = ports.now(), await working_calendar()
    days = [calendar.add_working_days(local_day(now), ahead) for ahead in range(1, DAYS + 1)]
    near = [code for code, _ in await ways_from(STREET, (SHORT_ITEM,))]
    span = days[0], days[-1]
    for code in near:
        await in_transaction(
            lambda code=code: regenerate([code], span, now=now, settings=ports.settings)
        )
    crowd = await gather_crowd(VISITS + OTHERS, now=now)
    return Town(
        ports=ports,
        processes=processes,
        worker=worker,
        crowd=crowd[:VISITS],
        others=crowd[VISITS:],
        supervisor=await _supervisor(ports),
        mornings=[day_span(day)[0] + timedelta(hours=9) for day in days],
        near=near,
        deadline_at=now + TIME_TO_ANSWER,
    )


async def _supervisor(ports: Ports) -> dict[str, str]:
    account = await StaffAccount.create(
        login="proof",
        display_name="督查",
        role=StaffRole.SUPERVISOR,
        password_hash="",
        totp_secret="",
        created_at=ports.now(),
    )
    session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
    return {"Authorization": f"Bearer {session.token}"}


def _starts(town: Town) -> list[datetime]:
    places = [*range(12), *range(18, 34)]
    return [morning + place * LENGTH for place in places for morning in town.mornings]


def _wish(point_code: str, starts_at: datetime) -> dict[str, object]:
    return {
        "point_code": point_code,
        "starts_at": starts_at.isoformat(),
        "item_codes": [SHORT_ITEM],
    }


async def _book_all(town: Town) -> None:
    starts = _starts(town)
    wanted = [
        build_request(
            "POST",
            BOOKINGS,
            headers=one.headers(),
            json_body=_wish(STREET, starts[place % len(starts)]),
        )
        for place, one in enumerate(town.crowd)
    ]
    outcome = await run_load(town.http, wanted, connections=32)
    assert outcome.statuses == {201: VISITS}, outcome.statuses


def _client(town: Town, place: int = 0) -> httpx.AsyncClient:
    port = town.http[place % len(town.http)]
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30, trust_env=False
    )


async def _let_others_book(town: Town) -> None:
    chance, starts = random.Random(7), _starts(town)
    for place, one in enumerate(town.others):
        wanted = _wish(chance.choice(town.near), chance.choice(starts))
        async with _client(town, place) as http:
            answer = await http.post("/citizen/appointments", json=wanted, headers=one.headers())
        town.answers[answer.status_code] += 1
        await asyncio.sleep(PAUSE_S)


async def _close(town: Town) -> dict[str, Any]:
    """Be refused with what is no longer so, then look and close until nothing comes between."""
    town.deadline_at = datetime.now(UTC) + TIME_TO_ANSWER
    async with _client(town) as http:
        stale = (await _steer(town, http)).json()["version"]
        [mine] = await Appointment.filter(person_id=town.crowd[0].person_id)
        cancelled = await http.post(
            f"/citizen/appointments/{mine.id}/cancel", headers=town.crowd[0].headers()
        )
        assert cancelled.status_code == 200, cancelled.text
        await _apply(town, http, stale)
        assert town.refused == 1, "a stale version was taken"
        for _ in range(MOST_TRIES):
            town.deadline_at = datetime.now(UTC) + TIME_TO_ANSWER
            shown = (await _steer(town, http)).json()
            done = await _apply(town, http, shown["version"])
            if done is not None:
                assert done["people"] == shown["people"], "not what was shown"
                return done
    raise AssertionError("something came between every time")


async def _apply(town: Town, http: httpx.AsyncClient, version: str) -> dict[str, Any] | None:
    answer = await _steer(town, http, intent="apply", version=version)
    if answer.status_code == 409:
        assert answer.json()["code"] == "situation_changed", answer.text
        town.refused += 1
        return None
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _steer(
    town: Town, http: httpx.AsyncClient, *, intent: str = "preview", **more: str
) -> httpx.Response:
    wanted = {
        "intent": intent,
        "starts_at": town.mornings[0].isoformat(),
        "ends_at": (town.mornings[-1] + timedelta(hours=12)).isoformat(),
        "deadline_at": town.deadline_at.isoformat(),
        "reason": "停电检修",
    }
    headers = town.supervisor | {"Idempotency-Key": uuid4().hex}
    begun = time.perf_counter()
    answer = await http.post(
        f"/district/points/{STREET}/closure", json=wanted | more, headers=headers
    )
    town.took_s[intent] = time.perf_counter() - begun
    return answer


async def _answer(town: Town) -> None:
    """Some agree and some decline as soon as everybody was told."""
    town.took_s["told"] = await _until(lambda states: not states[ReseatingState.WAITING])
    members = {one.person_id: one for one in (*town.crowd, *town.others)}
    held = await Offer.filter(state=OfferState.HELD).order_by("id")
    verbs = ["accept"] * AGREEING + ["decline"] * DECLINING
    answering = asyncio.Semaphore(AT_ONCE)

    async def say(place: int, verb: str, offer: Offer) -> None:
        async with answering, _client(town, place) as http:
            answer = await http.post(
                f"/citizen/offers/{offer.id}/{verb}", headers=members[offer.person_id].headers()
            )
        too_late = answer.status_code == 409 and town.deadline_at <= datetime.now(UTC)
        assert answer.status_code in {201, 204} or too_late, answer.text
        town.said[answer.status_code] += 1

    async with asyncio.TaskGroup() as group:
        for place, (verb, offer) in enumerate(zip(verbs, held, strict=False)):
            group.create_task(say(place, verb, offer))


async def _die_in_the_middle(town: Town) -> None:
    """Kill the worker while it moves the silent ones, and let another go on."""
    await _until(lambda states: states[ReseatingState.MOVED] > town.said[201] + 10)
    town.worker.kill()
    town.moved_at_death = (await _states())[ReseatingState.MOVED]
    town.worker.start()
    await _until(lambda states: not states[ReseatingState.OFFERED])
    late = datetime.now(UTC) - town.deadline_at
    town.took_s["moved"] = late.total_seconds()


async def _until(is_reached: Callable[[Counter[ReseatingState]], bool]) -> float:
    begun = time.perf_counter()
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if is_reached(await _states()):
                return time.perf_counter() - begun
            await asyncio.sleep(PAUSE_S)


async def _states() -> Counter[ReseatingState]:
    return Counter(row.state for row in await Reseating.all().only("state"))


async def _watch(town: Town) -> None:
    """See again and again that everybody has a visit to come."""
    people = [one.person_id for one in town.crowd[1:]]
    while True:
        rows = Appointment.filter(person_id__in=people, state__in=LIVE_APPOINTMENTS)
        found = set(await rows.values_list("person_id", flat=True))
        assert len(found) == len(people), "somebody is without a place"
        town.samples += 1
        await asyncio.sleep(PAUSE_S)


async def _judge(town: Town, done: dict[str, Any]) -> str:
    states = await _states()
    assert sum(states.values()) == done["hit"], states
    assert set(states) <= {ReseatingState.MOVED, ReseatingState.TO_CALL}, states
    assert town.said[201] < town.moved_at_death < states[ReseatingState.MOVED], town.moved_at_death
    assert states[ReseatingState.TO_CALL] == done["hit"] - done["placed"] + town.said[204], states
    await _judge_places(states)
    await _judge_moves(town)
    await _judge_counters(town)
    told = await Notice.filter(kind="closure_offered").count()
    assert told == done["placed"], (told, done["placed"])
    assert set(town.answers) <= {201, 409}, town.answers
    return _line(town, done, states)


async def _judge_places(states: Counter[ReseatingState]) -> None:
    rows = await Reseating.all()
    old = await Appointment.in_bulk([row.appointment_id for row in rows], "id")
    people = {visit.person_id for visit in old.values()}
    live = await Appointment.filter(person_id__in=people, state__in=LIVE_APPOINTMENTS)
    assert len(live) == len(people) == len(rows), "not one place for each"
    place_of = {visit.person_id: visit for visit in live}
    for row in rows:
        place = place_of[old[row.appointment_id].person_id]
        is_moved = row.state is ReseatingState.MOVED
        assert (place.replaced_id or place.id) == row.appointment_id, row.state
        assert (place.point_code != STREET) == is_moved, row.state
    left = await Appointment.filter(point_code=STREET, state__in=LIVE_APPOINTMENTS).count()
    assert left == states[ReseatingState.TO_CALL], left


async def _judge_moves(town: Town) -> None:
    """Run through all moves: from the first booking on, everybody has a place after each step."""
    visits = {visit.id: visit.person_id for visit in await Appointment.all()}
    moves = await Transition.filter(aggregate=Appointment.__name__).order_by("id")
    steps: dict[str, Counter[datetime]] = defaultdict(Counter)
    for move in moves:
        steps[visits[move.aggregate_id]][move.moved_at] += _places_of(move)
    for person in town.crowd[1:]:
        changes = [change for _, change in sorted(steps[person.person_id].items())]
        assert set(accumulate(changes)) == {1}, changes


def _places_of(move: Transition) -> int:
    if not move.from_state:
        return 1
    return -1 if move.to_state not in LIVE_APPOINTMENTS else 0


async def _judge_counters(town: Town) -> None:
    """No slot ever had more than the largest point has room for, nor has one more than its own."""
    assert await find_differences(town.ports) == []
    await replay_all(QUANTUM, limit=MOST_SIDE_BY_SIDE)
    over = Slot.filter(capacity__gt=0, taken__gt=F("capacity"))
    assert await over.count() == 0


def _line(town: Town, done: dict[str, Any], states: Counter[ReseatingState]) -> str:
    took = {name: f"{seconds:.2f} s" for name, seconds in town.took_s.items()}
    return (
        f"{done['hit']} hit, {done['placed']} offered a place, "
        f"{states[ReseatingState.MOVED]} moved ({town.said[201]} agreed), "
        f"{states[ReseatingState.TO_CALL]} to call; {town.refused} stale versions refused, "
        f"{town.answers[201]} others booked; preview {took['preview']}, apply {took['apply']}, "
        f"all told after {took['told']}, all moved {took['moved']} after the deadline with the "
        f"worker killed -9 at {town.moved_at_death}; {town.samples} looks, nobody without a "
        f"place; counter = rows"
    )
