"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2025, 3, 3, 4, 0, tzinfo=UTC)
"""Monday 12:00 in Fuzhou."""


class FrozenClock:
    """Keeps the same instant until `advance` is called."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self._now

    def advance(self, **duration: float) -> None:
        """Move forward by the keywords of `timedelta`, e.g. `advance(minutes=5)`."""
        self._now += timedelta(**duration)
