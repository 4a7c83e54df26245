"""Sessions: opaque tokens, kept as digests, looked up at most once a second by each process."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.fields import digest_of
from models.kinds import SessionKind
from models.people import Session, WechatAccount
from models.staff import CourierAccount, StaffAccount
from server.kit.access import Actor, Role
from server.kit.ports import Ports

TOKEN_BYTES = 32
CACHED_FOR = timedelta(seconds=1)
MOST_CACHED = 50_000


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A token, shown this once."""

    token: str
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class _Cached:
    actor: Actor | None
    until: datetime


class SessionDirectory:
    """Tells whose a token is; disabling a person or a role bites within a second."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._cached: dict[str, _Cached] = {}

    async def authenticate(self, token: str) -> Actor | None:
        """Return the actor of a live session, None if there is none."""
        now = self._ports.now()
        digest = digest_of(token)
        cached = self._cached.get(digest)
        if cached is not None and now < cached.until:
            return cached.actor
        actor = await _look_up(digest, now)
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
    return actor is not None and actor.role is Role.CITIZEN and actor.person_id is None


async def _look_up(digest: str, now: datetime) -> Actor | None:
    session = await Session.get_or_none(token_digest=digest)
    if session is None or session.revoked_at is not None or session.expires_at <= now:
        return None
    return await _ACTORS[session.kind](session.subject_id)


async def _citizen(account_id: str) -> Actor | None:
    account = await WechatAccount.get_or_none(id=account_id).only("id", "person_id")
    if account is None:
        return None
    return Actor(Role.CITIZEN, id=account.id, person_id=account.person_id)


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


_ACTORS = {
    SessionKind.CITIZEN: _citizen,
    SessionKind.STAFF: _staff,
    SessionKind.COURIER: _courier,
}
