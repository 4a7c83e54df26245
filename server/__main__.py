"""`python -m server COMMAND`: everything that an operator runs."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence

from sanic import Sanic

from config.logging import configure_logging
from config.settings import Settings
from server.bootstrap import Engine, create_api, open_engine
from server.kit.migration import apply_migrations
from server.seeding import seed
from server.worker import run_worker

Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = _parser().parse_args(arguments)
    settings = Settings()
    configure_logging(settings.log_level)
    command: Command = chosen.command
    return command(chosen, settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serving(commands)
    _add_keeping(commands)
    return parser


def _add_serving(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    api = commands.add_parser("api", help="serve the HTTP API in this one process")
    api.add_argument("--port", type=int, help="where to listen (default: PORT)")
    api.add_argument(
        "--with-worker", action="store_true", help="run the worker in the same process (embedded)"
    )
    api.set_defaults(command=_api)
    worker = commands.add_parser("worker", help="run the outbox relay and the schedules")
    worker.set_defaults(command=_worker)


def _add_keeping(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    migrate = commands.add_parser("migrate", help="bring the tables to the newest version")
    migrate.set_defaults(command=_migrate)
    seeding = commands.add_parser("seed", help="load the shipped catalogue (and demo accounts)")
    seeding.set_defaults(command=_seed)
    check = commands.add_parser("check", help="check settings, database and Redis, then exit")
    check.set_defaults(command=_check)


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
    async def work() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with open_engine(settings) as engine:
            await run_worker(engine, stop=stop)

    asyncio.run(work())
    return 0


def _migrate(_: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(apply_migrations(settings))
    return 0


def _seed(_: argparse.Namespace, settings: Settings) -> int:
    async def fill() -> None:
        async with open_engine(settings) as engine:
            await seed(engine.ports, tell=print)

    asyncio.run(fill())
    return 0


def _check(_: argparse.Namespace, settings: Settings) -> int:
    async def look() -> dict[str, bool]:
        async with open_engine(settings) as engine:
            return await engine.probe()

    parts = asyncio.run(look())
    for part, fine in parts.items():
        print(f"{part}: {'ok' if fine else 'does not answer'}")
    return 0 if all(parts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
