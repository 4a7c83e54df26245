"""Private servers for tests, proofs and measurements: each ends with its context, or with us.

Start them from the main thread (see `deploy.children`) and from the root of the checkout.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pymysql

from deploy.children import LOOPBACK, Child, accepts_connections, answers_ok, find_free_port
from deploy.redis_server import RedisServer

START_TIMEOUT_S = 60.0
GRACE_S = 20.0
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "COVERAGE_PROCESS_START")
AnyServer = TypeVar("AnyServer", bound="Server")

LAST_CORE = max(os.sched_getaffinity(0))
ACCOUNT = "tongban"
DURABLE = (
    "--transaction-isolation=READ-COMMITTED",
    "--default-time-zone=+00:00",
    "--innodb-flush-log-at-trx-commit=1",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_bin",
    "--skip-name-resolve",
    "--max-connections=400",
    "--innodb-buffer-pool-size=256M",
)


def be_behind(thread_id: int) -> None:
    """Keep a thread, a process by its first one, to the last core."""
    os.sched_setaffinity(thread_id, {LAST_CORE})


def be_elsewhere(thread_id: int) -> None:
    """The same, and in time that nobody wants there: what in earnest is on another machine."""
    be_behind(thread_id)
    os.sched_setscheduler(thread_id, os.SCHED_IDLE, os.sched_param(0))


@contextlib.contextmanager
def last_core_is_for_work_behind() -> Iterator[None]:
    """Keep what is started meanwhile from the last core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, (cores - {LAST_CORE}) or cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


class Server:
    """One program that can be killed, restarted and frozen; its port stays the same."""

    def __init__(self, name: str, folder: Path, port: int | None = None) -> None:
        self.name = name
        self.folder = folder
        self.port = port or find_free_port()
        self.log = folder / f"{name}.log"
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        assert self._child is not None, f"{self.name} was not started"
        return self._child

    @property
    def was_started(self) -> bool:
        return self._child is not None

    @property
    def pid(self) -> int:
        return self.child.pid

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self._child = self.launch()
        self._child.wait_until(self.is_ready, START_TIMEOUT_S)

    def stop(self) -> int:
        """Ask it to end, also when frozen; kill it if it does not; return its exit code."""
        self.thaw()
        return self.child.stop(GRACE_S)

    def kill(self) -> None:
        """End it as a crash would."""
        self.child.kill()

    def restart(self) -> None:
        """Start it again on its own data; kill it first if it still runs."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Halt it: it keeps its connections and answers nothing."""
        self.child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self.child.send(signal.SIGCONT)

    def launch(self) -> Child:
        raise TypeError(f"{type(self).__name__} does not say how it is launched")

    def is_ready(self) -> bool:
        return accepts_connections(self.port)


