"""A check that works without any other program, for the embedded run.

It knows one signature, the test file of EICAR. That proves the path an infected file takes; it
protects nobody, and does not call itself an antivirus.
"""

import asyncio
import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from integrations.contracts.errors import VendorUnavailable
from integrations.contracts.scanner import Verdict

NAME = "embedded check"
SIGNATURE = "Eicar-Test-Signature"
# Written reversed, or virus scanners would take this file away.
EICAR = b"*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\\4[PA@%P!O5X"[::-1]

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
"""Somewhat more than a document that the inspection accepts inflates to."""
MAX_MEMBER_BYTES = 16 * 1024 * 1024
MAX_MEMBERS = 1000
MAX_NESTING = 3
BLOCK_BYTES = 1024 * 1024
PDF_STREAM = re.compile(rb"stream\r?\n")
ZIP_END = b"PK\x05\x06"


class EmbeddedScanner:
    """Keeps the `Scanner` contract: looks for the EICAR test string.

    Looks at the raw bytes, at members of zip archives (three deep) and at Flate streams of PDFs.
    """

    name = NAME

    async def scan(self, path: Path) -> Verdict:
        """Return whether the string is there; `VendorUnavailable` if it unpacks to too much."""
        return await asyncio.to_thread(self._scan, path)

    def _scan(self, path: Path) -> Verdict:
        search = _Search()
        if search.finds_in(path.read_bytes(), nesting=0):
            return Verdict(clean=False, signature=SIGNATURE)
        return Verdict(clean=True)


class _Search:
    def __init__(self) -> None:
        self._left_bytes = MAX_UNPACKED_BYTES

    def finds_in(self, content: bytes, *, nesting: int) -> bool:
        if EICAR in content:
            return True
        if any(EICAR in window for window in self._inflated_streams(content)):
            return True
        if nesting == MAX_NESTING or ZIP_END not in content:
            return False
        return any(
            self.finds_in(member, nesting=nesting + 1) for member in self._zip_members(content)
        )

    def _inflated_streams(self, content: bytes) -> Iterator[bytes]:
        for start in PDF_STREAM.finditer(content):
            overlap = b""
            for block in self._inflate(memoryview(content)[start.end() :]):
                yield overlap + block
                overlap = block[-len(EICAR) :]

    def _inflate(self, packed: memoryview) -> Iterator[bytes]:
        inflater = zlib.decompressobj()
        for at in range(0, len(packed), BLOCK_BYTES):
            rest: bytes | memoryview = packed[at : at + BLOCK_BYTES]
            while rest and not inflater.eof:
                try:
                    block = inflater.decompress(rest, BLOCK_BYTES)
                except zlib.error:
                    return
                self._spend(len(block))
                yield block
                rest = inflater.unconsumed_tail

    def _zip_members(self, content: bytes) -> Iterator[bytes]:
        try:
            with ZipFile(BytesIO(content)) as archive:
                for member in _known_members(archive):
                    with archive.open(member) as file:
                        unpacked = file.read(MAX_MEMBER_BYTES + 1)
                    if len(unpacked) > MAX_MEMBER_BYTES:
                        raise VendorUnavailable(NAME, code="unpacks_too_far")
                    self._spend(len(unpacked))
                    yield unpacked
        except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
            # Damaged, encrypted or in an unknown method: nothing more can be seen from here.
            return

    def _spend(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise VendorUnavailable(NAME, code="unpacks_too_far")


def _known_members(archive: ZipFile) -> list[ZipInfo]:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise VendorUnavailable(NAME, code="too_many_members")
    return [member for member in members if member.compress_type in {ZIP_STORED, ZIP_DEFLATED}]
