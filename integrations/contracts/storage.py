"""Where the bytes of attachments, labels and certificates are kept."""

from pathlib import Path
from typing import Protocol


class BlobStore(Protocol):
    """Keeps bytes encrypted under a random key of its own making."""

    async def store(self, content: bytes) -> str:
        """Keep `content` durably and return its key."""
        ...

    async def load(self, key: str) -> bytes:
        """Return the bytes; raise `FileNotFoundError` for an unknown key."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the bytes; a key that is not there is no error."""
        ...

    def quarantine(self) -> Path:
        """Return the directory (mode 0700) where uploads wait for their checks."""
        ...
