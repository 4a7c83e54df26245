"""Guessing logins: locked after five, and nothing tells a wrong guess from an unknown login."""

import time

import pyotp
import pytest

from models.people import Session
from models.staff import CourierAccount, StaffAccount, StaffRole
from server.identity.demo_accounts import demo_totp_secret
from server.identity.rules import LOCKED_FOR, MOST_FAILED_LOGINS
from server.identity.staff import hash_password

PASSWORD = "right horse battery staple"
UNKNOWN = "nobody-of-that-name"
LOGINS = {"staff": "/desk/login", "courier": "/courier/login"}


@pytest.fixture(autouse=True)
async def accounts(ports):
    shared = {"password_hash": hash_password(PASSWORD), "created_at": ports.now()}
    await StaffAccount.create(
        login="staff",
        display_name="x",
        role=StaffRole.CLERK,
        point_code="350102-C",
        totp_secret=demo_totp_secret("staff"),
        **shared,
    )
    await CourierAccount.create(login="courier", display_name="x", carrier="ems", **shared)


def body_of(kind, clock, **changes):
    body = {"login": kind, "password": PASSWORD}
    if kind == "staff":
        body["totp"] = pyotp.TOTP(demo_totp_secret("staff")).at(clock.now())
    return body | changes


def shown(answer):
    """What a guesser sees."""
    problem = answer.json()
    problem.pop("request_id", None)
    hidden = {"x-request-id", "content-length"}
    headers = {name: value for name, value in answer.headers.items() if name not in hidden}
    return answer.status_code, problem, headers


@pytest.mark.parametrize("kind", LOGINS)
async def test_five_wrong_passwords_lock_and_wrong_unknown_and_locked_look_the_same(
    http, clock, kind
):
    wrong = body_of(kind, clock, password="wrong")
    answers = [await http.post(LOGINS[kind], json=wrong) for _ in range(MOST_FAILED_LOGINS)]
    locked = await http.post(LOGINS[kind], json=body_of(kind, clock))
    unknown = await http.post(LOGINS[kind], json=body_of(kind, clock, login=UNKNOWN))
    assert MOST_FAILED_LOGINS == 5
    assert unknown.status_code == 401
    assert unknown.json()["code"] == "login_failed"
    for answer in (*answers, locked):
        assert shown(answer) == shown(unknown)
    assert await Session.all().count() == 0
    clock.advance(seconds=LOCKED_FOR.total_seconds())
    assert (await http.post(LOGINS[kind], json=body_of(kind, clock))).status_code == 200


@pytest.mark.parametrize("kind", LOGINS)
async def test_four_wrong_passwords_do_not_lock_and_the_right_one_counts_anew(http, clock, kind):
    for _ in range(2):
        for _ in range(MOST_FAILED_LOGINS - 1):
            await http.post(LOGINS[kind], json=body_of(kind, clock, password="wrong"))
        assert (await http.post(LOGINS[kind], json=body_of(kind, clock))).status_code == 200
        clock.advance(minutes=1)


async def test_five_wrong_one_time_codes_lock_as_wrong_passwords_do(http, clock):
    right = body_of("staff", clock)
    wrong = right | {"totp": f"{(int(right['totp']) + 1) % 10**6:06d}"}
    for _ in range(MOST_FAILED_LOGINS):
        assert (await http.post(LOGINS["staff"], json=wrong)).status_code == 401
    assert (await http.post(LOGINS["staff"], json=right)).status_code == 401
    assert await Session.all().count() == 0


async def test_a_one_time_code_is_good_for_one_login(http, clock):
    body = body_of("staff", clock)
    assert (await http.post(LOGINS["staff"], json=body)).status_code == 200
    assert (await http.post(LOGINS["staff"], json=body)).status_code == 401
    assert await Session.all().count() == 1


@pytest.mark.parametrize("kind", LOGINS)
async def test_an_unknown_login_takes_as_long_as_a_wrong_password(http, clock, kind):
    guesses = {"wrong": {"password": "wrong"}, "unknown": {"login": UNKNOWN}}
    fastest_s = dict.fromkeys(guesses, 60.0)
    for _ in range(10):
        for name, changes in guesses.items():
            started = time.perf_counter()
            await http.post(LOGINS[kind], json=body_of(kind, clock, **changes))
            fastest_s[name] = min(fastest_s[name], time.perf_counter() - started)
    assert fastest_s["unknown"] > fastest_s["wrong"] / 2
    assert fastest_s["wrong"] > fastest_s["unknown"] / 2


@pytest.mark.parametrize("kind", LOGINS)
async def test_tries_while_locked_neither_prolong_the_lock_nor_count_after_it(http, clock, kind):
    async def guess():
        wrong = body_of(kind, clock, password="wrong")
        assert (await http.post(LOGINS[kind], json=wrong)).status_code == 401

    for _ in range(MOST_FAILED_LOGINS):
        await guess()
    clock.advance(seconds=LOCKED_FOR.total_seconds() - 1)
    for _ in range(MOST_FAILED_LOGINS):
        await guess()
    clock.advance(seconds=1)
    for _ in range(MOST_FAILED_LOGINS - 1):
        await guess()
    assert (await http.post(LOGINS[kind], json=body_of(kind, clock))).status_code == 200
