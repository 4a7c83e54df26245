"""Child processes in sessions of their own that never outlive whoever started them.

The kernel ends a child when the thread that started it ends (Linux), so start children from a
thread that stays: the main one.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

LOOPBACK = "127.0.0.1"
POLL_S = 0.05
PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class StartFailed(Exception):
    """A child did not come up; the text says which, and shows the end of its log."""


class Child:
    """One running program; what it prints goes to the end of `log`."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._is_group_gone = False

    @classmethod
    def start(
        cls, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str], text: str = ""
    ) -> Self:
        """Start a program; `text` is its standard input."""
        parent = os.getpid()
        with log.open("ab") as output, tempfile.TemporaryFile() as source:
            source.write(text.encode())
            source.seek(0)
            process = subprocess.Popen(  # noqa: S603 - commands are written here, not read in
                command,
                env=dict(env),
                stdin=source,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: end_with(parent),  # noqa: PLW1509 - two system calls, no lock
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its session and group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative if a signal ended it."""
        return self._process.poll()

    @property
    def is_running(self) -> bool:
        """Whether the process still lives."""
        return self.exit_code is None

    def send(self, signal_no: signal.Signals) -> None:
        """Send a signal to the process, if it still runs."""
        if self.is_running:
            self._process.send_signal(signal_no)

    def kill(self) -> None:
        """End the process and all that it started, at once; return when it is gone."""
        if self._is_group_gone:
            return
        self._is_group_gone = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, grace_s: float, *, is_urgent: Callable[[], bool] = lambda: False) -> int:
        """Ask it to end, kill it after `grace_s` or when it gets urgent; return the exit code."""
        self.send(signal.SIGTERM)
        until = time.monotonic() + grace_s
        while self.is_running and time.monotonic() < until and not is_urgent():
            time.sleep(POLL_S)
        self.kill()
        return self._process.returncode

    def wait(self, timeout_s: float) -> int:
        """Let it run to its end, kill it after `timeout_s`; return the exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self.kill()
        return self._process.returncode

    def tail(self, lines: int = 20) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until(
        self,
        is_ready: Callable[[], bool],
        timeout_s: float,
        *,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Wait until it answers; raise `StartFailed` if it ends or takes longer."""
        until = time.monotonic() + timeout_s
        while not is_ready():
            if is_cancelled():
                raise StartFailed(f"{self.name}: stopped while it was starting")
            if not self.is_running:
                raise StartFailed(self.describe_end())
            if time.monotonic() > until:
                raise StartFailed(f"{self.name} not ready after {timeout_s:g} s\n{self.tail()}")
            time.sleep(POLL_S)

    def describe_end(self) -> str:
        """Tell how it ended, with the end of its log."""
        return f"{self.name} ended (exit code {self.exit_code}), log {self.log}:\n{self.tail()}"


def end_with(parent: int, signal_no: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process `signal_no` as soon as its parent is gone."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, int(signal_no))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal_no)


def find_free_port() -> int:
    """Return a loopback TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def accepts_connections(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether somebody listens on a port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def answers_ok(port: int, path: str, host: str = LOOPBACK) -> bool:
    """Tell whether an HTTP server answers 200 to a GET."""
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's own number
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