class MariaDB(Server):
    """A MariaDB with its data in a temporary folder, as durable as in production."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        super().__init__("mariadb", folder)
        self._options = options
        # Two that start at once in the same temporary folder drop each other's tables there.
        (folder / "tmp").mkdir()
        self._owner = [
            f"--user={pwd.getpwuid(os.getuid()).pw_name}",
            f"--datadir={folder}/data",
            f"--tmpdir={folder}/tmp",
        ]

    def url(self, database: str) -> str:
        """Return the `DATABASE_URL` of a database."""
        return f"mysql://{ACCOUNT}:{ACCOUNT}@{LOOPBACK}:{self.port}/{database}"

    def execute(self, statement: str, database: str | None = None) -> list[tuple]:
        """Run and commit one statement as the server's administrator; return its rows."""
        with (
            contextlib.closing(self.connect(database)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
            return list(cursor.fetchall())

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Make an empty database, yield its URL, drop it."""
        self.execute(f"CREATE DATABASE `{name}`")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE `{name}`")

    def connect(self, database: str | None = None) -> pymysql.Connection:
        """Connect as the server's administrator; the caller closes."""
        return pymysql.connect(
            host=LOOPBACK, port=self.port, user="root", database=database, autocommit=True
        )

    def install(self) -> None:
        """Write the system tables and our account, once."""
        program = _find("mariadb-install-db")
        how = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        with self.log.open("ab") as output:
            ended = subprocess.run(
                [program, *how, *self._owner],
                check=False,
                stdout=output,
                stderr=output,
                timeout=START_TIMEOUT_S,
            )
        assert ended.returncode == 0, self.log.read_text()[-2000:]
        self.start()
        self.execute(f"GRANT ALL ON *.* TO {ACCOUNT}@'%' IDENTIFIED BY '{ACCOUNT}'")

    def launch(self) -> Child:
        places = [
            f"--socket={self.folder}/sock",
            f"--pid-file={self.folder}/pid",
            f"--port={self.port}",
            f"--bind-address={LOOPBACK}",
        ]
        command = [_find("mariadbd"), "--no-defaults", *self._owner, *places]
        command += [*DURABLE, *self._options]
        return Child.start(self.name, command, log=self.log, env=os.environ)

    def is_ready(self) -> bool:
        try:
            self.connect().close()
        except pymysql.err.OperationalError:
            return False
        return True


class Redis(Server):
    """A Redis, or Valkey, with its data in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__("redis", folder)
        self._server = RedisServer(folder / "data", port=self.port, log=self.log, env=os.environ)

    @property
    def url(self) -> str:
        return self._server.url

    def flush(self) -> None:
        """Make it forget everything."""
        assert self.ask("FLUSHALL") == "+OK"

    def ask(self, command: str) -> str:
        """Send one inline command; return the first line of its reply."""
        return self._server.ask(command)

    def launch(self) -> Child:
        return self._server.start()

    def is_ready(self) -> bool:
        return self._server.is_ready()


class Module(Server):
    """A `python -m …` that takes nothing of our own environment but what it needs to run."""

    def __init__(
        self, name: str, folder: Path, *, command: str, env: Mapping[str, str], port: int | None
    ) -> None:
        super().__init__(name, folder, port)
        self._command = command.split()
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        self._env = {**kept, "DATA_FOLDER": str(folder), "PYTHONUNBUFFERED": "1", **env}

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def launch(self) -> Child:
        command = [sys.executable, "-m", *self._command]
        return Child.start(self.name, command, log=self.log, env=self._env)


class Listener(Module):
    """A module that listens on `--port`."""

    def launch(self) -> Child:
        command = [sys.executable, "-m", *self._command, "--port", str(self.port)]
        return Child.start(self.name, command, log=self.log, env=self._env)


class Api(Listener):
    """One API process."""

    def is_ready(self) -> bool:
        return answers_ok(self.port, "/readyz")


class Worker(Module):
    """The outbox relay and the schedules, as nice as its unit makes it; it listens nowhere."""

    def launch(self) -> Child:
        command = ["nice", "-n", "10", sys.executable, "-m", *self._command]
        return Child.start(self.name, command, log=self.log, env=self._env)

    def is_ready(self) -> bool:
        return self.child.is_running


@contextlib.contextmanager
def start_mariadb(*options: str) -> Iterator[MariaDB]:
    """Run a MariaDB; `options` are more options of `mariadbd`."""
    with _folder() as folder:
        server = MariaDB(folder, options)
        with _stopping(server):
            server.install()
            yield server


@contextlib.contextmanager
def start_redis() -> Iterator[Redis]:
    """Run a Redis."""
    with _folder() as folder, _running(Redis(folder)) as server:
        yield server


@contextlib.contextmanager
def start_api(env: Mapping[str, str], port: int | None = None, *flags: str) -> Iterator[Api]:
    """Run `python -m server api`; `flags` such as `--with-worker`."""
    command = " ".join(["server api", *flags])
    with (
        _folder() as folder,
        _running(Api("api", folder, command=command, env=env, port=port)) as it,
    ):
        yield it


@contextlib.contextmanager
def start_worker(env: Mapping[str, str]) -> Iterator[Worker]:
    """Run `python -m server worker`."""
    with _folder() as folder:
        worker = Worker("worker", folder, command="server worker", env=env, port=None)
        with _running(worker):
            yield worker


@contextlib.contextmanager
def start_module(command: str, env: Mapping[str, str] | None = None) -> Iterator[Listener]:
    """Run `python -m {command} --port …` and wait until it listens."""
    with _folder() as folder:
        listener = Listener(
            command.split(maxsplit=1)[0], folder, command=command, env=env or {}, port=None
        )
        with _running(listener):
            yield listener


def start_wechat_sandbox() -> contextlib.AbstractContextManager[Listener]:
    """Run the WeChat sandbox; its `url` is `WECHAT_API_BASE`."""
    return start_module("integrations.wechat.sandbox")


def start_ems_sandbox(push_url: str) -> contextlib.AbstractContextManager[Listener]:
    """Run the EMS sandbox; it pushes tracks to `push_url`.

    `EMS_API_BASE` is its `url` + `integrations.ems.sandbox.app.API_PATH`.
    """
    return start_module(f"integrations.ems.sandbox --push-url {push_url}")


def run_command(command: str, env: Mapping[str, str]) -> str:
    """Run `python -m {command}` to its end; return its output, fail if it fails."""
    with _folder() as folder:
        module = Module(command.rsplit(maxsplit=1)[-1], folder, command=command, env=env, port=None)
        child = module.launch()
        assert child.wait(START_TIMEOUT_S) == 0, child.describe_end()
        return module.log.read_text()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tongban-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(server: AnyServer) -> Iterator[AnyServer]:
    with _stopping(server):
        server.start()
        yield server


@contextlib.contextmanager
def _stopping(server: Server) -> Iterator[None]:
    try:
        yield
    finally:
        if server.was_started:
            server.stop()


def _find(program: str) -> str:
    path = shutil.which(program, path=SYSTEM_PATH)
    assert path, f"{program} is not installed; run deploy/setup.sh --servers"
    return path
