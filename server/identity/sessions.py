"""Sessions: opaque tokens, kept as digests, looked up at most once a second by each process.

Those that are asked for at the same time are looked up together.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson
from tortoise import connections

from models.fields import digest_of
from models.kinds import SessionKind
from models.people import Session
from models.staff import CourierAccount, StaffAccount
from server.kit.access import Actor, Role
from server.kit.batching import NaturalBatch
from server.kit.bulk import as_instant, marks
from server.kit.ports import Ports
from server.kit.transaction import guard_database

TOKEN_BYTES = 32
CACHED_FOR = timedelta(seconds=1)
MOST_CACHED = 50_000
CITIZEN = SessionKind.CITIZEN.value

_LIVE = """
SELECT {gather}({row}(
    token_digest, kind, subject_id, sessions.expires_at,
    wechat_accounts.id, wechat_accounts.person_id, persons.id_digest
  )) AS found
FROM sessions
LEFT JOIN wechat_accounts ON sessions.kind = 'citizen' AND wechat_accounts.id = subject_id
LEFT JOIN persons ON persons.id = wechat_accounts.person_id
WHERE token_digest IN ({digests}) AND revoked_at IS NULL
"""
_FUNCTIONS = {"gather": "JSON_ARRAYAGG", "row": "JSON_ARRAY"}
_FUNCTIONS_OF_SQLITE = {"gather": "json_group_array", "row": "json_array"}


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A token, shown this once."""

    token: str
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class _Cached:
    actor: Actor | None
    until: datetime


@dataclass(frozen=True, slots=True)
class _Asked:
    digest: str
    at: datetime


class _Live(NamedTuple):
    """A session that was not ended, as the database tells of it."""

    token_digest: str
    kind: str
    subject_id: str
    expires_at: str
    account_id: str | None
    person_id: str | None
    person_digest: str | None


class SessionDirectory:
    """Tells whose a token is; disabling a person or a role bites within a second."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._cached: dict[str, _Cached] = {}
        self._lookups: NaturalBatch[_Asked, Actor | None] = NaturalBatch(_look_up_all)

    async def authenticate(self, token: str) -> Actor | None:
        """Return the actor of a live session, None if there is none."""
        now = self._ports.now()
        digest = digest_of(token)
        cached = self._cached.get(digest)
        if cached is not None and now < cached.until:
            return cached.actor
        actor = await self._lookups.submit(_Asked(digest, now))
        if not _is_about_to_change(actor):
            self._remember(digest, _Cached(actor, now + CACHED_FOR))
        return actor

    def _remember(self, digest: str, entry: _Cached) -> None:
        if len(self._cached) >= MOST_CACHED:
            self._cached.clear()
        self._cached[digest] = entry


async def open_session(
    kind: SessionKind, subject_id: str, *, ports: Ports, now: datetime
) -> OpenedSession:
    """Open a session inside the caller's transaction."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    lifetime = timedelta(hours=ports.settings.session_hours)
    await Session.create(
        token_digest=digest_of(token),
        kind=kind,
        subject_id=subject_id,
        created_at=now,
        expires_at=now + lifetime,
    )
    return OpenedSession(token=token, expires_in_s=int(lifetime.total_seconds()))


async def end_session(token: str, *, now: datetime) -> None:
    """End the session of this token; one that has ended stays so."""
    await Session.filter(token_digest=digest_of(token), revoked_at=None).update(revoked_at=now)


async def forget_ended_sessions(*, now: datetime) -> int:
    """Delete sessions that ended a day ago or longer and return how many."""
    return await Session.filter(expires_at__lt=now - timedelta(days=1)).delete()


def _is_about_to_change(actor: Actor | None) -> bool:
    """Whoever gives a real name goes on at once, perhaps in another process."""
    return actor is not None and actor.person_id is None and actor.role is Role.CITIZEN


async def _look_up_all(asked: Sequence[_Asked]) -> list[Actor | None]:
    found = await guard_database(lambda: _find({one.digest for one in asked}))
    return [_of_live(found.get(one.digest), one.at) for one in asked]


def _of_live(found: _Cached | None, now: datetime) -> Actor | None:
    return found.actor if found is not None and now < found.until else None


async def _find(digests: set[str]) -> dict[str, _Cached]:
    connection = connections.get("default")
    is_mysql = connection.capabilities.dialect == "mysql"
    functions = _FUNCTIONS if is_mysql else _FUNCTIONS_OF_SQLITE
    statement = _LIVE.format(digests=marks(len(digests)), **functions)
    _, [row] = await connection.execute_query(statement, list(digests))
    found = orjson.loads(row["found"] or "[]")
    return {one.token_digest: await _known(one) for one in map(_Live._make, found)}


async def _known(live: _Live) -> _Cached:
    return _Cached(await _actor(live), as_instant(live.expires_at))


async def _actor(live: _Live) -> Actor | None:
    if live.kind != CITIZEN:
        return await _STAFF[SessionKind(live.kind)](live.subject_id)
    if live.account_id is None:
        return None
    return Actor(
        Role.CITIZEN,
        id=live.account_id,
        person_id=live.person_id,
        person_digest=live.person_digest,
    )


async def _staff(staff_id: str) -> Actor | None:
    staff = await StaffAccount.get_or_none(id=staff_id, disabled_at=None)
    if staff is None:
        return None
    return Actor(
        Role(staff.role.value),
        id=staff.id,
        point_code=staff.point_code,
        department_code=staff.department_code,
    )


async def _courier(courier_id: str) -> Actor | None:
    courier = await CourierAccount.get_or_none(id=courier_id, disabled_at=None)
    if courier is None:
        return None
    return Actor(Role.COURIER, id=courier.id, point_codes=frozenset(courier.point_codes))


_STAFF = {SessionKind.STAFF: _staff, SessionKind.COURIER: _courier}
