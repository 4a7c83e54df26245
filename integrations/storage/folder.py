"""Blobs as files of one folder, encrypted, under random keys."""

import asyncio
import os
import re
import secrets
from pathlib import Path

from integrations.contracts.cipher import Cipher

KEY_BYTES = 32
KEY = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")


class FolderStore:
    """Keeps the `BlobStore` contract in `root`, which several processes may share.

    `blobs/ab/cd/<key>` holds what is stored, `partial/` what is being written (a file there that is
    hours old was left by a crash and may be deleted), `quarantine/` unchecked uploads.
    """

    def __init__(self, root: Path, cipher: Cipher) -> None:
        self._cipher = cipher
        _private_folder(root)
        self._blobs = _private_folder(root / "blobs")
        self._partial = _private_folder(root / "partial")
        self._quarantine = _private_folder(root / "quarantine")

    async def store(self, content: bytes) -> str:
        """Keep `content` durably and return its key, 64 hex digits."""
        key = secrets.token_hex(KEY_BYTES)
        # Not `to_thread`: a future goes on when its awaiter is cancelled, and no task is made.
        writing = asyncio.get_running_loop().run_in_executor(None, self._write, key, content)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # Nobody will ever know the key.
            writing.add_done_callback(lambda _: self._path_of(key).unlink(missing_ok=True))
            raise
        return key

    async def load(self, key: str) -> bytes:
        """Return the bytes; `FileNotFoundError` if not there, `ValueError` if they were altered."""
        return await asyncio.to_thread(self._read, key)

    async def delete(self, key: str) -> None:
        """Forget the bytes durably; a key that is not there is no error."""
        await asyncio.to_thread(self._remove, key)

    def quarantine(self) -> Path:
        """Return the directory (mode 0700) where uploads wait for their checks."""
        return self._quarantine

    def _path_of(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise FileNotFoundError("no such blob")
        return self._blobs / key[:2] / key[2:4] / key

    def _write(self, key: str, content: bytes) -> None:
        path = self._path_of(key)
        partial = self._partial / key
        try:
            _write_durably(partial, self._cipher.encrypt_bytes(content))
            _make_durable_folder(path.parent.parent)
            _make_durable_folder(path.parent)
            partial.rename(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    def _read(self, key: str) -> bytes:
        return self._cipher.decrypt_bytes(self._path_of(key).read_bytes())

    def _remove(self, key: str) -> None:
        try:
            path = self._path_of(key)
            path.unlink()
        except FileNotFoundError:
            return
        _sync_folder(path.parent)


def _private_folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def _make_durable_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    _sync_folder(path.parent)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
