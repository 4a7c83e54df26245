"""Documents, looked through and written anew; runs in the confined worker only."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from pikepdf.settings import set_qpdf_limits

from server.attachments.inflation import InflationMeter, filters_of
from server.attachments.rules import MAX_INFLATED_BYTES, MAX_PAGES, FileRefused, Refusal

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
KIND_KEYS = frozenset({"/S", "/Type", "/Subtype"})
METADATA = frozenset({"/Metadata", "/PieceInfo", "/LastModified"})

JPEG_SCAN = 0xDA
JPEG_KEPT = frozenset(range(0xC0, 0xFE)) - frozenset(range(0xE0, 0xF0)) | {0xE0, 0xEE}
"""Tables, and the two application markers that say how colours are meant."""


def rewrite(path: Path) -> tuple[bytes, dict[str, int]]:
    """Return the document written anew without its metadata, and its number of `pages`.

    Raise `FileRefused` for active content, encryption, too many pages, bombs, or no structure.
    """
    # A second wall: the library inflates object streams itself, before they can be counted.
    set_qpdf_limits(flate_max_memory=MAX_INFLATED_BYTES, run_length_max_memory=MAX_INFLATED_BYTES)
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            return _rewrite(pdf)
    except pikepdf.PasswordError:
        raise FileRefused(Refusal.ENCRYPTED_PDF) from None
    except (pikepdf.PikepdfError, RuntimeError, ValueError, TypeError) as error:
        raise FileRefused(Refusal.BROKEN_PDF) from error


def _rewrite(pdf: Pdf) -> tuple[bytes, dict[str, int]]:
    if pdf.is_encrypted:
        raise FileRefused(Refusal.ENCRYPTED_PDF)
    _look_through(pdf)
    pages = len(pdf.pages)
    if not pages:
        raise FileRefused(Refusal.BROKEN_PDF)
    if pages > MAX_PAGES:
        raise FileRefused(Refusal.TOO_MANY_PAGES)
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    written = BytesIO()
    pdf.save(written, deterministic_id=True)
    return written.getvalue(), {"pages": pages}


def _look_through(pdf: Pdf) -> None:
    meter = InflationMeter()
    for holder in _dictionaries(pdf):
        keys = holder.keys()
        _refuse_active(holder, keys)
        for key in METADATA & keys:
            del holder[key]
        if isinstance(holder, Stream):
            meter.measure(holder)
            _strip_photo(holder)


def _dictionaries(pdf: Pdf) -> Iterator[Object]:
    pending: list[object] = [pdf.trailer, *pdf.objects]
    while pending:
        item = pending.pop()
        if isinstance(item, Array):
            pending += filter(_is_direct, item)
        elif isinstance(item, (Dictionary, Stream)):
            yield item
            pending += filter(_is_direct, item.values())


def _is_direct(child: object) -> bool:
    # The others stand in the document's own list of objects.
    return isinstance(child, (Array, Dictionary)) and not child.is_indirect


def _refuse_active(holder: Object, keys: set[str]) -> None:
    kinds = (holder.get(key) for key in KIND_KEYS & keys)
    named = {str(kind) for kind in kinds if isinstance(kind, Name)}
    if not ACTIVE.isdisjoint(named | keys):
        raise FileRefused(Refusal.ACTIVE_CONTENT)


def _strip_photo(stream: Stream) -> None:
    if filters_of(stream) != ["/DCTDecode"]:
        return
    photo = stream.read_raw_bytes()
    bare = strip_jpeg(photo)
    if bare != photo:
        parameters = stream.get("/DecodeParms")
        known = parameters if isinstance(parameters, (Array, Dictionary)) else None
        stream.write(bare, filter=Name.DCTDecode, decode_parms=known)


def strip_jpeg(photo: bytes) -> bytes:
    """Return a JPEG without its comments and application data (EXIF, XMP, places)."""
    kept, at = [photo[:2]], 2
    while at + 4 <= len(photo) and photo[at + 1] != JPEG_SCAN:
        end = at + 2 + int.from_bytes(photo[at + 2 : at + 4])
        if photo[at + 1] in JPEG_KEPT:
            kept.append(photo[at:end])
        at = end
    return b"".join(kept) + photo[at:]
