"""Time as a port, so that tests and simulations own it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The present moment."""

    def now(self) -> datetime:
        """Return the present as an aware UTC instant."""
        ...
