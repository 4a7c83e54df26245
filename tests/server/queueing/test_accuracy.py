"""Predicted waits are judged against what then happened."""

from datetime import timedelta

import httpx
import pytest

from models.kinds import SessionKind, StaffRole
from models.queueing import QueueTicket
from models.staff import StaffAccount
from server.balancing.waits import Hall, predict_wait
from server.catalog.rules import local_day
from server.identity.sessions import open_session
from server.queueing.accuracy import judge_waits
from server.queueing.calling import call_next, finish, start
from tests.server.queueing.hall import do, walk_in
from tests.support.booking import STREET


@pytest.fixture
async def waited(window, ports, clock):
    """One waited 5 minutes for an idle window, the next 9 behind one who was served there."""
    await walk_in(1, ports)
    clock.advance(minutes=5)
    await do(call_next, window, ports=ports)
    await do(start, window, ports=ports)
    second = await walk_in(2, ports)
    assert (second.people_before, second.naive_minutes) == (0, 12.0)
    clock.advance(minutes=9)
    await do(finish, window, ports=ports)
    await do(call_next, window, ports=ports)
    await walk_in(3, ports)
    await do(finish, window, ports=ports)
    return predict_wait(Hall(windows=1, elapsed=(0.0,)))


async def test_the_errors_of_a_day_are_the_means_over_those_who_were_called(waited, ports):
    [error] = await judge_waits(local_day(ports.now()))
    assert (error.point_code, error.people) == (STREET, 2)
    assert error.error_minutes == pytest.approx((5 + abs(waited - 9)) / 2, abs=1e-3)
    assert error.naive_error_minutes == pytest.approx((5 + 3) / 2, abs=1e-3)
    assert error.ratio == pytest.approx(error.error_minutes / 4, abs=1e-3)
    assert await judge_waits(local_day(ports.now()) - timedelta(days=1)) == []


async def test_who_came_later_than_the_number_was_taken_does_not_count(
    waited, window, ports, clock
):
    assert waited > 0
    distant = await walk_in(4, ports)
    await QueueTicket.filter(id=distant.id).update(arrived_at=ports.now() + timedelta(minutes=1))
    clock.advance(minutes=30)
    for _ in range(2):
        await do(call_next, window, ports=ports)
        await do(finish, window, ports=ports)
    [error] = await judge_waits(local_day(ports.now()))
    assert error.people == 3


async def test_the_district_is_shown_the_errors_of_a_day(api_url, waited, ports):
    account = await StaffAccount.create(
        login="supervisor",
        display_name="督查",
        role=StaffRole.SUPERVISOR,
        password_hash="",
        totp_secret="",
        created_at=ports.now(),
    )
    session = await open_session(SessionKind.STAFF, account.id, ports=ports, now=ports.now())
    headers = {"authorization": f"Bearer {session.token}"}
    async with httpx.AsyncClient(base_url=f"{api_url}/api/v1/district") as http:
        today = await http.get("/wait-errors", headers=headers)
        before = await http.get("/wait-errors?day=2026-11-22", headers=headers)
    [shown] = today.json()["items"]
    assert (today.json()["day"], shown["point_code"], shown["people"]) == ("2026-11-23", STREET, 2)
    assert shown["error_minutes"] == pytest.approx((5 + abs(waited - 9)) / 2, abs=0.01)
    assert shown["naive_error_minutes"] == 4.0
    assert before.json() == {"day": "2026-11-22", "items": []}
