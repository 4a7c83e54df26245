"""Uploads are opened in a confined process of their own, never in the server's."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

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

_turns = asyncio.Semaphore(AT_ONCE)


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
    async with _turns:
        inspection = None
        try:
            inspection = await _run_worker(path)
        finally:
            if inspection is None or inspection.refusal:
                clean_path(path).unlink(missing_ok=True)
    return inspection


async def _run_worker(path: Path) -> Inspection:
    worker = await asyncio.create_subprocess_exec(
        *_command(path),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=PROJECT_ROOT,
        env=WORKER_ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(WALL_TIME_S):
            return await _hear(worker)
    except TimeoutError:
        raise InspectionFailed("the worker took too long") from None
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()


def _command(path: Path) -> tuple[str, ...]:
    return (*WORKER, str(path.absolute()), str(clean_path(path).absolute()))


async def _hear(worker: Process) -> Inspection:
    assert worker.stdout is not None  # noqa: S101 - asked for above
    report = await worker.stdout.read(REPORT_BYTES)
    status = await worker.wait()
    if status in (-signal.SIGXCPU, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
        return Inspection(refusal=Refusal.TOO_COSTLY)
    if status:
        raise InspectionFailed(f"the worker ended with status {status}")
    try:
        return Inspection.model_validate_json(report)
    except ValidationError:
        raise InspectionFailed("the worker's report is unintelligible") from None
