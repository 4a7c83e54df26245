"""Files that somebody might hand in, made by code: honest ones, broken ones and hostile ones.

No real malware: the EICAR string stands for it.
"""

import struct
import zlib
from collections.abc import Iterable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pikepdf
from PIL import Image, PngImagePlugin

# Written reversed, or virus scanners would take this file away.
EICAR = b"*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\\4[PA@%P!O5X"[::-1]
PHP_TAIL = b"<?php system($_GET['c']); ?>"
GPS_PLACE = "鼓楼区"
MIB = 1024 * 1024


# Pictures


def picture(mode: str = "RGB", size: tuple[int, int] = (32, 24)) -> Image.Image:
    """Return a picture whose left half differs from its right, and top from bottom."""
    image = Image.linear_gradient("L").resize(size)
    image.paste(200, (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return `image` as a file of `kind`."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(**options: object) -> bytes:
    """Return a small JPEG."""
    return encoded(picture(), "JPEG", **options)


def png(**options: object) -> bytes:
    """Return a small PNG."""
    return encoded(picture(), "PNG", **options)


def jpeg_with_place() -> bytes:
    """Return a JPEG with GPS in EXIF, a Chinese name in XMP, a comment and a thumbnail's end."""
    exif = Image.Exif()
    exif[0x010E] = "Zhang San"
    exif.get_ifd(0x8825).update({1: "N", 2: (26.0, 4.0, 55.0), 3: "E", 4: (119.0, 17.0, 47.0)})
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{GPS_PLACE}</x:xmpmeta>".encode()
    return jpeg(exif=exif, xmp=xmp, comment=b"taken at home")


def jpeg_turned(orientation: int) -> bytes:
    """Return a JPEG, 32 wide and 24 high, that says how it is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(exif=exif, quality=95)


def jpeg_segment(marker: int, content: bytes) -> bytes:
    """Return one marker segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg_claiming(width: int, height: int) -> bytes:
    """Return a JPEG whose header claims a size that its data do not have."""
    content = bytearray(jpeg())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def jpeg_with_thumbnail_cut_short() -> bytes:
    """Return a JPEG that ends early, though a thumbnail in it has an end marker."""
    exif = b"Exif\0\0" + b"\xff\xd8 thumbnail \xff\xd9"
    whole = jpeg()
    cut = encoded(picture(size=(640, 480)).effect_spread(9), "JPEG")
    return whole[:2] + jpeg_segment(0xE5, exif) + cut[2 : len(cut) // 2]


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png_of(*chunks: bytes, width: int = 8, height: int = 8) -> bytes:
    """Return a grey PNG with further chunks before its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((1 + 8) * 8))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", rows),
            png_chunk(b"IEND", b""),
        )
    )


def png_of_one_colour(side: int) -> bytes:
    """Return a whole PNG of `side` × `side` one-bit pixels, without ever holding its pixels."""
    deflater = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    packed = b"".join(deflater.compress(row) for _ in range(side)) + deflater.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            png_chunk(b"IDAT", packed),
            png_chunk(b"IEND", b""),
        )
    )


def png_text_bomb(kind: bytes = b"zTXt") -> bytes:
    """Return a PNG with 64 MB of text in 64 kB."""
    packed = zlib.compress(bytes(64 * MIB), 9)
    head = b"bomb\0\0" if kind == b"zTXt" else b"bomb\0\x01\0\0\0"
    return png_of(png_chunk(kind, head + packed))


def png_animated() -> bytes:
    """Return a PNG of two frames."""
    return encoded(picture(), "PNG", save_all=True, append_images=[picture().rotate(90)])


def png_with_text() -> bytes:
    """Return a PNG with text and a place in it."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Location", GPS_PLACE)
    text.add_text("Author", "Zhang San")
    exif = Image.Exif()
    exif[0x010E] = "Zhang San"
    return png(pnginfo=text, exif=exif)


# Archives


def archive(content: bytes, name: str = "inside.txt") -> bytes:
    """Return a zip archive with one deflated member."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return file.getvalue()


def nested_archive(content: bytes, depth: int) -> bytes:
    """Return archives in archives."""
    for _ in range(depth):
        content = archive(content, "inside.zip")
    return content


# Documents


def pdf_of(
    objects: Iterable[bytes] = (), *, catalog: bytes = b"", page: bytes = b"", trailer: bytes = b""
) -> bytes:
    """Return a PDF of one page; further objects are numbered from 4."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R %b >>" % catalog,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %b >>" % page,
        *objects,
    ]
    return pdf_of_bodies(bodies, trailer=trailer)


def pdf_of_bodies(bodies: list[bytes], *, trailer: bytes = b"") -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is its catalogue."""
    written, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return written + b"".join(
        (
            b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1),
            table,
            b"trailer << /Size %d /Root 1 0 R %b >>\n" % (len(bodies) + 1, trailer),
            b"startxref\n%d\n%%%%EOF\n" % len(written),
        )
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object of bytes as they are."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), entries, content)


def flate_stream(content: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object of deflated bytes."""
    return stream(zlib.compress(content, 9), b"/Filter /FlateDecode " + entries)


def twice_deflated_stream(size_bytes: int) -> bytes:
    """Return a stream that inflates more than 10,000 times over."""
    packed = zlib.compress(zlib.compress(bytes(size_bytes), 9), 9)
    return stream(packed, b"/Filter [/FlateDecode /FlateDecode]")


def pdf_saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    """Return what the library writes of `pdf`."""
    file = BytesIO()
    pdf.save(file, **options)
    return file.getvalue()


def pdf_with_pages(count: int) -> bytes:
    """Return a document of blank pages."""
    with pikepdf.new() as pdf:
        for _ in range(count):
            pdf.add_blank_page()
        return pdf_saved(pdf)


def pdf_encrypted(*, user: str, owner: str) -> bytes:
    """Return an encrypted document; an empty `user` password lets everybody open it."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        return pdf_saved(pdf, encryption=pikepdf.Encryption(user=user, owner=owner))


def pdf_with_hidden(key: str) -> bytes:
    """Return a document with `key` inside a compressed object stream, where no search finds it."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        holder = pdf.make_indirect(pikepdf.Dictionary({key: pikepdf.Array([1])}))
        pdf.Root.PieceOfIt = pdf.make_indirect(pikepdf.Array([holder]))
        return pdf_saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def pdf_with_metadata() -> bytes:
    """Return a document that says who made it, where, and holds a photo that says so too."""
    photo = stream(
        jpeg_with_place(),
        b"/Type /XObject /Subtype /Image /Width 32 /Height 24 /BitsPerComponent 8 "
        b"/ColorSpace /DeviceRGB /Filter /DCTDecode",
    )
    xmp = stream(GPS_PLACE.encode(), b"/Type /Metadata /Subtype /XML")
    info = b"<< /Author (Zhang San) /Title (Home) >>"
    return pdf_of(
        [photo, xmp, info, flate_stream(b"q 200 0 0 200 0 0 cm /Photo Do Q")],
        catalog=b"/Metadata 5 0 R",
        page=b"/Contents 7 0 R /Resources << /XObject << /Photo 4 0 R >> >> /LastModified (D:2024)",
        trailer=b"/Info 6 0 R",
    )


def pdf_with_stream(content: bytes) -> bytes:
    """Return a document whose page is drawn by `content`, deflated."""
    return pdf_of([flate_stream(content)], page=b"/Contents 4 0 R")


def pdf_with_xref_loop() -> bytes:
    """Return a document whose cross-reference table names itself as the one before."""
    whole = pdf_of()
    at = whole.rindex(b"startxref\n") + len(b"startxref\n")
    place = whole[at : whole.index(b"\n", at)]
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %b" % place)


def pdf_with_page_loop() -> bytes:
    """Return a document whose page tree is its own child."""
    bodies = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]
    return pdf_of_bodies(bodies)


def pdf_with_page_flood() -> bytes:
    """Return a document whose ten layers of ten children each amount to ten thousand million."""
    layers = [
        b"<< /Type /Pages /Kids [%b] /Count 10 >>" % (b"%d 0 R " % (layer + 1) * 10)
        for layer in range(2, 12)
    ]
    page = b"<< /Type /Page /MediaBox [0 0 9 9] >>"
    return pdf_of_bodies([b"<< /Type /Catalog /Pages 2 0 R >>", *layers, page])
