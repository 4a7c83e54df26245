"""The corpus: files that must not be accepted, each with the reason that must be given."""

from collections.abc import Callable
from functools import partial

from server.attachments.rules import Refusal
from tests.support import crafted_files as made

ACTIVE_KEYS = (
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
)
IMAGE = b"/Type /XObject /Subtype /Image /Width 10 /Height 10 /BitsPerComponent 8 "


def _in_catalogue(key: str) -> bytes:
    return made.pdf_of(catalog=b"%b << /S /X >>" % key.encode())


def _said_by_an_action(key: str) -> bytes:
    action = b"/A << /S /GoTo /Next [ << /S %b >> ] >>" % key.encode()
    return made.pdf_of(page=b"/Annots [ << /Type /Annot /Subtype /Link %b >> ]" % action)


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _tar(content: bytes) -> bytes:
    return content[:20] + made.jpeg_segment(0xFE, bytes(233) + b"ustar\x0000" + bytes(40))


OTHER_TYPES: dict[str, bytes] = {
    "one byte": b"\xff",
    "plain text": b"hello",
    "eicar as it is": made.EICAR,
    "eicar in a zip": made.archive(made.EICAR),
    "gif": made.encoded(made.picture(), "GIF"),
    "bmp": made.encoded(made.picture(), "BMP"),
    "tiff": made.encoded(made.picture(), "TIFF"),
    "webp": made.encoded(made.picture(), "WEBP"),
    "gif with php": b"GIF89a" + made.PHP_TAIL,
    "fits": b"SIMPLE  =                    T",
    "svg named png": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html named jpg": b"<!doctype html><script>alert(1)</script>",
    "postscript": b"%!PS-Adobe-3.0\n(%stdin) run\n",
    "windows program": b"MZ" + bytes(100),
    "linux program": b"\x7fELF" + bytes(100),
    "shell script": b"#!/bin/sh\nid\n",
    "pdf after a byte": b"\n" + made.pdf_of(),
    "pdf after a gif": b"GIF89a" + made.pdf_of(),
    "jpeg after html": b"<html>" + made.jpeg(),
    "png of another case": b"\x89png\r\n\x1a\n" + made.png()[8:],
}

SEVERAL_TYPES: dict[str, bytes] = {
    "pdf and zip": made.pdf_of() + made.archive(b"class"),
    "jpeg and zip": made.jpeg() + made.archive(b"class"),
    "png and zip": made.png() + made.archive(b"class"),
    "zip with a comment": made.jpeg() + made.archive(b"class") + b"x" * 60_000,
    "pdf in a jpeg comment": made.jpeg(comment=made.pdf_of()),
    "pdf behind a png": made.png() + made.pdf_of(),
    "rar behind a jpeg": made.jpeg() + b"Rar!\x1a\x07\x01\x00",
    "7z behind a png": made.png() + b"7z\xbc\xaf\x27\x1c\x00\x04",
    "cabinet behind a pdf": made.pdf_of() + b"MSCF\0\0\0\0%%EOF",
    "jpeg and tar": _tar(made.jpeg()) + made.jpeg()[20:],
}

PICTURES: dict[str, tuple[Callable[[], bytes], Refusal]] = {
    "jpeg cut in half": (lambda: _cut(made.jpeg()), Refusal.TRUNCATED),
    "jpeg cut, with a thumbnail": (made.jpeg_with_thumbnail_cut_short, Refusal.TRUNCATED),
    "png cut in half": (lambda: _cut(made.png()), Refusal.TRUNCATED),
    "png without an end": (lambda: made.png()[:-12], Refusal.TRUNCATED),
    "png of 50,000 by 50,000": (
        partial(made.png_of_one_colour, 50_000),
        Refusal.TOO_MANY_PIXELS,
    ),
    "png one pixel too large": (
        lambda: made.png_of(width=25_000_001, height=1),
        Refusal.TOO_MANY_PIXELS,
    ),
    "jpeg claiming 65,500 by 65,500": (
        lambda: made.jpeg_claiming(65_500, 65_500),
        Refusal.TOO_MANY_PIXELS,
    ),
    "jpeg claiming 5,000 by 5,001": (
        lambda: made.jpeg_claiming(5_001, 5_000),
        Refusal.TOO_MANY_PIXELS,
    ),
    "png with a text bomb": (made.png_text_bomb, Refusal.BROKEN_IMAGE),
    "png with an international text bomb": (
        partial(made.png_text_bomb, b"iTXt"),
        Refusal.BROKEN_IMAGE,
    ),
    "png that moves": (made.png_animated, Refusal.SEVERAL_FRAMES),
    "png of no size": (lambda: made.png_of(width=0), Refusal.BROKEN_IMAGE),
    "png of garbage": (
        lambda: made.png_of(made.png_chunk(b"IDAT", b"garbage")),
        Refusal.BROKEN_IMAGE,
    ),
    "png with a wrong checksum": (
        lambda: made.png().replace(b"IHDR\0\0\0\x20", b"IHDR\0\0\0\x21"),
        Refusal.BROKEN_IMAGE,
    ),
    "jpeg of markers only": (lambda: b"\xff\xd8\xff\xfe\0\2\xff\xd9", Refusal.BROKEN_IMAGE),
    "jpeg of garbage": (lambda: b"\xff\xd8\xff" + bytes(500) + b"\xff\xd9", Refusal.BROKEN_IMAGE),
}

