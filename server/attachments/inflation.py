"""How far the streams of a document inflate, counted without keeping what comes out."""

import zlib
from collections.abc import Iterable, Iterator

from pikepdf import Array, Name, Stream, StreamDecodeLevel

from server.attachments.rules import (
    MAX_INFLATED_BYTES,
    FileRefused,
    Refusal,
    allowed_inflation_bytes,
)

FLATE = frozenset({"/FlateDecode", "/Fl"})
TEXT_FORMS = frozenset({"/ASCII85Decode", "/A85", "/ASCIIHexDecode", "/AHx"})
PICTURE_CODECS = frozenset(
    {"/DCTDecode", "/DCT", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode", "/CCF"}
)
BLOCK_BYTES = 1024 * 1024
MOST_COMPONENTS = 4
"""Of a pixel: cyan, magenta, yellow, black."""


class InflationMeter:
    """Adds up what the streams of one document inflate to."""

    def __init__(self) -> None:
        self._total = 0

    def measure(self, stream: Stream) -> None:
        """Inflate a stream, piece by piece; raise `FileRefused` once it goes too far."""
        declared = _declared_bytes(stream)
        filters = filters_of(stream)
        if not PICTURE_CODECS.isdisjoint(filters) and declared > MAX_INFLATED_BYTES:
            raise FileRefused(Refusal.INFLATES_TOO_FAR)
        packed = stream.read_raw_bytes()
        left = allowed_inflation_bytes(len(packed), declared_bytes=declared)
        for size_bytes in _inflated_sizes(stream, packed, filters):
            left -= size_bytes
            self._total += size_bytes
            if left < 0 or self._total > MAX_INFLATED_BYTES:
                raise FileRefused(Refusal.INFLATES_TOO_FAR)


def filters_of(stream: Stream) -> list[str]:
    """Return the names of a stream's filters in the order they are undone."""
    found = stream.get("/Filter")
    listed = list(found) if isinstance(found, Array) else [found]
    return [str(name) for name in listed if isinstance(name, Name)]


def _inflated_sizes(stream: Stream, packed: bytes, filters: list[str]) -> Iterator[int]:
    codec_at = next((at for at, name in enumerate(filters) if name in PICTURE_CODECS), None)
    inflating = filters[:codec_at]
    if TEXT_FORMS.issuperset(inflating):
        return
    if FLATE.issuperset(inflating):
        yield from _flate_sizes(packed, depth=len(inflating))
    else:
        yield len(stream.get_stream_buffer(StreamDecodeLevel.all))


def _flate_sizes(packed: bytes, *, depth: int) -> Iterator[int]:
    sizes: list[int] = []
    pieces: Iterable[bytes] = [packed]
    for _ in range(depth):
        pieces = _inflate(pieces, sizes)
    for _ in pieces:
        yield sum(sizes)
        sizes.clear()


def _inflate(pieces: Iterable[bytes], sizes: list[int]) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for piece in pieces:
        rest = piece
        while rest and not inflater.eof:
            try:
                inflated = inflater.decompress(rest, BLOCK_BYTES)
            except zlib.error:
                # Readers show what came out before the damage, so that much counts.
                return
            sizes.append(len(inflated))
            yield inflated
            rest = inflater.unconsumed_tail


def _declared_bytes(stream: Stream) -> int:
    width, height = _number(stream, "/Width"), _number(stream, "/Height")
    bits = _number(stream, "/BitsPerComponent") or 8
    # A PNG predictor puts one byte before each row.
    return width * height * MOST_COMPONENTS * bits // 8 + height


def _number(stream: Stream, key: str) -> int:
    value = stream.get(key)
    return max(value, 0) if isinstance(value, int) else 0
