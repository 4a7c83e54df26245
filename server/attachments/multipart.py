"""Reception of one upload: streamed to a file, counted and hashed on the way.

The whole body is never in memory, and every block is parsed, hashed and written in a thread, so
that the event loop is free meanwhile.
"""

import asyncio
import hashlib
import os
from asyncio import Future
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeVar, TypeVarTuple

from cryptography.hazmat.primitives.hashes import SM3, Hash
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MAX_PARTS = 8
MAX_FIELD_BYTES = 4096
FORM_BYTES = 64 * 1024
"""What boundaries, headers and text fields may take beside the file."""
BLOCK_BYTES = 64 * 1024
"""Smaller pieces are gathered first: a thread is worth its start for this much."""
MAX_BOUNDARY_BYTES = 70
"""RFC 2046, 5.1.1."""

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class UploadFault(StrEnum):
    """Why a body is not received; the values are shown to programs."""

    LENGTH_REQUIRED = "length_required"
    TOO_LARGE = "too_large"
    TOO_MANY_PARTS = "too_many_parts"
    SEVERAL_FILES = "several_files"
    FIELD_TOO_LARGE = "field_too_large"
    NO_FILE = "no_file"
    MALFORMED_MULTIPART = "malformed_multipart"
    INCOMPLETE = "incomplete"


class UploadRefused(Exception):
    """A body is not received, for the reason in `code`; no file is left of it."""

    def __init__(self, code: UploadFault) -> None:
        super().__init__(code.value)
        self.code = code


@dataclass(frozen=True, slots=True)
class Received:
    """What was written; the digests are 64 hex digits each."""

    size_bytes: int
    sha256: str
    sm3: str


class _Sink(Protocol):
    """What the bytes of a body go into."""

    def feed(self, block: bytes) -> None:
        """Take the next bytes."""
        ...

    def finish(self) -> None:
        """Take note that the body has ended."""
        ...


def check_length(header: str | None, *, limit_bytes: int) -> int:
    """Return the body's declared length in bytes; raise `UploadRefused` before anything is read."""
    # int() alone would also take signs, spaces, underscores and the digits of other scripts.
    if header is None or not (header.isascii() and header.isdigit()):
        raise UploadRefused(UploadFault.LENGTH_REQUIRED)
    most_bytes = limit_bytes + FORM_BYTES
    if len(header) > len(str(most_bytes)) or int(header) > most_bytes:
        raise UploadRefused(UploadFault.TOO_LARGE)
    return int(header)


async def receive(
    chunks: AsyncIterator[bytes],
    *,
    content_type: str,
    into: Path,
    limit_bytes: int,
    length_bytes: int | None = None,
) -> Received:
    """Write the one file of a body to `into`, durably and with mode 0600; it must not exist yet.

    A body of `multipart/form-data` holds exactly one file, any other is the file itself. File names
    and the types that a client claims are not looked at. With `length_bytes`, a body that ends
    early is refused. Raise `UploadRefused`; after that, any other error, or a cancellation, no file
    is left.
    """
    file = _QuarantineFile(into, limit_bytes=limit_bytes)
    try:
        await _in_thread(file.open)
        sink = _sink_for(content_type, file)
        received_bytes = await _pour(chunks, sink, most_bytes=limit_bytes + FORM_BYTES)
        _check_complete(received_bytes, length_bytes)
        await _in_thread(sink.finish)
        return await _in_thread(file.keep)
    except (Exception, asyncio.CancelledError):
        await asyncio.shield(_in_thread(file.discard))
        raise


async def _pour(chunks: AsyncIterator[bytes], sink: _Sink, *, most_bytes: int) -> int:
    received_bytes = 0
    async for block in _gather(chunks):
        received_bytes += len(block)
        if received_bytes > most_bytes:
            raise UploadRefused(UploadFault.TOO_LARGE)
        await _in_thread(sink.feed, block)
    return received_bytes


def _check_complete(received_bytes: int, length_bytes: int | None) -> None:
    if length_bytes not in (None, received_bytes):
        raise UploadRefused(UploadFault.INCOMPLETE)


def _in_thread(call: Callable[[*Args], Result], *args: *Args) -> Future[Result]:
    # Not `to_thread`: a future goes on when its awaiter is cancelled, and no task is made.
    return asyncio.get_running_loop().run_in_executor(None, call, *args)


