"""Challenges: made for one account, solved by work, used once wherever."""

import asyncio
import json
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from altcha import Challenge as Posed
from altcha import Payload, Solution, solve_challenge

from config.settings import Settings
from server.kit.challenges import Challenges
from server.kit.errors import ChallengeNotSolved, ChallengeRequired
from server.kit.redis import RedisError, open_redis

FEW = Settings(challenge_tries=200)


@pytest.fixture
def redis(ports):
    return ports.redis


@pytest.fixture
def challenges(ports, clock):
    return Challenges(FEW, clock, ports.cipher, ports.redis)


def solve(content):
    posed = Posed.from_dict(content)
    return Payload(posed, solve_challenge(posed)).to_base64()


def changed(solution, **parts):
    """A solution with some parameters of its challenge replaced."""
    payload = json.loads(b64decode(solution))
    payload["challenge"]["parameters"] |= parts
    return b64encode(json.dumps(payload).encode()).decode()


async def try_it(challenges, solution, account_id="account", request_key="request"):
    """Whether a solution lets a request through."""
    try:
        await challenges.require(solution, account_id=account_id, request_key=request_key)
    except ChallengeNotSolved:
        return False
    return True


async def test_a_solution_lets_one_request_through_and_its_repetitions(challenges):
    solution = solve(challenges.make("account").content)
    assert await try_it(challenges, solution)
    assert await try_it(challenges, solution)
    assert not await try_it(challenges, solution, request_key="another")
    assert await try_it(challenges, solution)


async def test_a_phone_solves_it_as_the_route_describes(challenges):
    content = challenges.make("account").content
    asked = content["parameters"]
    salt, nonce = bytes.fromhex(asked["salt"]), bytes.fromhex(asked["nonce"])
    for counter in range(FEW.challenge_tries):
        digest = sha256(salt + nonce + counter.to_bytes(4, "big")).digest()
        derived = digest[: asked["keyLength"]].hex()
        if derived.startswith(asked["keyPrefix"]):
            break
    answer = {"challenge": content, "solution": {"counter": counter, "derivedKey": derived}}
    assert await try_it(challenges, b64encode(json.dumps(answer).encode()).decode())


async def test_without_a_solution_it_is_asked_for(challenges):
    with pytest.raises(ChallengeRequired) as refused:
        await challenges.require("", account_id="account", request_key="request")
    assert (refused.value.status, refused.value.code) == (428, "challenge_required")


async def test_one_solution_used_twice_at_once_in_two_processes_counts_once(
    ports, clock, challenges
):
    other = Challenges(FEW, clock, ports.cipher, ports.redis)
    solution = solve(challenges.make("account").content)
    passed = await asyncio.gather(
        *(
            try_it(process, solution, request_key=f"request{number}")
            for number, process in enumerate([challenges, other] * 10)
        )
    )
    assert passed.count(True) == 1


async def test_another_accounts_solution_is_refused_and_stays_good_for_its_own(challenges):
    solution = solve(challenges.make("account").content)
    assert not await try_it(challenges, solution, account_id="thief")
    assert await try_it(challenges, solution)


async def test_a_solution_is_good_for_five_minutes(challenges, clock):
    first, second = (solve(challenges.make("account").content) for _ in range(2))
    clock.advance(seconds=299)
    assert await try_it(challenges, first)
    clock.advance(seconds=1)
    assert not await try_it(challenges, second)


async def test_what_was_not_worked_for_is_refused(challenges, clock):
    content = challenges.make("account").content
    solution = solve(content)
    guessed = Payload(Posed.from_dict(content), Solution(0, "00" * 32)).to_base64()
    later = {"account": "account", "until": int(clock.now().timestamp()) + 9999}
    for wrong in (
        guessed,
        changed(solution, data=later),
        changed(solution, keyPrefix=""),
        changed(solution, keySignature=None),
        "not base64!",
        "x" * 3000,
        *(b64encode(text.encode()).decode() for text in ("[]", "{}", "1", '{"challenge":"x"}')),
        b64encode(b'{"challenge":{"parameters":{}},"solution":{}}').decode(),
        b64encode(b"[" * 1500).decode(),
    ):
        assert not await try_it(challenges, wrong), wrong
    assert await try_it(challenges, solution)


async def test_what_is_kept_of_a_solution_ends_with_it(challenges, clock, redis):
    solution = solve(challenges.make("account").content)
    clock.advance(seconds=100)
    assert await try_it(challenges, solution)
    [key] = await redis.keys()
    assert 190 < await redis.ttl(key) <= 200


async def test_without_redis_each_process_takes_it_once_and_nobody_waits(ports, clock):
    away = open_redis("redis://127.0.0.1:9/0")
    processes = [Challenges(FEW, clock, ports.cipher, away) for _ in range(2)]
    solution = solve(processes[0].make("account").content)
    passed = [
        await try_it(process, solution, request_key=f"request{number}")
        for number, process in enumerate(processes * 3)
    ]
    assert passed == [True, True, False, False, False, False]


async def test_a_redis_that_does_not_answer_is_left_alone_for_a_while(ports, clock):
    class Silent:
        asked = 0

        async def set(self, *_, **__):
            Silent.asked += 1
            raise RedisError

    challenges = Challenges(FEW, clock, ports.cipher, Silent())
    solutions = [solve(challenges.make("account").content) for _ in range(3)]
    assert await try_it(challenges, solutions[0])
    assert await try_it(challenges, solutions[1])
    assert Silent.asked == 1
    clock.advance(seconds=2)
    assert await try_it(challenges, solutions[2])
    assert Silent.asked == 2
