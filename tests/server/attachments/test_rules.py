import pytest

from server.attachments.rules import (
    MAX_INFLATED_BYTES,
    FileKind,
    FileRefused,
    Refusal,
    allowed_inflation_bytes,
    check_pixels,
    judge_kind,
)
from tests.support import crafted_files as made


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (made.jpeg(), FileKind.JPEG),
        (made.png(), FileKind.PNG),
        (made.pdf_of(), FileKind.PDF),
        (made.jpeg() + made.PHP_TAIL, FileKind.JPEG),
        (made.png() + made.PHP_TAIL, FileKind.PNG),
        (made.pdf_of() + made.PHP_TAIL, FileKind.PDF),
    ],
)
def test_a_kind_is_told_by_content(content, kind):
    assert judge_kind(content) is kind


def test_an_archive_end_outside_the_tail_is_no_archive():
    record = made.archive(b"x")[-22:]

    assert judge_kind(made.jpeg() + record + bytes(65_536)) is FileKind.JPEG
    with pytest.raises(FileRefused) as refused:
        judge_kind(made.jpeg() + record + bytes(65_535))
    assert refused.value.refusal is Refusal.TWO_TYPES_IN_ONE


def test_twenty_five_million_pixels_are_the_most():
    check_pixels(5_000, 5_000)
    with pytest.raises(FileRefused) as refused:
        check_pixels(25_000_001, 1)
    assert refused.value.refusal is Refusal.TOO_MANY_PIXELS


@pytest.mark.parametrize(
    ("packed_bytes", "declared_bytes", "allowed_bytes"),
    [
        (10, 0, 1_048_576),
        (20_000, 0, 2_000_000),
        (20_000, 8_700_000, 8_700_000),
        (3_000_000, 0, MAX_INFLATED_BYTES),
        (10, 10**12, MAX_INFLATED_BYTES),
    ],
)
def test_what_a_stream_may_inflate_to(packed_bytes, declared_bytes, allowed_bytes):
    allowed = allowed_inflation_bytes(packed_bytes, declared_bytes=declared_bytes)

    assert allowed == allowed_bytes
