"""Values that a process remembers for a while."""

from time import monotonic
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

FOR_EVER_S = float("inf")


class Kept(Generic[Key, Value]):
    """Values that are forgotten after a while, and all at once when they are too many."""

    def __init__(self, kept_s: float = FOR_EVER_S, *, most: int = 50_000) -> None:
        self._kept_s = kept_s
        self._most = most
        self._values: dict[Key, tuple[Value, float]] = {}

    def get(self, key: Key) -> Value | None:
        """Return the value unless it is unknown or too old."""
        value, until_s = self._values.get(key, (None, 0.0))
        return value if monotonic() < until_s else None

    def keep(self, key: Key, value: Value) -> Value:
        """Remember a value from now on, and return it."""
        if len(self._values) >= self._most:
            self._values.clear()
        self._values[key] = value, monotonic() + self._kept_s
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
