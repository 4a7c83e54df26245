"""What proofs and measurements have in common: a register, a choice by name, a line each."""

import argparse
import asyncio
import importlib
import inspect
import pkgutil
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Generic, TypeVar

import uvloop

Work = TypeVar("Work", bound=Callable)


@dataclass(frozen=True, slots=True)
class Entry(Generic[Work]):
    """One registered function."""

    name: str
    group: str
    work: Work


class Register(Generic[Work]):
    """The functions of one kind, by name, in the order of their modules."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry[Work]] = {}

    def add(self, name: str, *, group: str) -> Callable[[Work], Work]:
        """Return the decorator that registers a function under a name nobody else has."""

        def register(work: Work) -> Work:
            assert name not in self._entries, f"two are called {name}"
            self._entries[name] = Entry(name, group, work)
            return work

        return register

    def choose(self, only: str) -> list[Entry[Work]]:
        """Return those whose name or group is among the words of `only`; all if it is empty."""
        wanted = set(only.replace(",", " ").split())
        unknown = wanted - {word for e in self._entries.values() for word in (e.name, e.group)}
        if unknown:
            known = ", ".join(self._entries)
            sys.exit(f"nothing is called {', '.join(sorted(unknown))}; there are: {known}")
        if not self._entries:
            sys.exit("there is nothing to run")
        return [e for e in self._entries.values() if not wanted or {e.name, e.group} & wanted]


@dataclass(frozen=True, slots=True)
class Report:
    """How one function ended: what it returned, or why it failed."""

    entry: Entry
    result: object
    failure: str
    duration_s: float


def load_modules(package: ModuleType) -> None:
    """Import every module of a folder, so that its functions register themselves."""
    for found in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        if not found.startswith("_"):
            importlib.import_module(f"{package.__name__}.{found}")


def run_entry(entry: Entry) -> Report:
    """Run one function, plain or async, on the main thread."""
    started = time.perf_counter()
    result, failure = None, ""
    try:
        result = entry.work()
        if inspect.isawaitable(result):
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                result = runner.run(_await(result))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is this entry's result
        failure = _describe(error)
        traceback.print_exc()
    return Report(entry, result, failure, time.perf_counter() - started)


def read_only(description: str) -> str:
    """Read `--only` from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", default="", help="names or groups, separated by commas")
    return parser.parse_args().only


def say(line: str) -> None:
    """Print at once, so that a long run is seen to go on."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _await(work):
    return await work


def _describe(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    text = str(error) or where.line or type(error).__name__
    return f"{text.splitlines()[0]} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