DOCUMENTS: dict[str, tuple[Callable[[], bytes], Refusal]] = {
    "pdf cut in half": (lambda: _cut(made.pdf_with_pages(9)), Refusal.TRUNCATED),
    "pdf with a long tail": (lambda: made.pdf_of() + made.PHP_TAIL * 50, Refusal.TRUNCATED),
    "pdf of nothing": (lambda: b"%PDF-1.7\n%%EOF", Refusal.BROKEN_PDF),
    "pdf of garbage": (lambda: b"%PDF-1.7\n" + b"<< [ " * 999 + b"%%EOF", Refusal.BROKEN_PDF),
    "pdf without pages": (partial(made.pdf_with_pages, 0), Refusal.BROKEN_PDF),
    "pdf with a page loop": (made.pdf_with_page_loop, Refusal.BROKEN_PDF),
    "pdf with a page flood": (made.pdf_with_page_flood, Refusal.BROKEN_PDF),
    "pdf of 201 pages": (partial(made.pdf_with_pages, 201), Refusal.TOO_MANY_PAGES),
    "pdf with a password": (
        lambda: made.pdf_encrypted(user="secret", owner="secret"),
        Refusal.ENCRYPTED_PDF,
    ),
    "pdf locked by its owner": (
        lambda: made.pdf_encrypted(user="", owner="secret"),
        Refusal.ENCRYPTED_PDF,
    ),
    "key spelt in hex": (
        lambda: made.pdf_of(catalog=b"/#4f#70enAction [3 0 R /Fit]"),
        Refusal.ACTIVE_CONTENT,
    ),
    "key in an object that nothing names": (
        lambda: made.pdf_of([b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"]),
        Refusal.ACTIVE_CONTENT,
    ),
    "key in a name tree": (
        lambda: made.pdf_of(
            [b"<< /Kids [5 0 R] >>", b"<< /Names [(a) << /S /JavaScript >>] >>"],
            catalog=b"/Names << /Dests 4 0 R >>",
        ),
        Refusal.ACTIVE_CONTENT,
    ),
    "key deep inside": (
        lambda: made.pdf_of(
            catalog=b"/Deep " + b"[ << /D " * 150 + b"<< /XFA 1 >>" + b">> ]" * 150
        ),
        Refusal.ACTIVE_CONTENT,
    ),
    "key in a stream's own entries": (
        lambda: made.pdf_of([made.stream(b"x", b"/Type /EmbeddedFile")]),
        Refusal.ACTIVE_CONTENT,
    ),
    "key in the trailer": (
        lambda: made.pdf_of(trailer=b"/Extra << /AA 1 >>"),
        Refusal.ACTIVE_CONTENT,
    ),
    "stream of 1,000 to 1": (
        lambda: made.pdf_of([made.flate_stream(bytes(20 * made.MIB))]),
        Refusal.INFLATES_TOO_FAR,
    ),
    "stream of 10,000 to 1": (
        lambda: made.pdf_of([made.twice_deflated_stream(64 * made.MIB)]),
        Refusal.INFLATES_TOO_FAR,
    ),
    "picture larger than it says": (
        lambda: made.pdf_of([made.flate_stream(bytes(20 * made.MIB), IMAGE)]),
        Refusal.INFLATES_TOO_FAR,
    ),
    "picture of 250 MB": (
        lambda: made.pdf_of(
            [made.flate_stream(bytes(250 * made.MIB), IMAGE.replace(b" 10 ", b" 9999 "))]
        ),
        Refusal.INFLATES_TOO_FAR,
    ),
    "pictures of 250 MB together": (
        lambda: made.pdf_of(
            [made.flate_stream(bytes(25 * made.MIB), IMAGE.replace(b" 10 ", b" 2700 "))] * 10
        ),
        Refusal.INFLATES_TOO_FAR,
    ),
    "photo that claims 400 MB": (
        lambda: made.pdf_of(
            [made.stream(made.jpeg(), IMAGE.replace(b" 10 ", b" 9999 ") + b"/Filter /DCTDecode")]
        ),
        Refusal.INFLATES_TOO_FAR,
    ),
}


def _build() -> dict[str, tuple[Callable[[], bytes], Refusal]]:
    corpus: dict[str, tuple[Callable[[], bytes], Refusal]] = {
        "nothing": (bytes, Refusal.EMPTY),
        **PICTURES,
        **DOCUMENTS,
    }
    for name, content in OTHER_TYPES.items():
        corpus[name] = (partial(bytes, content), Refusal.NOT_AN_ACCEPTED_TYPE)
    for name, content in SEVERAL_TYPES.items():
        corpus[name] = (partial(bytes, content), Refusal.TWO_TYPES_IN_ONE)
    for key in ACTIVE_KEYS:
        for place in (_in_catalogue, _said_by_an_action, made.pdf_with_hidden):
            name = f"{key} {place.__name__.strip('_')}"
            corpus[name] = (partial(place, key), Refusal.ACTIVE_CONTENT)
    return corpus


HOSTILE = _build()
