"""Filling an empty system: catalogue, calendar, slots, and accounts to try it out with."""

from collections.abc import Callable

from server.catalog.service import point_codes
from server.identity.demo_accounts import (
    COURIERS,
    DEMO_PASSWORD,
    demo_totp_secret,
    seed_demo_accounts,
)
from server.kit.ports import Ports
from server.kit.transaction import in_transaction
from server.wiring import SEEDS, department_codes

Tell = Callable[[str], None]


async def seed(ports: Ports, *, tell: Tell) -> None:
    """Load what is shipped; what is there already stays, so that it may run again."""
    for name, load in SEEDS:
        tell(f"{name} …")
        await load(ports)
    if ports.settings.environment == "production":
        return
    await _seed_accounts(ports, tell)


async def _seed_accounts(ports: Ports, tell: Tell) -> None:
    points, departments = await point_codes(), await department_codes()
    now = ports.now()
    await in_transaction(lambda: seed_demo_accounts(points, departments, now=now))
    tell("")
    tell("Demo accounts (never made in production):")
    tell(f"  password of all      {DEMO_PASSWORD}")
    for login in (f"clerk-{points[0]}", f"manager-{points[0]}", f"handler-{departments[0]}"):
        tell(f"  {login:<28} one-time-code secret {demo_totp_secret(login)}")
    for login in ("supervisor", "admin"):
        tell(f"  {login:<28} one-time-code secret {demo_totp_secret(login)}")
    tell(f"  {', '.join(COURIERS)}: password only")
    tell("  every point has clerk-CODE and manager-CODE, every department handler-CODE;")
    tell("  `python -m server totp LOGIN` prints a demo login's present one-time code")
