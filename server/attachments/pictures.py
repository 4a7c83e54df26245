"""Pictures, decoded and drawn anew; runs in the confined worker only."""

from io import BytesIO
from pathlib import Path
from struct import error as StructError  # noqa: N812 - it is an exception type
from warnings import simplefilter

from PIL import Image

from server.attachments.rules import MAX_PIXELS, FileKind, FileRefused, Refusal, check_pixels

JPEG_QUALITY = 90
"""Above Pillow's 75: what is photographed here is mostly small print."""
PNG_COMPRESS_LEVEL = 1
"""25 megapixels of a photo took 2 s; at the usual 6 it was 12 s, for a file 15 % smaller."""

ORIENTATION_TAG = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to what sets the picture upright."""

_KEPT_MODES = {
    FileKind.JPEG: {"L", "RGB"},
    FileKind.PNG: {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"},
}
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError)


def redraw(path: Path, kind: FileKind) -> tuple[bytes, dict[str, int]]:
    """Return the picture encoded anew from its pixels alone, and its `width` and `height`.

    Raise `FileRefused` if it is too large, moves, or cannot be decoded to its end.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    simplefilter("error", Image.DecompressionBombWarning)
    image = _upright(_decode(path, kind))
    return _encode(_plain(image, kind), kind), {"width": image.width, "height": image.height}


def _decode(path: Path, kind: FileKind) -> Image.Image:
    try:
        image = Image.open(path, formats=[kind])
        check_pixels(*image.size)
        if kind is FileKind.PNG and getattr(image, "is_animated", False):
            raise FileRefused(Refusal.SEVERAL_FRAMES)
        image.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise FileRefused(Refusal.TOO_MANY_PIXELS) from None
    except (*_DECODER_ERRORS, StructError) as error:
        is_cut = "truncated" in str(error)
        raise FileRefused(Refusal.TRUNCATED if is_cut else Refusal.BROKEN_IMAGE) from error
    return image


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = TURNS.get(image.getexif().get(ORIENTATION_TAG, 1))
    except (*_DECODER_ERRORS, StructError):
        turn = None
    return image if turn is None else image.transpose(turn)


def _plain(image: Image.Image, kind: FileKind) -> Image.Image:
    if kind is FileKind.JPEG:
        wanted = image.mode if image.mode in _KEPT_MODES[kind] else "RGB"
    elif "transparency" in image.info or image.mode not in _KEPT_MODES[kind]:
        wanted = "RGBA"
    else:
        wanted = image.mode
    plain = image if image.mode == wanted else image.convert(wanted)
    # Whatever the file said beside its pixels (comments, profiles, places) would be written back.
    plain.info.clear()
    return plain


def _encode(image: Image.Image, kind: FileKind) -> bytes:
    encoded = BytesIO()
    if kind is FileKind.JPEG:
        image.save(encoded, kind, quality=JPEG_QUALITY)
    else:
        image.save(encoded, kind, compress_level=PNG_COMPRESS_LEVEL)
    return encoded.getvalue()
