"""`make run`: the whole product in the foreground, until Ctrl-C.

Redis is `REDIS_URL`, or a private one. Without `DATABASE_URL` the database is SQLite and one
process does everything; with it there are `API_PROCESSES` processes on consecutive ports and a
worker. WeChat and the post are sandboxes unless `WECHAT_API_BASE` or `EMS_API_BASE` names them.
"""

import argparse
import fcntl
import os
import signal
import sys
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from deploy.children import (
    LOOPBACK,
    StartFailed,
    accepts_connections,
    answers_ok,
    end_with,
    find_free_port,
)
from deploy.redis_server import RedisServer
from deploy.supervisor import StopRequest, Supervisor, say
from integrations.ems.sandbox.app import API_PATH as EMS_API_PATH

API_PATH = "/api/v1"
DEMONSTRATION = {
    "CHECK_IN_AT_ANY_TIME": "true",
    "WECHAT_TEMPLATES": '{"*": "demonstration-notice-template-0123456789ab"}',
}
"""What lets the main job be played at any hour; the environment may say otherwise."""
PUSH_PATH = f"{API_PATH}/callbacks/carriers/ems"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line and in the environment."""

    port: int
    data: Path
    api_processes: int
    is_bound: bool

    @property
    def ports(self) -> list[int]:
        """The API's ports."""
        return [self.port + n for n in range(self.api_processes)]


class Run:
    """One run: what was started, with which environment."""

    def __init__(self, options: Options, supervisor: Supervisor) -> None:
        self._options = options
        self._supervisor = supervisor
        self._env = {
            "DATA_FOLDER": str(options.data),
            "PYTHONUNBUFFERED": "1",
            **{name: os.environ.get(name, value) for name, value in DEMONSTRATION.items()},
        }
        self._notes: list[str] = []
        self._credentials = ""

    def start(self) -> None:
        """Start everything in order; raise `StartFailed` when something does not come up."""
        self._start_redis()
        self._start_wechat()
        self._start_ems()
        self._prepare_database()
        self._start_engine()

    def describe(self) -> str:
        """Return the banner."""
        base = f"http://{LOOPBACK}:{self._options.port}"
        facts = [
            ("API", f"{base}{API_PATH}"),
            ("docs", f"{base}/docs"),
            ("database", self._describe_database()),
            *[("with", note) for note in self._notes],
            ("logs", str(self._supervisor.log_of("*"))),
            ("play it", f"make demo URL={base}"),
            ("stop", "Ctrl-C"),
        ]
        lines = [f"  {name:<9} {value}" for name, value in facts]
        return "\n".join(["", "Tongban 通办 is running", *lines, "", self._credentials, ""])

    def _start_redis(self) -> None:
        if os.environ.get("REDIS_URL"):
            self._notes.append("Redis from REDIS_URL")
            return
        log = self._supervisor.log_of("redis")
        folder = self._options.data / "redis"
        redis = RedisServer(folder, port=find_free_port(), log=log, env=os.environ)
        self._supervisor.adopt(redis.start(), redis.is_ready)
        self._env["REDIS_URL"] = redis.url
        self._notes.append(f"Redis on port {redis.port} ({redis.program})")

    def _start_wechat(self) -> None:
        self._start_sandbox("wechat", [])

    def _start_ems(self) -> None:
        push_url = f"http://{LOOPBACK}:{self._options.port}{PUSH_PATH}"
        self._start_sandbox("ems", ["--push-url", push_url], api_path=EMS_API_PATH)

    def _start_sandbox(self, name: str, arguments: list[str], *, api_path: str = "") -> None:
        variable = f"{name.upper()}_API_BASE"
        if os.environ.get(variable):
            self._notes.append(f"{name} at {os.environ[variable]}")
            return
        port = find_free_port()
        self._supervisor.start_module(
            name,
            [f"integrations.{name}.sandbox", "--port", str(port), *arguments],
            env=self._env,
            is_ready=lambda: accepts_connections(port),
        )
        self._env[variable] = f"http://{LOOPBACK}:{port}{api_path}"
        self._notes.append(f"{name} sandbox on port {port}")

    def _prepare_database(self) -> None:
        self._supervisor.run_module("migrate", ["server", "migrate"], self._env)
        self._credentials = self._supervisor.run_module("seed", ["server", "seed"], self._env)

    def _start_engine(self) -> None:
        if not _has_database_url():
            self._start_api("api", self._options.port, "--with-worker")
            return
        self._supervisor.start_module(
            "worker", ["server", "worker"], env=self._env, is_ready=lambda: True
        )
        for port in self._options.ports:
            self._start_api(f"api-{port}", port)

    def _start_api(self, name: str, port: int, *arguments: str) -> None:
        self._supervisor.start_module(
            name,
            ["server", "api", "--port", str(port), *arguments],
            env={**self._env, "PORT": str(port)},
            is_ready=lambda: answers_ok(port, "/readyz"),
        )

    def _describe_database(self) -> str:
        if not _has_database_url():
            return f"SQLite in {self._options.data}: one process"
        ports = ", ".join(map(str, self._options.ports))
        return f"DATABASE_URL: API processes on ports {ports}, and a worker"


def main() -> int:
    """Run until Ctrl-C; return 0, or 1 if something did not start or ended by itself."""
    options = _read_options()
    if options.is_bound:
        end_with(os.getppid(), signal.SIGTERM)
    stop = StopRequest()
    options.data.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(options.data / "log", stop)
    try:
        with _lock(options.data):
            return _run(Run(options, supervisor), supervisor, options)
    except StartFailed as failure:
        say(str(failure))
        return 0 if stop.is_made() else 1


def _run(run: Run, supervisor: Supervisor, options: Options) -> int:
    _refuse_taken_ports(options.ports)
    say("starting; the first time takes a few seconds more")
    try:
        run.start()
        say(run.describe())
        supervisor.watch()
    finally:
        supervisor.stop_all()
    return 0


def _lock(data: Path) -> TextIOWrapper:
    lock = (data / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StartFailed(f"{data} is in use by another run; choose DATA=…") from None
    return lock


def _refuse_taken_ports(ports: list[int]) -> None:
    for port in ports:
        if accepts_connections(port):
            raise StartFailed(f"port {port} is in use; choose another: make run PORT=…")


def _has_database_url() -> bool:
    return bool(os.environ.get("DATABASE_URL"))


def _read_options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m deploy.run", description=__doc__)
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--data", type=Path, default=Path("var"), help="where everything is kept")
    parser.add_argument(
        "--end-with-parent", action="store_true", help="stop when whoever started this ends"
    )
    given = parser.parse_args()
    processes = int(os.environ.get("API_PROCESSES", "2")) if _has_database_url() else 1
    return Options(given.port, given.data.absolute(), processes, given.end_with_parent)


if __name__ == "__main__":
    sys.exit(main())
