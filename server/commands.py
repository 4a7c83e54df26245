"""What an operator's commands do; each returns the exit code."""

import asyncio
import signal
from datetime import date

import pyotp

from config.settings import Settings
from models.bookkeeping import OutboxRow
from server.audit.sealer import verify_chain
from server.balancing.rebuild import rebuild
from server.bootstrap import Engine, open_engine
from server.delivery.reconciliation import draw_up_report, report_of
from server.identity.demo_accounts import demo_totp_secret
from server.identity.rules import TOTP_STEP_S
from server.kit.redis import RedisError
from server.kit.relay import unblock
from server.kit.transaction import in_transaction
from server.seeding import seed
from server.worker import run_worker

FINE, FAULTY = 0, 1


async def work(settings: Settings) -> int:
    """Run the worker until a signal ends it."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_engine(settings) as engine:
        await run_worker(engine, stop=stop)
    return FINE


async def fill(settings: Settings) -> int:
    """Load what is shipped."""
    async with open_engine(settings) as engine:
        await seed(engine.ports, tell=print)
    return FINE


async def check(settings: Settings) -> int:
    """Tell which parts answer; without Redis the product works, only slower in handing out work."""
    async with open_engine(settings) as engine:
        parts = await engine.probe() | {"redis": await _redis_answers(engine)}
        broken = await verify_chain(engine.ports.cipher)
    for part, fine in parts.items():
        print(f"{part}: {'ok' if fine else 'does not answer'}")
    print("audit trail: " + ("unbroken" if broken is None else f"broken at entry {broken}"))
    return FINE if all(parts.values()) and broken is None else FAULTY


async def rebuild_queues(settings: Settings, *, check_only: bool) -> int:
    """Print how the queues in Redis differ from the database, and correct them."""
    async with open_engine(settings) as engine:
        ports = engine.ports
        found = await rebuild(ports.redis, now=ports.now(), check_only=check_only)
    for difference in found:
        print(difference)
    print(f"{len(found)} differences" + ("" if check_only else ", corrected"))
    return FAULTY if check_only and found else FINE


async def outbox(settings: Settings, *, unblock_all: bool) -> int:
    """List the news that no longer goes out by itself; let it be tried again."""
    async with open_engine(settings) as engine:
        blocked = await OutboxRow.exclude(blocked_at=None).filter(done_at=None).order_by("id")
        if unblock_all:
            await in_transaction(lambda: unblock(blocked, now=engine.ports.now()))
    for row in blocked:
        print(f"{row.id} {row.consumer} {row.aggregate_id} {row.attempts} times: {row.last_error}")
    print(f"{len(blocked)} blocked" + (", to be tried again" if unblock_all else ""))
    return FAULTY if blocked and not unblock_all else FINE


async def reconcile(settings: Settings, *, day: date | None) -> int:
    """Compare with the carriers and print what differs, or print what was kept of a day."""
    async with open_engine(settings) as engine:
        report = await report_of(day) if day else await draw_up_report(engine.ports)
    if report is None:
        print(f"nothing was kept of {day}")
        return FAULTY
    counts = f"{report.handed_over} handed over that day, {report.under_way} under way"
    print(f"{report.day}: {counts}, {len(report.differences)} differences")
    for one in report.differences:
        print(f"{one['kind']:<16} {one['subject']:<34} {one['point_code'] or 'no point of ours'}")
    return FINE


def show_totp(settings: Settings, login: str) -> int:
    """Print the present one-time code of a demo login."""
    if settings.environment == "production":
        print("there are no demo logins in production")
        return FAULTY
    print(pyotp.TOTP(demo_totp_secret(login), interval=TOTP_STEP_S).now())
    return FINE


async def _redis_answers(engine: Engine) -> bool:
    try:
        return bool(await engine.ports.redis.ping())
    except (RedisError, OSError):
        return False
