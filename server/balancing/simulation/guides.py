"""Who sends people where: our policy, and what is done elsewhere, to be compared with it."""

from collections.abc import Callable, Mapping
from math import hypot
from random import Random
from typing import Protocol

from server.balancing.guidance import Board, Choice, PointNow
from server.balancing.rules import travel_minutes
from server.balancing.simulation.day import Person

NEAR = 8
"""Among how many of the nearest points the simple ways choose."""


class Guide(Protocol):
    """Tells people where to go."""

    board: Board
    makes_offers: bool

    def choose(self, person: Person, now: float) -> Choice:
        """Return where a person is to go."""
        ...


class Guidance:
    """The policy of the engine; `makes_offers` also to those under way or in a queue."""

    def __init__(self, board: Board, *, makes_offers: bool = True) -> None:
        self.board, self.makes_offers = board, makes_offers

    def choose(self, person: Person, now: float) -> Choice:
        """Return the point of the least cost."""
        choice = self.board.choose(person.east_km, person.north_km, now)
        if choice is None:
            raise LookupError("the district has no point")
        return choice


class _Simple:
    makes_offers = False

    def __init__(self, board: Board) -> None:
        self.board = board

    def near(self, person: Person) -> list[PointNow]:
        """Return the nearest points."""
        return self.board.nearest(person.east_km, person.north_km, limit=NEAR)

    @staticmethod
    def _go(person: Person, point: PointNow, now: float) -> Choice:
        distance = hypot(point.east_km - person.east_km, point.north_km - person.north_km)
        travel = travel_minutes(distance)
        return Choice(point, distance, travel, point.wait_at(now + travel, now), 0.0)


class Nearest(_Simple):
    """To the nearest point."""

    def choose(self, person: Person, now: float) -> Choice:
        """Return the nearest point."""
        return self._go(person, self.near(person)[0], now)


class RandomOfNear(_Simple):
    """To any of the nearest points."""

    def __init__(self, board: Board, *, seed: int = 0) -> None:
        super().__init__(board)
        self._dice = Random(f"{seed}/random")  # noqa: S311 - a simulation is to be repeatable

    def choose(self, person: Person, now: float) -> Choice:
        """Return one of the nearest points."""
        return self._go(person, self._dice.choice(self.near(person)), now)


class RoundRobin(_Simple):
    """To each point in its turn."""

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self._turn = -1

    def choose(self, person: Person, now: float) -> Choice:
        """Return the point whose turn it is."""
        self._turn = (self._turn + 1) % len(self.board.points)
        return self._go(person, self.board.points[self._turn], now)


class ShortestQueue(_Simple):
    """To the shortest queue of the nearest points, the nearer of equal ones."""

    def choose(self, person: Person, now: float) -> Choice:
        """Return the near point where the fewest people wait."""
        return self._go(person, min(self.near(person), key=lambda point: point.ahead), now)


GUIDES: Mapping[str, Callable[[Board], Guide]] = {
    "ours": Guidance,
    "ours-without-offers": lambda board: Guidance(board, makes_offers=False),
    "nearest": Nearest,
    "random-of-eight": RandomOfNear,
    "round-robin": RoundRobin,
    "shortest-of-eight": ShortestQueue,
}
"""By the name under which they are asked for."""
