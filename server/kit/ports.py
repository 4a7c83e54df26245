"""What the engine is given from outside: settings, clock, vendors, queues, the watch for a rush."""

from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from integrations.contracts.carrier import Carriers
from integrations.contracts.cipher import Cipher
from integrations.contracts.clock import Clock
from integrations.contracts.mini_program import MiniProgram
from integrations.contracts.scanner import Scanner
from integrations.contracts.storage import BlobStore
from server.kit.challenges import Challenges
from server.kit.redis import Redis
from server.kit.rush import Rush


@dataclass(frozen=True, slots=True)
class Ports:
    """Built once by the composition root, handed to every handler and job."""

    settings: Settings
    clock: Clock
    cipher: Cipher
    blobs: BlobStore
    scanner: Scanner
    mini_program: MiniProgram
    carriers: Carriers
    redis: Redis
    rush: Rush
    challenges: Challenges

    def now(self) -> datetime:
        """Return the present as an aware UTC instant."""
        return self.clock.now()
