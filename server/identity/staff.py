"""Logins of staff (password and one-time code) and couriers (password)."""

import asyncio
from datetime import datetime
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from tortoise.expressions import F

from models.kinds import SessionKind
from models.staff import CourierAccount, StaffAccount
from server.identity.errors import LoginFailed
from server.identity.rules import LOCKED_FOR, MOST_FAILED_LOGINS, TOTP_STEP_S, is_locked
from server.identity.sessions import OpenedSession, open_session
from server.kit.ports import Ports
from server.kit.transaction import in_transaction

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""The least OWASP's password storage sheet allows for argon2id: logins come in bursts at nine."""

Account = StaffAccount | CourierAccount


def hash_password(password: str) -> str:
    """Return the argon2id hash to keep."""
    return _hasher.hash(password)


async def staff_of_point(point_code: str) -> dict[str, str]:
    """Return the names of those who work at a point, by id."""
    rows = StaffAccount.filter(point_code=point_code, disabled_at=None).order_by("login")
    return {staff.id: staff.display_name for staff in await rows}


async def log_in_staff(
    login: str, *, password: str, totp: str, ports: Ports, now: datetime
) -> tuple[StaffAccount, OpenedSession]:
    """Open a session for a member of staff; `LoginFailed` says nothing of what was wrong."""
    staff = await StaffAccount.get_or_none(login=login)
    fits = await _fits(staff, password, now)
    step = _totp_step(staff, totp, now) if staff is not None else None
    if staff is None or not fits or step is None:
        await _count_failure(staff, now)
        raise LoginFailed
    account, used = staff, step

    async def open_once() -> OpenedSession:
        await _use_totp(account, used)
        return await open_session(SessionKind.STAFF, account.id, ports=ports, now=now)

    return account, await in_transaction(open_once)


async def log_in_courier(
    login: str, *, password: str, ports: Ports, now: datetime
) -> tuple[CourierAccount, OpenedSession]:
    """Open a session for a courier."""
    courier = await CourierAccount.get_or_none(login=login)
    if not await _fits(courier, password, now) or courier is None:
        await _count_failure(courier, now)
        raise LoginFailed
    account = courier

    async def open_once() -> OpenedSession:
        await CourierAccount.filter(id=account.id).update(failed_logins=0, locked_until=None)
        return await open_session(SessionKind.COURIER, account.id, ports=ports, now=now)

    return account, await in_transaction(open_once)


async def _fits(account: Account | None, password: str, now: datetime) -> bool:
    known_hash = account.password_hash if account else _hash_of_nobody()
    matches = await asyncio.to_thread(_matches, known_hash, password)
    if account is None or account.disabled_at is not None:
        return False
    return matches and not is_locked(account.locked_until, now=now)


def _matches(known_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(known_hash, password)
    except Argon2Error:
        return False


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("an unknown login takes as long as a wrong password")


def _totp_step(staff: StaffAccount, given: str, now: datetime) -> int | None:
    one_time = pyotp.TOTP(staff.totp_secret, interval=TOTP_STEP_S)
    present = int(now.timestamp()) // TOTP_STEP_S
    for step in (present, present - 1, present + 1):
        if pyotp.utils.strings_equal(one_time.generate_otp(step), given):
            return step
    return None


async def _use_totp(staff: StaffAccount, step: int) -> None:
    used = await StaffAccount.filter(id=staff.id, totp_used_step__lt=step).update(
        totp_used_step=step, failed_logins=0, locked_until=None
    )
    if used != 1:
        raise LoginFailed


async def _count_failure(account: Account | None, now: datetime) -> None:
    if account is None:
        return
    mine = type(account).filter(id=account.id)

    async def count() -> None:
        # Tries while it is locked do not count, or a stranger could keep somebody out for ever.
        await mine.filter(locked_until__lte=now).update(failed_logins=0, locked_until=None)
        await mine.filter(locked_until=None).update(failed_logins=F("failed_logins") + 1)
        await mine.filter(locked_until=None, failed_logins__gte=MOST_FAILED_LOGINS).update(
            locked_until=now + LOCKED_FOR
        )

    await in_transaction(count)
