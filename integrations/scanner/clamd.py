"""The scanner daemon of ClamAV, over its INSTREAM command (clamd(8))."""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from integrations.contracts.errors import VendorUnavailable
from integrations.contracts.scanner import Verdict

NAME = "clamd"
CONNECT_TIMEOUT_S = 2.0
SCAN_TIMEOUT_S = 60.0
"""Of connection, transfer and answer together; clamd's own MaxScanTime should be shorter."""
CHUNK_BYTES = 64 * 1024
REPLY_BYTES = 1024

CLEAN = "stream: OK"
FOUND = re.compile(r"stream: ([\x21-\x7e]{1,200}) FOUND")


class ClamdScanner:
    """Keeps the `Scanner` contract; `url` is `tcp://host:port` or `unix:///path/to/socket`.

    Whatever is not a clear answer is `VendorUnavailable`: nothing unscanned passes for clean.
    """

    name = NAME

    def __init__(self, url: str, *, timeout_s: float = SCAN_TIMEOUT_S) -> None:
        parts = urlsplit(url)
        is_tcp = parts.scheme == "tcp" and parts.hostname and parts.port
        is_unix = parts.scheme == "unix" and parts.path and not parts.netloc
        if not (is_tcp or is_unix):
            raise ValueError("a clamd URL is tcp://host:port or unix:///path")
        self._host, self._port, self._socket = parts.hostname, parts.port, parts.path
        self._timeout_s = timeout_s

    async def scan(self, path: Path) -> Verdict:
        """Send the file and return the daemon's verdict."""
        content = await asyncio.to_thread(path.read_bytes)
        return _read_reply(await self._exchange(content))

    async def _exchange(self, content: bytes) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_s), self._connection() as (reader, writer):
                await _send(writer, content)
                return await reader.readuntil(b"\0")
        except TimeoutError:
            raise VendorUnavailable(NAME, code="timeout") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise VendorUnavailable(NAME, code="connection", reason=type(error).__name__) from None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await self._open()
        try:
            yield reader, writer
        finally:
            # Not `close`, which would wait for a daemon that stopped reading.
            writer.transport.abort()

    async def _open(self) -> tuple[StreamReader, StreamWriter]:
        if self._port is None:
            return await asyncio.open_unix_connection(self._socket, limit=REPLY_BYTES)
        return await asyncio.open_connection(self._host, self._port, limit=REPLY_BYTES)


async def _send(writer: StreamWriter, content: bytes) -> None:
    writer.write(b"zINSTREAM\0")
    for at in range(0, len(content), CHUNK_BYTES):
        chunk = content[at : at + CHUNK_BYTES]
        writer.write(len(chunk).to_bytes(4) + chunk)
        await writer.drain()
    writer.write(bytes(4))
    await writer.drain()


def _read_reply(reply: bytes) -> Verdict:
    text = reply.rstrip(b"\0").decode("ascii", "replace")
    if text == CLEAN:
        return Verdict(clean=True)
    found = FOUND.fullmatch(text)
    if found is None:
        raise VendorUnavailable(NAME, code="unclear")
    return Verdict(clean=False, signature=found[1])
