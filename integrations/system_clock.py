"""The machine's own clock."""

from datetime import UTC, datetime


class SystemClock:
    """Reads the time of the machine it runs on."""

    def now(self) -> datetime:
        """Return the present as an aware UTC instant."""
        return datetime.now(UTC)
