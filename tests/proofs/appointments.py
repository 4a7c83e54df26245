"""One effect for a key wherever it is sent, and nothing acknowledged is lost to a kill -9."""

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

from models.appointments import Appointment, Hold, Slot
from models.bookkeeping import IdempotencyKey
from models.kinds import WindowKind
from models.states import AppointmentState
from server.appointments.booking import Booker, book
from server.appointments.holds import hold_place
from server.appointments.reconciling import find_differences
from server.appointments.visits import Wish
from server.identity.people import get_person
from server.kit.access import Actor, Role
from server.kit.transaction import in_transaction
from tests.proofs.register import proof
from tests.support.booking import QUANTUM, SHORT_ITEM, STREET
from tests.support.crowd import Member, gather_crowd
from tests.support.load import LOST, Outcome, build_request, run_load
from tests.support.replaying import replay_all
from tests.support.servers import Api
from tests.support.system import System, start_system

PATH = "/api/v1/citizen/appointments"
HOLDING = "/api/v1/citizen/holds"
REPEATS, PROCESSES, CONNECTIONS = 50, 2, 64
STARTS, CAPACITY, CITIZENS = 40, 500, 9_000
VISITS, HOLDS, EVERY = 160, 80, 10
"""What is there before, and each how many bookings one of them is moved, cancelled or used."""

LOADED_S, KILL_EVERY_S = 24.0, 4.0
BEGIN = (datetime.now(UTC) + timedelta(days=2)).replace(hour=1, minute=0, second=0, microsecond=0)


@proof("idempotent_booking", group="appointments")
async def prove_idempotent_booking() -> str:
    """The same key fifty times at once over two processes."""
    async with start_system() as system:
        [one] = await _prepare(system, citizens=1)
        headers = one.headers()
        with system.api(PROCESSES) as processes:
            ports = [process.port for process in processes]
            same = [_request(headers, BEGIN)] * REPEATS
            outcome = await run_load(ports, same, connections=REPEATS)
            other = await run_load(ports, [_request(headers, BEGIN + QUANTUM)], connections=1)
        async with system.engine():
            taken = await Slot.all().order_by("id").values_list("taken", flat=True)
            rows = await Appointment.all().count(), await IdempotencyKey.all().count()
    assert outcome.statuses == {201: REPEATS}, outcome.statuses
    bodies = {answer.body for answer in outcome.answers}
    assert len(bodies) == 1, bodies
    assert other.statuses == {422: 1}, other.statuses
    assert (rows, sum(taken)) == ((1, 1), 3), (rows, taken)
    return f"{REPEATS} answers alike, 1 appointment, 1 key; the key with another body: 422"


@proof("killed_booking", group="appointments")
async def prove_killed_booking() -> str:
    """Two processes under load, one of them killed -9 every few seconds."""
    async with start_system() as system:
        crowd = await _prepare(system, citizens=CITIZENS)
        others, crowd = crowd[: VISITS + HOLDS], crowd[VISITS + HOLDS :]
        changes = iter(await _prepare_changes(system, others))
        wished = [
            request
            for place, one in enumerate(crowd)
            for request in (
                _wish(one, place),
                *itertools.islice(changes, place % EVERY == 0),
            )
        ]
        with system.api(PROCESSES) as processes:
            ports = [process.port for process in processes]
            load = run_load(ports, wished, connections=CONNECTIONS, duration_s=LOADED_S)
            outcome, kills = await asyncio.gather(load, _kill_in_turn(processes))
        return await _judge(system, outcome, kills)


async def _prepare(system: System, *, citizens: int) -> list[Member]:
    async with system.engine() as engine:
        await Slot.bulk_create(
            Slot(
                point_code=STREET,
                kind=WindowKind.ACCEPT,
                starts_at=BEGIN + place * QUANTUM,
                capacity=CAPACITY,
            )
            for place in range(STARTS + 2)
        )
        return await gather_crowd(citizens, now=engine.ports.now())


