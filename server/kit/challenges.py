"""Proof of work under a rush: one booking costs a phone a moment, many cost a machine much.

A challenge is signed, bound to an account and lives for minutes; nobody keeps it. Its solution
lets one request through, and that request's repetitions.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import randbelow
from typing import Any

import structlog
from altcha import Payload, create_challenge, verify_solution

from config.settings import Settings
from integrations.contracts.cipher import Cipher
from integrations.contracts.clock import Clock
from server.kit.errors import ChallengeNotSolved, ChallengeRequired
from server.kit.redis import Redis, RedisError

SOLUTION_HEADER = "X-Challenge-Solution"
ALGORITHM, ROUNDS = "SHA-256", 1
"""What a mini-program computes without a library of its own."""
LIVES = timedelta(minutes=5)
LONGEST_SOLUTION = 2048
PREFIX = "tongban:solution:"
MOST_KEPT = 100_000
REDIS_RESTS = timedelta(seconds=2)
"""So long Redis is left alone after it did not answer: nobody waits for it again and again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be solved by then, as libraries of ALTCHA take it."""

    content: dict[str, Any]
    expires_at: datetime


class Challenges:
    """Makes challenges and takes each solution once, in all processes.

    Where Redis does not answer, each process takes it once by itself.
    """

    def __init__(self, settings: Settings, clock: Clock, cipher: Cipher, redis: Redis) -> None:
        self._tries = settings.challenge_tries
        self._clock = clock
        self._sign_key = cipher.digest("challenge.sign")
        self._solve_key = cipher.digest("challenge.solve")
        self._redis = redis
        self._redis_rests_until = clock.now()
        self._used: dict[str, tuple[str, float]] = {}

    def make(self, account_id: str) -> Challenge:
        """Return a challenge for an account."""
        expires_at = self._clock.now() + LIVES
        made = create_challenge(
            ALGORITHM,
            ROUNDS,
            counter=randbelow(self._tries),
            data={"account": account_id, "until": int(expires_at.timestamp())},
            hmac_secret=self._sign_key,
            hmac_key_secret=self._solve_key,
        )
        return Challenge(made.to_dict(), expires_at)

    async def require(self, solution: str, *, account_id: str, request_key: str) -> None:
        """Let a request with an account's own, fresh, unused solution through.

        Raises `ChallengeRequired` without a solution, `ChallengeNotSolved` with any other.
        """
        if not solution:
            raise ChallengeRequired
        nonce, left_s = self._verify(solution, account_id)
        is_first = await self._use(nonce, request_key, left_s)
        if not is_first:
            raise ChallengeNotSolved

    def _verify(self, solution: str, account_id: str) -> tuple[str, int]:
        payload = _read(solution)
        result = verify_solution(payload, self._sign_key, hmac_key_secret=self._solve_key)
        if not result.verified:
            raise ChallengeNotSolved
        parameters = payload.challenge.parameters
        data: dict[str, Any] = parameters.data or {}
        left_s = int(data["until"] - self._clock.now().timestamp())
        if data["account"] != account_id or left_s <= 0:
            raise ChallengeNotSolved
        return parameters.nonce, left_s

    async def _use(self, nonce: str, request_key: str, left_s: int) -> bool:
        now = self._clock.now()
        if not self._use_here(nonce, request_key, now.timestamp() + left_s):
            return False
        if now < self._redis_rests_until:
            return True
        try:
            name = PREFIX + nonce
            is_new = await self._redis.set(name, request_key, nx=True, ex=left_s)
            return bool(is_new) or await self._redis.get(name) == request_key
        except RedisError as error:
            self._redis_rests_until = now + REDIS_RESTS
            log.warning("solutions_not_shared", kind=type(error).__name__)
            return True

    def _use_here(self, nonce: str, request_key: str, until_s: float) -> bool:
        if len(self._used) >= MOST_KEPT:
            now_s = self._clock.now().timestamp()
            self._used = {one: use for one, use in self._used.items() if use[1] > now_s}
            if len(self._used) >= MOST_KEPT:
                self._used.clear()
        return self._used.setdefault(nonce, (request_key, until_s))[0] == request_key


def _read(solution: str) -> Payload:
    if len(solution) > LONGEST_SOLUTION:
        raise ChallengeNotSolved
    try:
        return Payload.from_base64(solution)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ChallengeNotSolved from None
