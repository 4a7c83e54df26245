"""Uploads are opened in a confined process of their own, never in the server's."""

import asyncio
import os
import select
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import DEVNULL, Popen  # nosec B404
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from server.attachments.rules import FileKind, Refusal

AT_ONCE = 2
"""Workers of one server process; each may take a core and half a gigabyte."""
WALL_TIME_S = 20.0
"""Several times the processor time a worker is allowed, for a machine that is busy."""
REPORT_BYTES = 4096

PROJECT_ROOT = Path(__file__).parents[2]
WORKER = (sys.executable, "-m", "server.attachments.inspector")
WORKER_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
"""No more: the server's own environment holds keys."""

FELLED_BY_THE_FILE = (-signal.SIGXCPU, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)

# Threads rather than asyncio's processes, whose end can be waited for in vain when the loop closes
# during their start or their output is not read. A thread is free once its worker is gone.
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="inspection")


class InspectionFailed(Exception):
    """It could not be told what a file is; the file stays where it is and may be tried again."""


class Inspection(BaseModel):
    """What a file is: either a `refusal`, or a `kind` and the facts of its harmless copy.

    The copy lies at `clean_path(path)` and has `size_bytes`; a picture has `width` and `height` in
    pixels, a document has `pages`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    refusal: Refusal | None = None
    kind: FileKind | None = None
    size_bytes: int = Field(default=0, ge=0)
    pages: int = Field(default=0, ge=0)
    width: int = Field(default=0, ge=0)
    height: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "Inspection":
        if (self.refusal is None) == (self.kind is None):
            raise ValueError("either a refusal or a kind")
        return self


def clean_path(path: Path) -> Path:
    """Return where the harmless copy of the file at `path` is written."""
    return path.with_name(f"{path.name}.clean")


async def inspect(path: Path) -> Inspection:
    """Judge the file at `path` and write its harmless copy beside it, for the caller to move on.

    Without acceptance there is no copy. Raise `InspectionFailed` if it cannot be told.
    """
    worker = _Worker(path)
    job = _threads.submit(worker.judge)
    judging = asyncio.wrap_future(job)
    try:
        return await asyncio.shield(judging)
    except asyncio.CancelledError:
        if not job.cancel():
            worker.stop()
            await asyncio.wait([judging])
        raise


class _Worker:
    """One process that looks at one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._process: Popen[bytes] | None = None
        self._is_stopped = False

    def judge(self) -> Inspection:
        inspection = None
        try:
            inspection = self._run()
        finally:
            if inspection is None or inspection.refusal:
                clean_path(self._path).unlink(missing_ok=True)
        return inspection

    def stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                self._process.kill()

    def _run(self) -> Inspection:
        # A file and not a pipe: nobody has to read along, and the worker's own limit bounds it.
        with TemporaryFile() as report:
            process = self._start(report)
            try:
                has_ended = _wait(process)
            finally:
                process.kill()
                status = process.wait()
            if not has_ended:
                raise InspectionFailed("the worker took too long")
            report.seek(0)
            return _read(report.read(REPORT_BYTES), status)

    def _start(self, report: IO[bytes]) -> Popen[bytes]:
        with self._lock:
            if self._is_stopped:
                raise InspectionFailed("stopped before it began")
            self._process = Popen(  # noqa: S603 - our own module, our path # nosec B603
                (*WORKER, self._path.absolute(), clean_path(self._path).absolute()),
                stdin=DEVNULL,
                stdout=report,
                stderr=DEVNULL,
                cwd=PROJECT_ROOT,
                env=WORKER_ENVIRONMENT,
            )
            return self._process


def _wait(process: Popen[bytes]) -> bool:
    # `Popen.wait` with a timeout looks every 50 ms, half of what most files take.
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(WALL_TIME_S * 1000))
    finally:
        os.close(descriptor)


def _read(report: bytes, status: int) -> Inspection:
    if status in FELLED_BY_THE_FILE:
        return Inspection(refusal=Refusal.TOO_COSTLY)
    if status:
        raise InspectionFailed(f"the worker ended with status {status}")
    try:
        return Inspection.model_validate_json(report)
    except ValidationError:
        raise InspectionFailed("the worker's report is unintelligible") from None
