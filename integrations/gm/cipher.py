"""SM4-GCM for what must stay secret, HMAC-SM3 for what it is found by (GB/T 32907, GB/T 32905)."""

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

VERSION = "v1"
KEY_BYTES = 16
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class ColumnCipher:
    """Keeps the `Cipher` contract.

    `keys` maps key ids to 16 bytes each: the last one encrypts, all of them decrypt. `digest_key`
    (16 bytes or more) cannot be rotated without computing every digest again.
    """

    def __init__(self, keys: Mapping[str, bytes], digest_key: bytes) -> None:
        _check_keys(keys, digest_key)
        self._algorithms = {key_id: SM4(key) for key_id, key in keys.items()}
        self._key_id = list(keys)[-1]
        self._header = f"{VERSION}.{self._key_id}."
        self._hmac = HMAC(digest_key, SM3())

    @staticmethod
    def check_available() -> None:
        """Raise `RuntimeError` if the OpenSSL in use was built without SM4 or SM3."""
        try:
            BlockCipher(SM4(bytes(KEY_BYTES)), GCM(bytes(NONCE_BYTES))).encryptor()
            HMAC(bytes(KEY_BYTES), SM3())
        except UnsupportedAlgorithm as error:
            raise RuntimeError("the OpenSSL in use lacks SM4-GCM or SM3") from error

    def encrypt(self, plain: str) -> str:
        """Return `v1.<key id>.<base64url of nonce, sealed text and tag>`."""
        return self._header + _encode(self._seal(plain.encode()))

    def decrypt(self, sealed: str) -> str:
        """Return the plain text; raise `ValueError` if altered or its key is unknown."""
        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        plain = self._open(version, key_id, _decode(text))
        try:
            return plain.decode()
        except UnicodeDecodeError:
            raise ValueError("sealed content is not text") from None

    def encrypt_bytes(self, plain: bytes) -> bytes:
        """Return `v1.<key id>.` and then nonce, sealed bytes and tag, unencoded."""
        return self._header.encode() + self._seal(plain)

    def decrypt_bytes(self, sealed: bytes) -> bytes:
        """Return the plain bytes; raise `ValueError` if altered or the key is unknown."""
        version, _, rest = sealed.partition(b".")
        key_id, _, body = rest.partition(b".")
        return self._open(version.decode("latin-1"), key_id.decode("latin-1"), body)

    def digest(self, plain: str) -> str:
        """Return HMAC-SM3 of the text in UTF-8 as 64 hex digits."""
        hmac = self._hmac.copy()
        hmac.update(plain.encode())
        return hmac.finalize().hex()

    def _seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        encryptor = BlockCipher(self._algorithms[self._key_id], GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(self._header.encode())
        body = encryptor.update(plain) + encryptor.finalize()
        return nonce + body + encryptor.tag

    def _open(self, version: str, key_id: str, sealed: bytes) -> bytes:
        if version != VERSION or key_id not in self._algorithms:
            raise ValueError("sealed by an unknown version or key")
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise ValueError("sealed content is too short")
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:-TAG_BYTES]
        mode = GCM(nonce, sealed[-TAG_BYTES:])
        decryptor = BlockCipher(self._algorithms[key_id], mode).decryptor()
        decryptor.authenticate_additional_data(f"{VERSION}.{key_id}.".encode())
        try:
            return decryptor.update(body) + decryptor.finalize()
        except InvalidTag:
            raise ValueError("sealed content was altered") from None


def _check_keys(keys: Mapping[str, bytes], digest_key: bytes) -> None:
    if not keys:
        raise ValueError("at least one column key is needed")
    if any(not KEY_ID.fullmatch(key_id) for key_id in keys):
        raise ValueError("a key id is 1 to 32 letters, digits, hyphens or underscores")
    if any(len(key) != KEY_BYTES for key in keys.values()):
        raise ValueError(f"a column key is {KEY_BYTES} bytes")
    if len(digest_key) < KEY_BYTES:
        raise ValueError(f"a digest key is {KEY_BYTES} bytes or more")


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError("sealed text is not base64url") from None
    # Stray characters and spare bits would let two texts stand for one value.
    if _encode(content) != text:
        raise ValueError("sealed text is not canonical base64url")
    return content
