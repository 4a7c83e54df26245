"""One effect for a key wherever it is sent, and nothing acknowledged is lost to a kill -9."""

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

from models.appointments import Appointment, Slot
from models.bookkeeping import IdempotencyKey
from models.kinds import WindowKind
from server.appointments.reconciling import find_differences
from tests.proofs.register import proof
from tests.support.booking import QUANTUM, SHORT_ITEM, STREET
from tests.support.crowd import Member, gather_crowd
from tests.support.load import LOST, Outcome, build_request, run_load
from tests.support.replaying import replay_all
from tests.support.servers import Api
from tests.support.system import System, start_system

PATH = "/api/v1/citizen/appointments"
REPEATS, PROCESSES, CONNECTIONS = 50, 2, 64
STARTS, CAPACITY, CITIZENS = 40, 500, 9_000
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
        wished = [
            _request(one.headers(), BEGIN + place * 7 % STARTS * QUANTUM)
            for place, one in enumerate(crowd)
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


def _request(headers: dict[str, str], starts_at: datetime) -> bytes:
    wanted = {
        "point_code": STREET,
        "starts_at": starts_at.isoformat(),
        "item_codes": [SHORT_ITEM],
    }
    return build_request("POST", PATH, headers=headers, json_body=wanted)


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
    assert set(statuses) <= {201, 409, 503, LOST}, statuses
    acknowledged = Counter(
        answer.json()["id"] for answer in outcome.answers if answer.status == 201
    )
    async with system.engine() as engine:
        rows = set(await Appointment.all().values_list("id", flat=True))
        keys = await IdempotencyKey.exclude(status=0).count()
        differences = await find_differences(engine.ports)
        replayed = await replay_all(QUANTUM, limit=CAPACITY)
    assert set(acknowledged.values()) == {1}, "an id was answered twice"
    assert acknowledged.keys() <= rows, "an acknowledged booking is lost"
    assert keys == len(rows), (keys, len(rows))
    assert differences == [], differences
    return (
        f"{len(acknowledged)} acknowledged, all there once, {len(rows) - len(acknowledged)} more "
        f"committed untold, {statuses[409]} refused, {statuses[LOST]} cut off, {kills} kills; "
        f"counters = rows; {replayed.moves} moves replayed: never above capacity"
    )
