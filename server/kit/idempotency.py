"""A request with a key takes effect once; whoever repeats it gets the first answer."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.expressions import Q

from models.bookkeeping import IdempotencyKey
from models.fields import digest_of
from server.kit.bulk import Statement, insert, marks
from server.kit.errors import InProgress, KeyReused
from server.kit.transaction import LOCK_WAIT_TIMEOUT, error_number

KEPT_FOR = timedelta(hours=24)

_ANSWERED = ("actor", "key", "fingerprint", "status", "answer", "created_at", "expires_at")
_KNOWN = "SELECT actor, `key` FROM idempotency_keys WHERE {each}"


class KeyedRequest(NamedTuple):
    """What makes a request itself: whose it is, its key, and a digest of what it asks."""

    actor: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, actor: str, *, key: str, method: str, path: str, body: bytes) -> "KeyedRequest":
        """Describe a request by its actor, key, method, path and body."""
        return cls(actor, key, digest_of(f"{method} {path} {sha256(body).hexdigest()}"))


class StoredAnswer(NamedTuple):
    """The answer that the first request with a key was given."""

    status: int
    body: str


class Answered(NamedTuple):
    """A request that came at `at`, with the answer that it gets if all goes well."""

    request: KeyedRequest
    answer: StoredAnswer
    at: datetime


async def claim(request: KeyedRequest, *, now: datetime) -> StoredAnswer | None:
    """Claim the key inside the transaction of the effect; return the answer if it has one already.

    While another process works on the same key, this waits for it, and raises `InProgress` if that
    takes longer than locks are waited for. Raises `KeyReused` for another request under the key.
    """
    try:
        await _insert(request, now)
    except IntegrityError:
        return await _recall(request, now)
    except OperationalError as error:
        if error_number(error) == LOCK_WAIT_TIMEOUT:
            raise InProgress(retry_after_s=1) from error
        raise
    return None


async def keep(request: KeyedRequest, answer: StoredAnswer) -> None:
    """Store the answer with the effect."""
    await IdempotencyKey.filter(actor=request.actor, key=request.key).update(
        status=answer.status, answer=answer.body
    )


def claim_answered(answered: Iterable[Answered]) -> Statement:
    """Claim keys with their answers, first of all in the transaction of the effects.

    Fails as a whole if one of them is claimed already. The answers are not sealed: what they tell
    must stand in plain in the rows of the effects, too.
    """
    rows = [
        (
            one.request.actor,
            one.request.key,
            one.request.fingerprint,
            one.answer.status,
            one.answer.body,
            one.at,
            one.at + KEPT_FOR,
        )
        for one in answered
    ]
    return insert(IdempotencyKey, _ANSWERED, sorted(rows))


async def give_up(requests: Collection[KeyedRequest]) -> None:
    """Take back the claims of requests that are refused after all, in the same transaction."""
    if requests:
        theirs = (Q(actor=one.actor, key=one.key) for one in requests)
        await IdempotencyKey.filter(Q(*theirs, join_type=Q.OR)).delete()


def ask_claimed(requests: Sequence[KeyedRequest]) -> Statement:
    """Ask for actor and key of those requests that have taken effect already; one at least."""
    each = " OR ".join([f"(actor = {marks(1)} AND `key` = {marks(1)})"] * len(requests))
    values = [value for one in requests for value in (one.actor, one.key)]
    return Statement(_KNOWN.format(each=each), values)


async def _insert(request: KeyedRequest, now: datetime) -> None:
    await IdempotencyKey.create(
        actor=request.actor,
        key=request.key,
        fingerprint=request.fingerprint,
        created_at=now,
        expires_at=now + KEPT_FOR,
    )


async def _recall(request: KeyedRequest, now: datetime) -> StoredAnswer | None:
    row = await IdempotencyKey.get_or_none(actor=request.actor, key=request.key)
    if row is None:
        raise InProgress(retry_after_s=1)
    if row.expires_at <= now:
        await row.delete()
        await _insert(request, now)
        return None
    if row.fingerprint != request.fingerprint:
        raise KeyReused
    if row.answer is None:
        raise InProgress(retry_after_s=1)
    return StoredAnswer(status=row.status, body=row.answer)
