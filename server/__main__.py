"""`python -m server COMMAND`: everything that an operator runs."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import date

from pydantic import ValidationError
from pymysql.err import MySQLError
from sanic import Sanic
from tortoise.exceptions import DBConnectionError

from config.logging import configure_logging
from config.settings import Settings
from server import commands, what_if
from server.bootstrap import Engine, create_api
from server.kit.database import DatabaseUnfit
from server.kit.migration import apply_migrations
from server.worker import run_worker

Command = Callable[[argparse.Namespace, Settings], int]
UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        return _refuse_settings(error)
    configure_logging(settings.log_level)
    command: Command = chosen.command
    try:
        return command(chosen, settings)
    except DatabaseUnfit as error:
        print(error, file=sys.stderr)
    except (DBConnectionError, MySQLError):
        print("the database does not answer at DATABASE_URL", file=sys.stderr)
    return UNUSABLE


def _refuse_settings(error: ValidationError) -> int:
    for one in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in one["loc"]).upper()
        print(f"setting {name}: {one['msg']}".replace("setting : ", ""), file=sys.stderr)
    return UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server", description=__doc__)
    known = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, *, tells: str) -> argparse.ArgumentParser:
        command = known.add_parser(name, help=tells, description=tells)
        command.set_defaults(command=run)
        return command

    api = add("api", _api, tells="serve the HTTP API in this one process")
    api.add_argument("--port", type=int, help="where to listen (default: PORT)")
    api.add_argument("--with-worker", action="store_true", help="run the worker in it (embedded)")
    add("worker", _worker, tells="run the outbox relay and the schedules")
    add("migrate", _migrate, tells="bring the tables to the newest version")
    add("seed", _seed, tells="load the shipped catalogue, and demo accounts outside production")
    add("check", _check, tells="check settings, database, Redis and the audit trail, then exit")
    queues = add("rebuild-queues", _rebuild, tells="make the queues in Redis equal the database")
    queues.add_argument("--check", action="store_true", help="only print the difference")
    outbox = add("outbox", _outbox, tells="list news that no longer goes out by itself")
    outbox.add_argument("--unblock", action="store_true", help="let all of it be tried again")
    compare = add("reconcile", _reconcile, tells="compare with the carriers, keep and print it")
    compare.add_argument("--day", type=date.fromisoformat, help="only print what was kept of a day")
    tried = add("what-if", what_if.run, tells="try more or fewer windows on simulated days")
    what_if.add_options(tried)
    totp = add("totp", _totp, tells="print the present one-time code of a demo login")
    totp.add_argument("login")
    return parser


def _api(chosen: argparse.Namespace, settings: Settings) -> int:
    engine = Engine(settings)
    app = create_api(engine)
    if chosen.with_worker:
        _attach_worker(app, engine)
    app.run(
        host=settings.host,
        port=chosen.port or settings.port,
        single_process=True,
        access_log=False,
        motd=False,
    )
    return 0


def _attach_worker(app: Sanic, engine: Engine) -> None:  # type: ignore[type-arg]
    stop = asyncio.Event()
    running: list[asyncio.Task[None]] = []

    async def start(_: Sanic) -> None:  # type: ignore[type-arg]
        running.append(asyncio.create_task(run_worker(engine, stop=stop)))

    async def finish(_: Sanic) -> None:  # type: ignore[type-arg]
        stop.set()
        await asyncio.gather(*running)

    app.after_server_start(start)
    app.before_server_stop(finish)


def _worker(_: argparse.Namespace, settings: Settings) -> int:
    return asyncio.run(commands.work(settings))


def _migrate(_: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(apply_migrations(settings))
    return 0


def _seed(_: argparse.Namespace, settings: Settings) -> int:
    return asyncio.run(commands.fill(settings))


def _check(_: argparse.Namespace, settings: Settings) -> int:
    return asyncio.run(commands.check(settings))


def _rebuild(chosen: argparse.Namespace, settings: Settings) -> int:
    return asyncio.run(commands.rebuild_queues(settings, check_only=chosen.check))


def _outbox(chosen: argparse.Namespace, settings: Settings) -> int:
    return asyncio.run(commands.outbox(settings, unblock_all=chosen.unblock))


def _reconcile(chosen: argparse.Namespace, settings: Settings) -> int:
    return asyncio.run(commands.reconcile(settings, day=chosen.day))


def _totp(chosen: argparse.Namespace, settings: Settings) -> int:
    return commands.show_totp(settings, chosen.login)


if __name__ == "__main__":
    sys.exit(main())
