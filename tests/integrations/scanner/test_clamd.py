import asyncio
from contextlib import asynccontextmanager

import pytest

from integrations.contracts.errors import VendorUnavailable
from integrations.contracts.scanner import Verdict
from integrations.scanner.clamd import ClamdScanner

CONTENT = bytes(range(256)) * 1_000


class FakeClamd:
    """Speaks the server's side of INSTREAM, and answers what it was told to."""

    def __init__(self, reply):
        self.reply = reply
        self.received = []

    async def serve(self, reader, writer):
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        content = bytearray()
        while size := int.from_bytes(await reader.readexactly(4)):
            content += await reader.readexactly(size)
        self.received.append(bytes(content))
        writer.write(self.reply)
        writer.close()


@asynccontextmanager
async def listening(serve):
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"tcp://127.0.0.1:{port}"


@pytest.fixture
def upload(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(CONTENT)
    return path


async def expect_unavailable(url, upload, code, **options):
    with pytest.raises(VendorUnavailable) as unavailable:
        await ClamdScanner(url, **options).scan(upload)
    assert unavailable.value.code == code
    assert unavailable.value.vendor == "clamd"


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (b"stream: OK\0", Verdict(clean=True)),
        (
            b"stream: Win.Test.EICAR_HDB-1 FOUND\0",
            Verdict(clean=False, signature="Win.Test.EICAR_HDB-1"),
        ),
        (
            b"stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0",
            Verdict(clean=False, signature="Heuristics.Limits.Exceeded.MaxRecursion"),
        ),
    ],
)
async def test_a_clear_answer_is_the_verdict(upload, reply, verdict):
    clamd = FakeClamd(reply)

    async with listening(clamd.serve) as url:
        assert await ClamdScanner(url).scan(upload) == verdict

    assert clamd.received == [CONTENT]


async def test_an_empty_file_is_sent_too(tmp_path):
    clamd = FakeClamd(b"stream: OK\0")
    (tmp_path / "empty").touch()

    async with listening(clamd.serve) as url:
        assert await ClamdScanner(url).scan(tmp_path / "empty") == Verdict(clean=True)

    assert clamd.received == [b""]


async def test_a_socket_in_the_file_system_serves_as_well(upload, tmp_path):
    clamd = FakeClamd(b"stream: OK\0")

    async with await asyncio.start_unix_server(clamd.serve, tmp_path / "clamd.sock"):
        scanner = ClamdScanner(f"unix://{tmp_path}/clamd.sock")
        assert await scanner.scan(upload) == Verdict(clean=True)

    assert clamd.received == [CONTENT]


@pytest.mark.parametrize(
    "reply",
    [
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"stream: OK FOUND ERROR\0",
        b"stream:  FOUND\0",
        b"stream: a b FOUND\0",
        b"stream: \xe9 FOUND\0",
        b"stream: OK\n\0",
        b"UNKNOWN COMMAND\0",
        b"\0",
    ],
)
async def test_an_unclear_answer_is_no_verdict(upload, reply):
    async with listening(FakeClamd(reply).serve) as url:
        await expect_unavailable(url, upload, "unclear")


@pytest.mark.parametrize("reply", [b"", b"stream: OK", b"x" * 5_000])
async def test_an_answer_without_its_end_is_no_verdict(upload, reply):
    async with listening(FakeClamd(reply).serve) as url:
        await expect_unavailable(url, upload, "connection")


async def test_a_daemon_that_hangs_up_at_once_is_no_verdict(upload):
    async def hang_up(_, writer):
        writer.transport.abort()

    async with listening(hang_up) as url:
        await expect_unavailable(url, upload, "connection")


async def test_a_daemon_that_is_not_there_is_no_verdict(upload, tmp_path):
    async with listening(FakeClamd(b"").serve) as url:
        pass

    await expect_unavailable(url, upload, "connection")
    await expect_unavailable(f"unix://{tmp_path}/none.sock", upload, "connection")


async def test_a_daemon_that_never_reads_is_no_verdict(tmp_path):
    has_ended = asyncio.Event()
    big = tmp_path / "big"
    big.write_bytes(bytes(20 * 1024 * 1024))

    async def stall(reader, writer):
        reader._transport.pause_reading()
        await has_ended.wait()
        writer.transport.abort()

    async with listening(stall) as url:
        await expect_unavailable(url, big, "timeout", timeout_s=0.3)
        has_ended.set()


async def test_a_daemon_that_never_answers_is_no_verdict(upload):
    has_ended = asyncio.Event()

    async def keep_silent(_, writer):
        await has_ended.wait()
        writer.transport.abort()

    async with listening(keep_silent) as url:
        await expect_unavailable(url, upload, "timeout", timeout_s=0.3)
        has_ended.set()


@pytest.mark.parametrize(
    "url",
    ["", "tcp://", "tcp://host", "http://host:3310", "unix://", "unix://host/path", "host:3310"],
)
def test_a_url_that_leads_nowhere_is_refused(url):
    with pytest.raises(ValueError, match="a clamd URL"):
        ClamdScanner(url)
