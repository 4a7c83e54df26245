from io import BytesIO
from zipfile import ZIP_LZMA, ZipFile

import pytest

from integrations.contracts.errors import VendorUnavailable
from integrations.contracts.scanner import Verdict
from integrations.scanner.embedded import EmbeddedScanner
from tests.support import crafted_files as made

FOUND = Verdict(clean=False, signature="Eicar-Test-Signature")
CLEAN = Verdict(clean=True)
LONG = 3 * made.MIB


def lzma_archive(content):
    file = BytesIO()
    with ZipFile(file, "w", ZIP_LZMA) as packed:
        packed.writestr("inside", content)
    return file.getvalue()


async def scan(folder, content):
    path = folder / "upload"
    path.write_bytes(content)
    return await EmbeddedScanner().scan(path)


@pytest.mark.parametrize(
    "content",
    [
        made.EICAR,
        made.jpeg() + made.EICAR,
        made.jpeg(comment=made.EICAR),
        made.pdf_of([made.stream(made.EICAR)]),
        made.pdf_with_stream(made.EICAR),
        made.pdf_with_stream(bytes(made.MIB - 30) + made.EICAR + bytes(made.MIB)),
        made.pdf_of([made.flate_stream(b"x"), made.flate_stream(made.EICAR)]),
        made.archive(made.EICAR),
        made.archive(bytes(LONG) + made.EICAR),
        made.nested_archive(made.EICAR, 3),
        made.archive(made.pdf_with_stream(made.EICAR)),
        made.pdf_of() + made.archive(made.EICAR),
        made.archive(b"x", "first")[:-22] + made.archive(made.EICAR),
    ],
    ids=range(13),
)
async def test_the_test_string_is_found_where_it_hides(tmp_path, content):
    assert await scan(tmp_path, content) == FOUND


@pytest.mark.parametrize(
    "content",
    [
        b"",
        made.EICAR[:-1],
        made.jpeg(),
        made.png(),
        made.pdf_with_metadata(),
        made.archive(b"harmless"),
        made.archive(made.EICAR)[:-30],
        made.nested_archive(made.EICAR, 4),
        lzma_archive(made.EICAR),
        b"PK\x05\x06" * 99,
        b"stream\r\n" * 99,
    ],
    ids=range(11),
)
async def test_what_it_does_not_see_it_calls_clean(tmp_path, content):
    assert await scan(tmp_path, content) == CLEAN


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (made.pdf_with_stream(bytes(257 * made.MIB)), "unpacks_too_far"),
        (made.archive(bytes(17 * made.MIB)), "unpacks_too_far"),
    ],
    ids=["stream", "member"],
)
async def test_what_unpacks_too_far_is_not_judged(tmp_path, content, code):
    with pytest.raises(VendorUnavailable) as unavailable:
        await scan(tmp_path, content)

    assert unavailable.value.code == code


async def test_an_archive_of_too_many_members_is_not_judged(tmp_path):
    file = BytesIO()
    with ZipFile(file, "w") as packed:
        for number in range(1_001):
            packed.writestr(str(number), b"")

    with pytest.raises(VendorUnavailable) as unavailable:
        await scan(tmp_path, file.getvalue())

    assert unavailable.value.code == "too_many_members"


def test_it_does_not_call_itself_an_antivirus():
    assert EmbeddedScanner.name == "embedded check"