async def _gather(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= BLOCK_BYTES:
            yield bytes(waiting[:BLOCK_BYTES])
            del waiting[:BLOCK_BYTES]
    if waiting:
        yield bytes(waiting)


def _sink_for(content_type: str, file: "_QuarantineFile") -> _Sink:
    try:
        kind, options = parse_options_header(content_type)
    except ValueError:
        raise UploadRefused(UploadFault.MALFORMED_MULTIPART) from None
    if not kind.startswith(b"multipart/"):
        return _Raw(file)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= MAX_BOUNDARY_BYTES:
        raise UploadRefused(UploadFault.MALFORMED_MULTIPART)
    return _Form(boundary, file)


class _QuarantineFile:
    """A file that is either kept whole or gone, whatever thread is still writing to it."""

    def __init__(self, path: Path, *, limit_bytes: int) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._lock = Lock()
        self._file: FileIO | None = None
        self._is_discarded = False
        self._size_bytes = 0
        self._sha256 = hashlib.sha256()
        self._sm3 = Hash(SM3())

    def open(self) -> None:
        with self._lock:
            if not self._is_discarded:
                self._file = FileIO(self._path, "xb", opener=_open_private)

    def write(self, content: bytes) -> None:
        self._size_bytes += len(content)
        if self._size_bytes > self._limit_bytes:
            raise UploadRefused(UploadFault.TOO_LARGE)
        self._sha256.update(content)
        self._sm3.update(content)
        with self._lock:
            if self._file is not None and not self._is_discarded:
                _write_all(self._file, content)

    def keep(self) -> Received:
        with self._lock:
            if self._file is not None and not self._is_discarded:
                os.fsync(self._file.fileno())
                self._file.close()
                _sync_folder(self._path.parent)
        return Received(
            size_bytes=self._size_bytes,
            sha256=self._sha256.hexdigest(),
            sm3=self._sm3.finalize().hex(),
        )

    def discard(self) -> None:
        with self._lock:
            self._is_discarded = True
            if self._file is not None:
                self._path.unlink(missing_ok=True)
                self._file.close()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, mode=0o600)


def _write_all(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Raw:
    """A body that is the file."""

    def __init__(self, file: _QuarantineFile) -> None:
        self._file = file

    def feed(self, block: bytes) -> None:
        self._file.write(block)

    def finish(self) -> None:
        """Any end is an end."""


class _Form:
    """A body of parts, one of them the file."""

    def __init__(self, boundary: bytes, file: _QuarantineFile) -> None:
        self._file = file
        self._parts = self._files = self._field_bytes = 0
        self._is_file = self._has_ended = False
        self._name, self._value = bytearray(), bytearray()
        self._disposition: bytes | None = None
        self._parser = MultipartParser(
            boundary,
            callbacks={
                "on_part_begin": self._begin_part,
                "on_header_field": self._add_to_name,
                "on_header_value": self._add_to_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._judge_part,
                "on_part_data": self._take_data,
                "on_end": self._end,
            },
        )

    def feed(self, block: bytes) -> None:
        try:
            self._parser.write(block)
        except FormParserError:
            raise UploadRefused(UploadFault.MALFORMED_MULTIPART) from None

    def finish(self) -> None:
        if not self._has_ended:
            raise UploadRefused(UploadFault.MALFORMED_MULTIPART)
        if not self._files:
            raise UploadRefused(UploadFault.NO_FILE)

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise UploadRefused(UploadFault.TOO_MANY_PARTS)
        self._disposition, self._field_bytes = None, 0

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            if self._disposition is not None:
                raise UploadRefused(UploadFault.MALFORMED_MULTIPART)
            self._disposition = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _judge_part(self) -> None:
        kind, options = parse_options_header((self._disposition or b"").decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise UploadRefused(UploadFault.MALFORMED_MULTIPART)
        self._is_file = b"filename" in options
        self._files += self._is_file
        if self._files > 1:
            raise UploadRefused(UploadFault.SEVERAL_FILES)

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._file.write(data[start:end])
            return
        self._field_bytes += end - start
        if self._field_bytes > MAX_FIELD_BYTES:
            raise UploadRefused(UploadFault.FIELD_TOO_LARGE)

    def _end(self) -> None:
        self._has_ended = True