def _request(headers: dict[str, str], starts_at: datetime, path: str = PATH, **more: str) -> bytes:
    wanted = {
        **more,
        "point_code": STREET,
        "starts_at": starts_at.isoformat(),
        "item_codes": [SHORT_ITEM],
    }
    return build_request("POST", path, headers=headers, json_body=wanted)


def _wish(one: Member, place: int) -> bytes:
    """A booking; each tenth is a hold."""
    starts_at = BEGIN + place * 7 % STARTS * QUANTUM
    return _request(one.headers(), starts_at, HOLDING if place % EVERY == 1 else PATH)


async def _prepare_changes(system: System, members: list[Member]) -> list[bytes]:
    """Give members visits and holds; return requests that move, cancel, use or release each."""
    async with system.engine() as engine:
        now, settings = engine.ports.now(), engine.ports.settings
        changes = []
        for number, one in enumerate(members):
            booker = await _booker(one)
            place = STREET, BEGIN + number % STARTS * QUANTUM, (SHORT_ITEM,)
            if number < VISITS:
                wish = Wish(place[2], *place[:2])
                work = partial(book, wish, booker, now=now, settings=settings)
            else:
                work = partial(hold_place, *place, booker=booker, now=now, settings=settings)
            made = await in_transaction(work)
            changes.append(_change(one, made, number))
    return changes


async def _booker(one: Member) -> Booker:
    person = await get_person(one.person_id)
    actor = Actor(Role.CITIZEN, id=one.account_id, person_id=person.id)
    return Booker(person.id, person.id_digest, one.account_id, actor)


def _change(one: Member, made: Appointment | Hold, number: int) -> bytes:
    if isinstance(made, Hold):
        return _request(one.headers(), made.starts_at, hold_id=made.id)
    path = f"{PATH}/{made.id}/" + ("cancel" if number % 2 else "reschedule")
    later = BEGIN + (number + 5) % STARTS * QUANTUM
    body = {} if number % 2 else {"starts_at": later.isoformat()}
    return build_request("POST", path, headers=one.headers(), json_body=body)


async def _kill_in_turn(processes: list[Api]) -> int:
    loop = asyncio.get_running_loop()
    until = loop.time() + LOADED_S - KILL_EVERY_S
    for kills, process in enumerate(itertools.cycle(processes)):
        if loop.time() > until:
            return kills
        await asyncio.sleep(KILL_EVERY_S / 2)
        process.restart()
    raise AssertionError


async def _judge(system: System, outcome: Outcome, kills: int) -> str:
    statuses = outcome.statuses
    assert set(statuses) <= {200, 201, 409, 503, LOST}, statuses
    made = Counter(_ids(outcome, 201))
    ended = set(_ids(outcome, 200))
    async with system.engine() as engine:
        visits = dict(await Appointment.all().values_list("id", "state"))
        rows = {*visits, *await Hold.all().values_list("id", flat=True)}
        keys = await IdempotencyKey.exclude(status=0).count()
        differences = await find_differences(engine.ports)
        replayed = await replay_all(QUANTUM, limit=CAPACITY)
    cancelled = {one for one, state in visits.items() if state is AppointmentState.CANCELLED}
    told = len(made) + len(ended)
    effects = len(rows) - VISITS - HOLDS + len(cancelled)
    assert set(made.values()) == {1}, "an id was answered twice"
    assert made.keys() <= rows, "an acknowledged booking is lost"
    assert ended <= cancelled, "an acknowledged cancellation is lost"
    assert keys == effects, (keys, effects)
    assert differences == [], differences
    return (
        f"{told} acknowledged, {len(ended)} of them cancelled, all there once, {effects - told} "
        f"more committed untold, {statuses[409]} refused, {statuses[LOST]} cut off, {kills} kills; "
        f"counters = rows; {replayed.moves} moves replayed: never above capacity"
    )


def _ids(outcome: Outcome, status: int) -> list[str]:
    return [answer.json()["id"] for answer in outcome.answers if answer.status == status]
