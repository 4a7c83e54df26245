"""The `|$4|` envelope that orders, answers and pushes of the post travel in.

It is SM4-ECB with PKCS#7, and the key's own text is appended to the document before sealing. The
platform prescribes it. It has no MAC: blocks can be removed and still decrypt, so what comes out
of an envelope is a hint until the post confirms it.
"""

from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

PREFIX = "|$4|"
KEY_BYTES = 16
BLOCK_BITS = 128


class Envelope:
    """Seals and opens under `sign_key`, the base64 text of 16 bytes as the post hands it out."""

    def __init__(self, sign_key: str) -> None:
        key = _decode(sign_key)
        if len(key) != KEY_BYTES:
            raise ValueError("a sign key is 16 bytes in base64")
        self._suffix = sign_key
        self._cipher = Cipher(SM4(key), ECB())  # noqa: S305 - prescribed by the platform

    def seal(self, document: str, *, with_suffix: bool = True) -> str:
        """Return the envelope of a document; the post's own pushes go without the suffix."""
        plain = document + self._suffix if with_suffix else document
        padder = PKCS7(BLOCK_BITS).padder()
        padded = padder.update(plain.encode()) + padder.finalize()
        encryptor = self._cipher.encryptor()
        return PREFIX + b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def open(self, sealed: str, *, must_have_suffix: bool = False) -> str:
        """Return the document without its suffix.

        Raises `ValueError` if it was not sealed under this key, or lacks a suffix it must have.
        """
        if not sealed.startswith(PREFIX):
            raise ValueError("not an envelope")
        plain = self._decrypt(_decode(sealed.removeprefix(PREFIX)))
        if must_have_suffix and not plain.endswith(self._suffix):
            raise ValueError("the envelope lacks its suffix")
        return plain.removesuffix(self._suffix)

    def _decrypt(self, content: bytes) -> str:
        decryptor, unpadder = self._cipher.decryptor(), PKCS7(BLOCK_BITS).unpadder()
        try:
            padded = decryptor.update(content) + decryptor.finalize()
            return (unpadder.update(padded) + unpadder.finalize()).decode()
        except ValueError:
            # The cause would carry the decrypted bytes.
            raise ValueError("the envelope does not open under this key") from None


def _decode(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError("not base64") from None
