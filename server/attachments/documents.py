"""Documents, looked through and written anew; runs in the confined worker only."""

import zlib
from base64 import a85decode
from binascii import Error as BinasciiError
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from pikepdf.settings import set_qpdf_limits

from server.attachments.rules import (
    MAX_INFLATED_BYTES,
    MAX_PAGES,
    MAX_PIXELS,
    FileRefused,
    Refusal,
    allowed_inflation_bytes,
)

ACTIVE = frozenset(
    {
        "/JavaScript",
        "/JS",
        "/OpenAction",
        "/AA",
        "/Launch",
        "/EmbeddedFile",
        "/EmbeddedFiles",
        "/RichMedia",
        "/XFA",
        "/SubmitForm",
    }
)
"""Refused as a key of any dictionary, and as what a dictionary says it is."""
SAYS_WHAT_IT_IS = ("/S", "/Type", "/Subtype")
METADATA_KEYS = ("/Metadata", "/PieceInfo", "/LastModified")

FLATE = frozenset({"/FlateDecode", "/Fl"})
ASCII_85 = frozenset({"/ASCII85Decode", "/A85"})
ASCII_HEX = frozenset({"/ASCIIHexDecode", "/AHx"})
PICTURE_CODECS = frozenset(
    {"/DCTDecode", "/DCT", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode", "/CCF"}
)
BLOCK_BYTES = 1024 * 1024


class Meter:
    """Adds up what comes out of the streams of one document."""

    def __init__(self) -> None:
        self._total = 0
        self._stream = 0
        self._allowed = 0

    def start(self, allowed_bytes: int) -> None:
        """Begin the next stream."""
        self._stream, self._allowed = 0, allowed_bytes

    def add(self, size_bytes: int) -> None:
        """Count; raise `FileRefused` past the stream's or the document's allowance."""
        self._total += size_bytes
        self._stream += size_bytes
        if self._stream > self._allowed or self._total > MAX_INFLATED_BYTES:
            raise FileRefused(Refusal.INFLATES_TOO_FAR)


def rewrite(path: Path) -> tuple[bytes, dict[str, int]]:
    """Return the document written anew without its metadata, and its number of `pages`.

    Raise `FileRefused` for active content, encryption, too many pages, bombs, or no structure.
    """
    # A second wall: where a decoder of the library runs before or beside our own count.
    set_qpdf_limits(
        flate_max_memory=MAX_INFLATED_BYTES, run_length_max_memory=MAX_INFLATED_BYTES
    )
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            return _rewrite(pdf)
    except pikepdf.PasswordError:
        raise FileRefused(Refusal.ENCRYPTED_PDF) from None
    except (pikepdf.PikepdfError, RuntimeError, ValueError, TypeError, RecursionError) as error:
        raise FileRefused(Refusal.BROKEN_PDF) from error


def _rewrite(pdf: Pdf) -> tuple[bytes, dict[str, int]]:
    if pdf.is_encrypted:
        raise FileRefused(Refusal.ENCRYPTED_PDF)
    _look_through(pdf)
    pages = len(pdf.pages)
    if pages > MAX_PAGES:
        raise FileRefused(Refusal.TOO_MANY_PAGES)
    if not pages:
        raise FileRefused(Refusal.BROKEN_PDF)
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    written = BytesIO()
    pdf.save(written, deterministic_id=True)
    return written.getvalue(), {"pages": pages}


def _look_through(pdf: Pdf) -> None:
    meter = Meter()
    for holder in _dictionaries(pdf):
        _refuse_active(holder)
        if isinstance(holder, Stream):
            _measure(holder, meter)
        for key in METADATA_KEYS:
            if key in holder:
                del holder[key]


def _dictionaries(pdf: Pdf) -> Iterator[Object]:
    pending: list[object] = [pdf.trailer, *pdf.objects]
    while pending:
        item = pending.pop()
        if isinstance(item, Array):
            pending += (child for child in item if _is_direct(child))
        elif isinstance(item, (Dictionary, Stream)):
            yield item
            pending += (child for _, child in item.items() if _is_direct(child))


def _is_direct(child: object) -> bool:
    # The others are in the document's own list of objects.
    return isinstance(child, (Array, Dictionary)) and not child.is_indirect


def _refuse_active(holder: Object) -> None:
    if not ACTIVE.isdisjoint(holder.keys()):
        raise FileRefused(Refusal.ACTIVE_CONTENT)
    for key in SAYS_WHAT_IT_IS:
        said = holder.get(key)
        if isinstance(said, Name) and str(said) in ACTIVE:
            raise FileRefused(Refusal.ACTIVE_CONTENT)


def _measure(stream: Stream, meter: Meter) -> None:
    packed = stream.read_raw_bytes()
    declared = _declared_bytes(stream)
    meter.start(allowed_inflation_bytes(len(packed), declared_bytes=declared))
    pieces: Iterable[bytes] = [packed]
    for name in _filters(stream):
        if name in FLATE:
            pieces = _inflate(pieces)
        elif name in ASCII_85:
            pieces = _from_ascii_85(pieces)
        elif name in ASCII_HEX:
            pieces = _from_ascii_hex(pieces)
        elif name in PICTURE_CODECS:
            break
        pieces = _counted(pieces, meter)
    for _ in pieces:
        continue
