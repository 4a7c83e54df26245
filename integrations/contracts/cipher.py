"""Protection of personal data in a column."""

from typing import Protocol


class Cipher(Protocol):
    """Authenticated encryption and keyed digests with key ids, so that keys can be rotated."""

    def encrypt(self, plain: str) -> str:
        """Return ASCII text that names its key; encrypting twice gives two different texts."""
        ...

    def decrypt(self, sealed: str) -> str:
        """Return the plain text; raise `ValueError` if altered or its key is unknown."""
        ...

    def encrypt_bytes(self, plain: bytes) -> bytes:
        """Like `encrypt`, for content of files."""
        ...

    def decrypt_bytes(self, sealed: bytes) -> bytes:
        """Like `decrypt`, for content of files."""
        ...

    def digest(self, plain: str) -> str:
        """Return 64 hex digits, the same for the same text: what a protected value is found by."""
        ...
