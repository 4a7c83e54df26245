import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.attachments import inspection
from server.attachments.inspection import Inspection, InspectionFailed, clean_path, inspect
from server.attachments.rules import FileKind, Refusal
from tests.support import crafted_files as made

ROOT = Path(__file__).parents[3]
REFUSE = 'import sys; sys.stdout.write(\'{"refusal": "empty"}\');'


@pytest.fixture
def pipe(tmp_path):
    """A file whose reading ends when its writer says so."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def worker(monkeypatch):
    """Return what replaces the worker by a line of Python."""

    def replace(code):
        monkeypatch.setattr(inspection, "WORKER", (sys.executable, "-c", code))

    return replace


async def wait_for_reader(path):
    """Return the writing end once a worker has opened the other."""
    return await asyncio.to_thread(os.open, path, os.O_WRONLY)


def assert_reader_is_gone(writer):
    with pytest.raises(BrokenPipeError):
        os.write(writer, b"x")
    os.close(writer)


def count_workers():
    """Count the children of this process that run the inspector."""
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        count += int(parent) == os.getpid() and b"server.attachments.inspector" in command
    return count


def run_confined(code):
    script = f"from server.attachments.inspector import confine; confine(); {code}"
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


async def test_a_cancelled_inspection_kills_its_worker(pipe):
    task = asyncio.create_task(inspect(pipe))
    writer = await wait_for_reader(pipe)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await task

    assert_reader_is_gone(writer)
    assert count_workers() == 0
    assert not clean_path(pipe).exists()


async def test_a_cancelled_inspection_that_waits_for_its_turn_ends_at_once(tmp_path, pipe):
    tasks = [asyncio.create_task(inspect(pipe)) for _ in range(2)]
    writer = await wait_for_reader(pipe)
    waiting = asyncio.create_task(inspect(tmp_path / "any"))
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await waiting

    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    os.close(writer)
    assert count_workers() == 0


async def abandon(pipe):
    """Leave an inspection behind, just begun, for the end of the loop to cancel."""
    path = pipe.with_name("upload")
    path.write_bytes(made.jpeg())
    tasks = [asyncio.create_task(inspect(path)) for _ in range(6)]
    await asyncio.sleep(0)
    return tasks


async def test_a_loop_that_ends_during_inspections_is_not_held_up(pipe):
    async with asyncio.timeout(10):
        await asyncio.to_thread(asyncio.run, abandon(pipe))

    assert count_workers() == 0


@pytest.mark.parametrize("turns", range(6))
async def test_a_client_that_leaves_at_any_turn_blocks_nobody(tmp_path, turns):
    path = tmp_path / "upload"
    path.write_bytes(b"text")
    tasks = [asyncio.create_task(inspect(path)) for _ in range(4)]
    for _ in range(turns):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)

    assert count_workers() == 0
    async with asyncio.timeout(10):
        assert await inspect(path) == Inspection(refusal=Refusal.NOT_AN_ACCEPTED_TYPE)


async def test_a_worker_that_floods_its_report_blocks_nobody(tmp_path, worker):
    worker(
        "from server.attachments.inspector import confine; confine(); import itertools\n"
        "for _ in itertools.count(): print(' ' * 1_000_000)"
    )

    for _ in range(3):
        async with asyncio.timeout(10):
            with pytest.raises(InspectionFailed):
                await inspect(tmp_path / "any")


async def test_a_worker_that_takes_too_long_is_killed(pipe, monkeypatch):
    monkeypatch.setattr(inspection, "WALL_TIME_S", 1.5)
    task = asyncio.create_task(inspect(pipe))
    writer = await wait_for_reader(pipe)

    with pytest.raises(InspectionFailed):
        await task

    assert_reader_is_gone(writer)
    assert count_workers() == 0


async def test_two_files_are_inspected_at_once_and_a_third_waits(tmp_path):
    pipes = [tmp_path / name for name in ("one", "two", "three")]
    for path in pipes:
        os.mkfifo(path)
    tasks = [asyncio.create_task(inspect(path)) for path in pipes]
    writers = [await wait_for_reader(path) for path in pipes[:2]]
    assert count_workers() == 2

    os.close(writers[0])
    writers.append(await wait_for_reader(pipes[2]))
    for writer in writers[1:]:
        os.close(writer)

    assert await asyncio.gather(*tasks) == [Inspection(refusal=Refusal.EMPTY)] * 3


async def test_a_copy_left_by_a_crash_is_written_over(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(made.jpeg())
    clean_path(path).write_bytes(bytes(99_999))

    found = await inspect(path)

    assert clean_path(path).stat().st_size == found.size_bytes < 99_999


async def test_a_refusal_takes_a_copy_left_by_a_crash_away(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(b"text")
    clean_path(path).write_bytes(b"old")

    await inspect(path)

    assert not clean_path(path).exists()


async def test_a_file_that_is_not_there_is_not_judged(tmp_path):
    with pytest.raises(InspectionFailed):
        await inspect(tmp_path / "nothing")


@pytest.mark.parametrize("signal", ["SIGXCPU", "SIGSEGV", "SIGABRT"])
async def test_a_file_that_fells_the_worker_is_refused(tmp_path, worker, signal):
    worker(f"import os, signal; os.kill(os.getpid(), signal.{signal})")

    assert await inspect(tmp_path / "any") == Inspection(refusal=Refusal.TOO_COSTLY)


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "raise SystemExit(3)",
        "pass",
        "print('{')",
        "print('{}')",
        'print(\'{"kind": "exe", "size_bytes": 1}\')',
        'print(\'{"kind": "pdf", "size_bytes": -1}\')',
        'print(\'{"kind": "pdf", "refusal": "empty"}\')',
        'print(\'{"refusal": "empty", "more": 1}\')',
        "print(' ' * 5_000_000)",
    ],
)
async def test_a_worker_that_says_nothing_clear_judges_nothing(tmp_path, worker, code):
    worker(code)

    with pytest.raises(InspectionFailed):
        await inspect(tmp_path / "any")


async def test_the_worker_is_not_told_the_server_s_secrets(tmp_path, worker, monkeypatch):
    monkeypatch.setenv("COLUMN_KEYS", "secret")
    worker(f"import os; assert 'COLUMN_KEYS' not in os.environ; {REFUSE}")

    assert await inspect(tmp_path / "any") == Inspection(refusal=Refusal.EMPTY)


def test_the_worker_has_half_a_gigabyte():
    assert run_confined("bytearray(300 * 2**20)").returncode == 0
    assert "MemoryError" in run_confined("bytearray(520 * 2**20)").stderr


def test_the_worker_has_five_seconds_of_a_processor():
    shown = run_confined("import resource; print(resource.getrlimit(resource.RLIMIT_CPU))")

    assert shown.stdout == "(5, 6)\n"


@pytest.mark.parametrize(
    ("content", "loaded"),
    [
        (made.jpeg(), {"PIL"}),
        (made.png(), {"PIL"}),
        (made.pdf_of(), {"pikepdf"}),
        (b"text", set()),
    ],
    ids=[FileKind.JPEG, FileKind.PNG, FileKind.PDF, "text"],
)
def test_the_worker_loads_only_what_its_file_needs(tmp_path, content, loaded):
    path = tmp_path / "upload"
    path.write_bytes(content)
    code = (
        "import sys; from pathlib import Path; "
        "from server.attachments.inspector import inspect_file; "
        f"inspect_file(Path({str(path)!r}), Path({str(path) + '.out'!r})); "
        "print(*{'PIL', 'pikepdf', 'sanic', 'tortoise', 'pydantic', 'structlog'} & {*sys.modules})"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert set(shown.stdout.split()) == loaded
