"""Starts programs in order, watches them, and ends them in the opposite order."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from deploy.children import POLL_S, Child, StartFailed

START_TIMEOUT_S = 60.0
GRACE_S = 20.0
WORTH_SHOWING = re.compile(
    r'"level": ?"(?:warning|error|critical)"|\b(?:WARNING|ERROR|CRITICAL)\b|^Traceback'
)


def say(text: str) -> None:
    """Print for the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class StopRequest:
    """Counts SIGINT and SIGTERM: one asks for an orderly end, a second one for haste."""

    def __init__(self) -> None:
        self.count = 0
        signal.signal(signal.SIGINT, self._note)
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1

    def is_made(self) -> bool:
        """Whether the end was asked for."""
        return self.count > 0

    def is_urgent(self) -> bool:
        """Whether it was asked for twice."""
        return self.count > 1


class LogReader:
    """Follows a log file from where it ends now, and yields the lines worth showing."""

    def __init__(self, name: str, path: Path) -> None:
        self._name = name
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def show_warnings(self) -> None:
        """Print the warnings that came since the last call."""
        with self._path.open("rb") as log:
            log.seek(self._offset)
            added = log.read()
        complete = added[: added.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.decode(errors="replace").splitlines():
            if WORTH_SHOWING.search(line):
                say(f"[{self._name}] {line}")


class Supervisor:
    """The programs of one run. Those started last are ended first."""

    def __init__(self, log_folder: Path, stop: StopRequest) -> None:
        self._log_folder = log_folder
        self._stop = stop
        self._children: list[Child] = []
        self._readers: list[LogReader] = []
        log_folder.mkdir(parents=True, exist_ok=True)

    def log_of(self, name: str) -> Path:
        """Return where a program's output goes."""
        return self._log_folder / f"{name}.log"

    def adopt(self, child: Child, is_ready: Callable[[], bool]) -> None:
        """Take charge of a started child and wait until it is ready."""
        self._children.append(child)
        child.wait_until(is_ready, START_TIMEOUT_S, is_cancelled=self._stop.is_made)

    def start_module(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        is_ready: Callable[[], bool],
    ) -> None:
        """Start `python -m …`, show its warnings from now on, wait until it is ready."""
        self._readers.append(LogReader(name, self.log_of(name)))
        self.adopt(self._launch(name, arguments, env), is_ready)

    def run_module(self, name: str, arguments: Sequence[str], env: Mapping[str, str]) -> str:
        """Run `python -m …` to its end; return what it printed, raise `StartFailed` if it fails."""
        self.log_of(name).unlink(missing_ok=True)
        child = self._launch(name, arguments, env)
        self._children.append(child)
        while child.is_running and not self._stop.is_made():
            time.sleep(POLL_S)
        self._children.remove(child)
        if child.stop(0) != 0:
            raise StartFailed(child.describe_end())
        return child.log.read_text(errors="replace").strip()

    def watch(self) -> None:
        """Show warnings until told to stop; raise `StartFailed` if a program ends by itself."""
        while not self._stop.is_made():
            self._show_warnings()
            ended = next((child for child in self._children if not child.is_running), None)
            if ended:
                raise StartFailed(ended.describe_end())
            time.sleep(POLL_S * 4)

    def stop_all(self) -> None:
        """End everything, what was started last first."""
        while self._children:
            child = self._children.pop()
            if child.is_running:
                say(f"stopping {child.name}")
            child.stop(GRACE_S, is_urgent=self._stop.is_urgent)
        self._show_warnings()

    def _show_warnings(self) -> None:
        for reader in self._readers:
            reader.show_warnings()

    def _launch(self, name: str, arguments: Sequence[str], env: Mapping[str, str]) -> Child:
        command = [sys.executable, "-m", *arguments]
        return Child.start(name, command, log=self.log_of(name), env={**os.environ, **env})
