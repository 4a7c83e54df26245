"""Accounts for trying the product out; never made in production."""

from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from models.kinds import StaffRole
from models.staff import CourierAccount, StaffAccount
from server.identity.staff import hash_password

DEMO_PASSWORD = "tongban-demo-2026"  # noqa: S105 - for the demonstration only
COURIERS = ("courier-1", "courier-2", "courier-3")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One member of staff to log in as."""

    login: str
    role: StaffRole
    point_code: str | None = None
    department_code: str | None = None
    totp_secret: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "totp_secret", demo_totp_secret(self.login))


def demo_totp_secret(login: str) -> str:
    """Return the one-time-code secret of a demo login, always the same."""
    return b32encode(sha256(f"tongban demo {login}".encode()).digest()[:20]).decode()


def demo_staff(point_codes: Iterable[str], department_codes: Iterable[str]) -> list[DemoAccount]:
    """Return a clerk and a manager a point, a handler a department, and the district's two."""
    accounts = [
        DemoAccount(f"{role}-{code}", role, point_code=code)
        for code in point_codes
        for role in (StaffRole.CLERK, StaffRole.MANAGER)
    ]
    accounts += [
        DemoAccount(f"handler-{code}", StaffRole.HANDLER, department_code=code)
        for code in department_codes
    ]
    accounts += [
        DemoAccount("supervisor", StaffRole.SUPERVISOR),
        DemoAccount("admin", StaffRole.ADMIN),
    ]
    return accounts


async def seed_demo_accounts(
    point_codes: list[str], department_codes: list[str], *, now: datetime
) -> int:
    """Make the demo accounts that are not there yet and return how many; one hash serves all."""
    known = {one.login for one in await StaffAccount.all().only("id", "login")}
    password_hash = hash_password(DEMO_PASSWORD)
    staff = [
        StaffAccount(
            login=one.login,
            display_name=one.login,
            role=one.role,
            point_code=one.point_code,
            department_code=one.department_code,
            password_hash=password_hash,
            totp_secret=one.totp_secret,
            created_at=now,
        )
        for one in demo_staff(point_codes, department_codes)
        if one.login not in known
    ]
    await StaffAccount.bulk_create(staff)
    return len(staff) + await _seed_couriers(point_codes, password_hash, now)


async def _seed_couriers(point_codes: list[str], password_hash: str, now: datetime) -> int:
    known = {one.login for one in await CourierAccount.all().only("id", "login")}
    couriers = [
        CourierAccount(
            login=login,
            display_name=login,
            carrier="ems",
            point_codes=point_codes[number :: len(COURIERS)],
            password_hash=password_hash,
            created_at=now,
        )
        for number, login in enumerate(COURIERS)
        if login not in known
    ]
    await CourierAccount.bulk_create(couriers)
    return len(couriers)
