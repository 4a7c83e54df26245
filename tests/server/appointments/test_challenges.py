"""Booking under a rush, over HTTP, at two processes."""

import asyncio
import itertools
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from altcha import Challenge, Payload, solve_challenge

from models.appointments import Appointment, Hold
from models.kinds import StaffRole
from server.app import create_app
from server.identity.rules import complete_id_number
from server.identity.sessions import SessionDirectory
from server.kit.challenges import Challenges
from server.kit.rush import Rush
from server.kit.tallies import Exchange
from server.wiring import SURFACES
from tests.server.appointments.test_http import book, booking, citizen, keyed, staff
from tests.support.booking import everything, make_slots, taken
from tests.support.sanic_server import serve

numbers = itertools.count(1)
WHAT_TO_DO = (
    "当前为预约高峰,请先完成安全验证:小程序从 GET /citizen/challenges 取得验证题,"
    "将答案放入请求头 X-Challenge-Solution 后重试"
)


@pytest.fixture
async def processes(engine, ports):
    """Clients of two processes that see a rush above one try a second, and their watches."""
    settings = ports.settings.model_copy(update={"rush_tries_per_s": 1, "challenge_tries": 100})
    async with _process(engine, settings) as one, _process(engine, settings) as other:
        yield [one[0], other[0]], [one[1], other[1]]


@asynccontextmanager
async def _process(engine, settings):
    clock, redis, cipher = engine.ports.clock, engine.ports.redis, engine.ports.cipher
    rush = Rush(settings, clock)
    challenges = Challenges(settings, clock, cipher, redis)
    ports = replace(engine.ports, settings=settings, rush=rush, challenges=challenges)
    app = create_app(
        SURFACES,
        ports,
        authenticate=SessionDirectory(ports).authenticate,
        probe=engine.probe,
        name=f"rush_{next(numbers)}",
    )
    async with (
        serve(app) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=30) as http,
    ):
        yield http, rush


async def begin_rush(rushes, ports):
    for rush in rushes:
        for _ in range(11):
            rush.note_try()
        await rush.look(Exchange([], ports.clock, ports.redis))
        assert rush.is_on


async def solution(http, headers):
    told = (await http.get("/citizen/challenges", headers=headers)).json()
    assert told["is_needed"] is True
    posed = Challenge.from_dict(told["challenge"])
    return {"x-challenge-solution": Payload(posed, solve_challenge(posed)).to_base64()}


async def test_without_a_rush_nothing_is_asked_for(processes, ports):
    [http, _], _ = processes
    await make_slots(5)
    headers = await citizen(1, ports)
    told = (await http.get("/citizen/challenges", headers=headers)).json()
    assert told == {"is_needed": False, "challenge": None, "expires_at": None}
    await book(http, headers)


@pytest.mark.parametrize("path", ["/citizen/appointments", "/citizen/holds"])
async def test_under_a_rush_a_booking_and_a_hold_need_a_solution(processes, ports, path):
    [http, other], rushes = processes
    await make_slots(5)
    headers = await citizen(1, ports)
    await begin_rush(rushes, ports)
    before = await everything()
    request = {"json": booking(), "headers": keyed(headers)}
    refused = await http.post(path, **request)
    assert refused.status_code == 428
    problem = refused.json()
    assert (problem["code"], problem["detail"]) == ("challenge_required", WHAT_TO_DO)
    wrong = await http.post(
        path, json=booking(), headers=keyed(headers) | {"x-challenge-solution": "x"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (428, "challenge_not_solved")
    assert await everything() == before
    request["headers"] |= await solution(http, headers)
    made = await other.post(path, **request)
    assert made.status_code == 201, made.text
    repeated = await http.post(path, **request)
    assert (repeated.status_code, repeated.content) == (201, made.content)
    assert await Appointment.all().count() + await Hold.all().count() == 1


async def test_a_solution_used_twice_at_once_books_once(processes, ports):
    https, rushes = processes
    await make_slots(5, capacity=9)
    headers = await citizen(1, ports)
    await begin_rush(rushes, ports)
    solved = await solution(https[0], headers)
    answers = await asyncio.gather(
        *(
            http.post("/citizen/appointments", json=booking(), headers=keyed(headers) | solved)
            for http in https * 5
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [428] * 9
    assert await taken() == [1] * 5


async def test_staff_book_as_ever(processes, ports):
    [http, _], rushes = processes
    await make_slots(5)
    clerk = await staff("clerk", ports, role=StaffRole.CLERK)
    await begin_rush(rushes, ports)
    person = {"name": "李四", "id_number": complete_id_number("35010219000102001")}
    asked = booking(**person)
    del asked["point_code"]
    made = await http.post("/desk/appointments", json=asked, headers=keyed(clerk))
    assert made.status_code == 201, made.text
