"""Where a request's time goes: processor time of each process that has to do with it."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Efforts:
    """Microseconds of processor time a request, round by round, by who spent them.

    `load` is ourselves. What is left of `wall` on a machine of two processors is waiting.
    """

    def __init__(self) -> None:
        self._rounds: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def measure(self, pids: Mapping[str, int], *, count: int) -> Iterator[None]:
        """Note what `count` requests take that are sent in the block."""
        before = _spent(pids)
        yield
        for name, spent_s in _spent(pids).items():
            self._rounds[name].append((spent_s - before[name]) * 1e6 / count)

    def medians(self) -> dict[str, float]:
        """Return the medians over the rounds."""
        return {f"{name}_us": median(rounds) for name, rounds in self._rounds.items()}


def _spent(pids: Mapping[str, int]) -> dict[str, float]:
    ours = os.times()
    of_others = {name: _spent_by(pid) for name, pid in pids.items()}
    return {"wall": perf_counter(), **of_others, "load": ours.user + ours.system}


def _spent_by(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
