"""Whether there is a rush: more bookings and holds tried in a while than people make by hand."""

import asyncio
from datetime import timedelta

import structlog

from config.settings import Settings
from integrations.contracts.clock import Clock
from server.kit.tallies import Exchange, Tally

WINDOW_S = 10
"""Long enough to even out, short enough to notice soon."""
LASTS = timedelta(seconds=30)
"""So long it goes on after it was seen last: nobody meets it coming and going."""
LOOKS_EVERY_S = 1.0
TRIES = "tries"

log = structlog.get_logger(__name__)


class Rush:
    """What one process knows of a rush: a try is counted at no price, judged once a second.

    Without Redis a process judges by what it sees itself.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.is_on = False
        self.tally = Tally("rush", WINDOW_S)
        self._most = settings.rush_tries_per_s * WINDOW_S
        self._clock = clock
        self._tries = 0
        self._until = clock.now()

    def note_try(self) -> bool:
        """Count one try and tell whether there is a rush."""
        self._tries += 1
        return self.is_on

    async def look(self, exchange: Exchange) -> None:
        """Judge by what all processes have counted; `exchange` is that of `tally`."""
        if self._tries:
            self.tally.count(TRIES, self._clock.now().timestamp(), self._tries)
            self._tries = 0
        await exchange.run()
        self._judge()

    async def watch(self, exchange: Exchange) -> None:
        """Look once a second until cancelled."""
        while True:
            await asyncio.sleep(LOOKS_EVERY_S)
            await self.look(exchange)

    def _judge(self) -> None:
        now = self._clock.now()
        tries = self.tally.known(TRIES, now.timestamp())
        if tries > self._most:
            self._until = now + LASTS
        if self.is_on != (now < self._until):
            self.is_on = not self.is_on
            log.warning("rush_began" if self.is_on else "rush_over", tries=tries)
