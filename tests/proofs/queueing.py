"""Numbers of the hall: none twice, none left out, each called once and nobody starved."""

import asyncio
import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from uuid import uuid4

import httpx

from models.bookkeeping import Transition
from models.catalog import ServicePoint, Window
from models.kinds import HallNewsKind, Lane, SessionKind, StaffRole, WindowKind
from models.queueing import HallNews, QueueTicket
from models.staff import StaffAccount
from models.states import TicketState
from server.identity.sessions import open_session
from server.kit.ports import Ports
from tests.proofs.register import proof
from tests.support.busy_halls import let_wait, open_points
from tests.support.crowd import Member, gather_crowd
from tests.support.load import Outcome, build_request, run_load
from tests.support.system import System, start_system

POINTS, CITIZENS, TASKS, PROCESSES = 5, 2_000, 100, 2
WINDOWS, TICKETS = 6, 240
"""At each point."""
LONGEST_RUN_S = 600.0


@dataclass(frozen=True)
class Clerk:
    """Somebody at a window of their own."""

    point_code: str
    number: int
    token: str

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}


@proof("queue_numbers", group="balancing")
async def prove_queue_numbers() -> str:
    """10,000 numbers from 100 connections at five points, two API processes on MariaDB."""
    async with start_system() as system:
        async with system.engine() as engine:
            points = await open_points(POINTS, engine.ports.now())
            crowd = await gather_crowd(CITIZENS, now=engine.ports.now())
        wanted = [_take(one, point) for one in crowd for point in points]
        with system.api(PROCESSES) as processes:
            outcome = await run_load(
                [one.port for one in processes],
                wanted,
                connections=TASKS,
                timeout_s=LONGEST_RUN_S,
            )
        return await _judge_numbers(system, outcome)


@proof("call_next", group="balancing")
async def prove_call_next() -> str:
    """Thirty windows of five points call on two processes until nobody waits."""
    async with start_system() as system:
        async with system.engine() as engine:
            points = await open_points(POINTS, engine.ports.now())
            for point in points:
                await let_wait(point, engine.ports.now(), count=TICKETS)
            clerks = [one for point in points for one in await _staff(point, engine.ports)]
        with system.api(PROCESSES) as processes:
            urls = itertools.cycle([one.url for one in processes])
            calls = await asyncio.gather(*(_work(one, next(urls)) for one in clerks))
        return await _judge_calls(system, [one for called in calls for one in called])


def _take(member: Member, point: ServicePoint) -> bytes:
    body = {"point_code": point.code, "kind": "accept", "lat": point.lat, "lng": point.lng}
    return build_request(
        "POST", "/api/v1/citizen/tickets", headers=member.headers(), json_body=body
    )


async def _judge_numbers(system: System, outcome: Outcome) -> str:
    assert outcome.statuses == {201: POINTS * CITIZENS}, outcome.statuses
    told = Counter((one["point_code"], one["label"]) for one in map(_json, outcome.answers))
    async with system.engine():
        rows = await QueueTicket.all().values_list("point_code", "day", "series", "number")
    assert set(told.values()) == {1}, "a number was told twice"
    assert len(rows) == len(told)
    series = defaultdict(list)
    for *name, number in rows:
        series[tuple(name)].append(number)
    for name, numbers in series.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), name
    return (
        f"{len(rows)} numbers at {len(series)} points from {TASKS} connections: none twice, "
        f"no gap; {outcome.rate:.0f}/s"
    )


def _json(answer) -> dict[str, str]:
    return answer.json()


async def _staff(point: ServicePoint, ports: Ports) -> list[Clerk]:
    clerks = []
    for number in range(101, 101 + WINDOWS):
        account = await StaffAccount.create(
            login=f"{point.code}-{number}",
            display_name="窗口",
            role=StaffRole.CLERK,
            point_code=point.code,
            password_hash="",
            totp_secret="",
            created_at=ports.now(),
        )
        await Window.create(
            point_code=point.code,
            number=number,
            kind=WindowKind.ACCEPT,
            staff_id=account.id,
            opened_at=ports.now(),
        )
        session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
        clerks.append(Clerk(point.code, number, session.token))
    return clerks


async def _work(clerk: Clerk, url: str) -> list[str]:
    called = []
    window = f"{url}/api/v1/desk/windows/{clerk.number}"
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        while True:
            answer = await http.post(f"{window}/call-next", headers=clerk.headers())
            if answer.status_code == 409:
                assert answer.json()["code"] == "nobody_waiting", answer.text
                return called
            called.append(answer.raise_for_status().json()["id"])
            (await http.post(f"{window}/finish", headers=clerk.headers())).raise_for_status()


async def _judge_calls(system: System, called: list[str]) -> str:
    async with system.engine():
        tickets = {one.id: one for one in await QueueTicket.all()}
        moves = Counter(
            await Transition.filter(aggregate="QueueTicket").values_list("aggregate_id", "to_state")
        )
        news = await HallNews.filter(kind=HallNewsKind.CALLED).order_by("point_code", "change")
    assert sorted(called) == sorted(tickets), "a ticket was called twice, or not at all"
    assert set(moves.values()) == {1}, "a ticket made a move twice"
    assert {one.state for one in tickets.values()} == {TicketState.DONE}
    lane_of = {(one.point_code, f"A{one.number:03d}"): one.lane for one in tickets.values()}
    longest = max(
        _longest_first_run([lane_of[one.point_code, one.label] for one in list(calls)])
        for _, calls in itertools.groupby(news, key=lambda one: one.point_code)
    )
    assert len(news) == len(tickets)
    assert longest == 2, longest
    return (
        f"{len(called)} tickets called once each by {POINTS * WINDOWS} windows on {PROCESSES} "
        f"processes; never more than {longest} green numbers before a plain one"
    )


def _longest_first_run(lanes: list[Lane]) -> int:
    """Count green numbers in a row, as long as a plain one waits."""
    waited = lanes[: len(lanes) - lanes[::-1].index(Lane.PLAIN)]
    runs = (len(list(run)) for lane, run in itertools.groupby(waited) if lane is Lane.GREEN)
    return max(runs)
