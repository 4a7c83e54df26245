"""What may be handed in: kinds of files, limits, and reasons to refuse.

Judged by content alone; names and headers say nothing. Imports only what starts fast, since every
inspection begins by loading this module.
"""

from enum import StrEnum

MAX_PIXELS = 25_000_000
"""A4 at 600 dpi is 35 million, at 300 dpi 9 million; a phone's photo is 12 million."""
MAX_PAGES = 200
MAX_INFLATION_RATIO = 100
"""Text and drawings deflate to a tenth or a twentieth; a bomb to a thousandth."""
MAX_INFLATED_BYTES = 200 * 1024 * 1024
"""Of all streams of one document together."""
UNSUSPECTED_BYTES = 1024 * 1024
"""A stream that inflates to less is no bomb, whatever its ratio."""

ZIP_TAIL_BYTES = 22 + 65_535
"""An archive's end record with its longest comment: where an unpacker looks for it."""
PDF_TAIL_BYTES = 1024
"""Where a PDF reader looks for the end marker."""
TAR_MARK_AT = 257


class FileKind(StrEnum):
    """The types that are accepted."""

    JPEG = "jpeg"
    PNG = "png"
    PDF = "pdf"


class Refusal(StrEnum):
    """Why a file is not accepted; the values are shown to programs."""

    EMPTY = "empty"
    NOT_AN_ACCEPTED_TYPE = "not_an_accepted_type"
    TWO_TYPES_IN_ONE = "two_types_in_one"
    TRUNCATED = "truncated"
    BROKEN_IMAGE = "broken_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    SEVERAL_FRAMES = "several_frames"
    BROKEN_PDF = "broken_pdf"
    ENCRYPTED_PDF = "encrypted_pdf"
    TOO_MANY_PAGES = "too_many_pages"
    ACTIVE_CONTENT = "active_content"
    INFLATES_TOO_FAR = "inflates_too_far"
    TOO_COSTLY = "too_costly"
    MALWARE = "malware"


class FileRefused(Exception):
    """A file is not accepted, for the reason in `refusal`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


_MAGIC = {
    FileKind.JPEG: b"\xff\xd8\xff",
    FileKind.PNG: b"\x89PNG\r\n\x1a\n",
    FileKind.PDF: b"%PDF-",
}
_TRAILER = {
    FileKind.JPEG: b"\xff\xd9",
    FileKind.PNG: b"\0\0\0\0IEND\xaeB`\x82",
    FileKind.PDF: b"%%EOF",
}
_ARCHIVE_MARKS = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"MSCF\0\0\0\0")
_ZIP_END = b"PK\x05\x06"
_TAR_MARK = b"ustar"


def judge_kind(content: bytes) -> FileKind:
    """Return the one accepted type that `content` is; raise `FileRefused` if it is not just one."""
    if not content:
        raise FileRefused(Refusal.EMPTY)
    kind = next((kind for kind, magic in _MAGIC.items() if content.startswith(magic)), None)
    if kind is None:
        raise FileRefused(Refusal.NOT_AN_ACCEPTED_TYPE)
    if _is_also_another(content, kind):
        raise FileRefused(Refusal.TWO_TYPES_IN_ONE)
    if not _has_trailer(content, kind):
        raise FileRefused(Refusal.TRUNCATED)
    return kind


def check_pixels(width: int, height: int) -> None:
    """Raise `FileRefused` for a picture larger than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise FileRefused(Refusal.TOO_MANY_PIXELS)


def allowed_inflation_bytes(packed_bytes: int, *, declared_bytes: int = 0) -> int:
    """Return how many bytes a stream of `packed_bytes` may inflate to.

    `declared_bytes` is what a picture needs for the pixels it says it has: a blank page deflates to
    a thousandth and is no bomb.
    """
    wanted = max(UNSUSPECTED_BYTES, packed_bytes * MAX_INFLATION_RATIO, declared_bytes)
    return min(wanted, MAX_INFLATED_BYTES)


def _is_also_another(content: bytes, kind: FileKind) -> bool:
    if _ZIP_END in content[-ZIP_TAIL_BYTES:]:
        return True
    if content.startswith(_TAR_MARK, TAR_MARK_AT):
        return True
    if kind is not FileKind.PDF and _MAGIC[FileKind.PDF] in content:
        return True
    return any(mark in content for mark in _ARCHIVE_MARKS)


def _has_trailer(content: bytes, kind: FileKind) -> bool:
    # Cameras append films and maps to a picture; re-encoding leaves them behind.
    tail = content[-PDF_TAIL_BYTES:] if kind is FileKind.PDF else content
    return _TRAILER[kind] in tail
