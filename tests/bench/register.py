"""Where measurements register themselves, and how several are compared fairly.

    @bench("hello", group="http")
    async def measure_hello() -> dict[str, float]:
        ...
        return {"requests_per_s": 16_000}

Machines drift, so what is to be compared is measured in turns (`measure_in_turns`), and a ratio is
taken within each round.
"""

from collections.abc import Awaitable, Callable, Mapping
from statistics import median

from tests.support.frame import Register

BENCHES = Register()


def bench(name: str, *, group: str):
    """Register a function as a measurement."""
    return BENCHES.add(name, group=group)


async def measure_in_turns(
    measures: Mapping[str, Callable[[], Awaitable[float]]], *, rounds: int
) -> dict[str, list[float]]:
    """Run every measure once a round; return the values by name, one per round."""
    values: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            values[name].append(await measure())
    return values


def median_ratio(values: list[float], base: list[float]) -> float:
    """Return the median over the rounds of value ÷ base."""
    return median(value / other for value, other in zip(values, base, strict=True))
