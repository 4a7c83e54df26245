from io import BytesIO

import pikepdf
import pytest
from PIL import Image, ImageChops, ImageOps

from server.attachments.inspection import Inspection, clean_path, inspect
from server.attachments.rules import FileKind
from tests.support import crafted_files as made

PRIVATE = (b"Zhang San", b"Home", b"at home", b"Exif", b"xmpmeta", made.GPS_PLACE.encode())


async def clean(folder, content):
    path = folder / "upload"
    path.write_bytes(content)
    inspection = await inspect(path)
    copy = clean_path(path).read_bytes()
    assert inspection.size_bytes == len(copy)
    assert clean_path(path).stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == content
    return inspection, copy


def opened(content):
    return Image.open(BytesIO(content))


def largest_difference(one, other):
    extrema = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getextrema()
    return max(highest for _, highest in extrema)


@pytest.mark.parametrize(
    ("content", "kind"), [(made.jpeg(), FileKind.JPEG), (made.png(), FileKind.PNG)]
)
async def test_a_tail_behind_a_picture_is_left_behind(tmp_path, content, kind):
    inspection, copy = await clean(tmp_path, content + made.PHP_TAIL)

    assert inspection == Inspection(kind=kind, size_bytes=len(copy), width=32, height=24)
    assert b"php" not in copy


async def test_php_in_a_comment_of_a_pixel_is_left_behind(tmp_path):
    content = made.encoded(made.picture(size=(1, 1)), "JPEG", comment=made.PHP_TAIL)

    inspection, copy = await clean(tmp_path, content + made.PHP_TAIL)

    assert (inspection.width, inspection.height) == (1, 1)
    assert b"php" not in copy


@pytest.mark.parametrize("build", [made.jpeg_with_place, made.png_with_text])
async def test_a_picture_forgets_who_and_where(tmp_path, build):
    assert any(word in build() for word in PRIVATE)

    _, copy = await clean(tmp_path, build())

    assert [word for word in PRIVATE if word in copy] == []
    assert dict(opened(copy).getexif()) == {}


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_turned_photo_is_set_upright(tmp_path, orientation):
    content = made.jpeg_turned(orientation)

    inspection, copy = await clean(tmp_path, content)

    upright = ImageOps.exif_transpose(opened(content))
    assert (inspection.width, inspection.height) == upright.size
    assert largest_difference(opened(copy), upright) < 25


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
async def test_a_png_keeps_every_pixel(tmp_path, mode):
    image = made.picture().convert("I").convert("I;16") if mode == "I;16" else made.picture(mode)

    _, copy = await clean(tmp_path, made.encoded(image, "PNG"))

    assert opened(copy).mode == mode
    assert opened(copy).tobytes() == image.tobytes()


@pytest.mark.parametrize(("mode", "transparency"), [("P", 0), ("RGB", (200, 200, 200)), ("L", 200)])
async def test_a_png_keeps_its_transparency(tmp_path, mode, transparency):
    content = made.encoded(made.picture(mode), "PNG", transparency=transparency)

    _, copy = await clean(tmp_path, content)

    assert opened(copy).mode == "RGBA"
    assert opened(copy).tobytes() == opened(content).convert("RGBA").tobytes()


async def test_a_photo_in_printing_colours_becomes_one_for_screens(tmp_path):
    content = made.encoded(made.picture("CMYK"), "JPEG", quality=95)

    _, copy = await clean(tmp_path, content)

    assert opened(copy).mode == "RGB"
    assert largest_difference(opened(copy), opened(content)) < 25


async def test_only_the_first_of_a_photo_s_pictures_is_kept(tmp_path):
    content = made.encoded(
        made.picture(), "MPO", save_all=True, append_images=[made.picture(size=(8, 8))]
    )

    inspection, copy = await clean(tmp_path, content)

    assert inspection == Inspection(kind=FileKind.JPEG, size_bytes=len(copy), width=32, height=24)
    assert copy.count(b"\xff\xd8\xff") == 1


async def test_the_largest_picture_is_accepted(tmp_path):
    inspection, copy = await clean(tmp_path, made.png_of_one_colour(5_000))

    assert inspection == Inspection(
        kind=FileKind.PNG, size_bytes=len(copy), width=5_000, height=5_000
    )


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0}])
async def test_the_largest_photo_is_accepted_and_turned(tmp_path, options):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = made.encoded(made.picture(size=(6_250, 4_000)), "JPEG", exif=exif, **options)

    inspection, _ = await clean(tmp_path, content)

    assert (inspection.width, inspection.height) == (4_000, 6_250)


async def test_a_document_is_written_anew_and_drawn_as_before(tmp_path):
    drawing = b"0 0 100 100 re f"

    inspection, copy = await clean(tmp_path, made.pdf_with_stream(drawing) + made.PHP_TAIL)

    assert inspection == Inspection(kind=FileKind.PDF, size_bytes=len(copy), pages=1)
    assert b"php" not in copy
    with pikepdf.open(BytesIO(copy)) as pdf:
        assert pdf.pages[0].Contents.read_bytes() == drawing


async def test_a_document_forgets_who_and_where(tmp_path):
    assert [word for word in PRIVATE if word not in made.pdf_with_metadata()] == []

    _, copy = await clean(tmp_path, made.pdf_with_metadata())

    assert [word for word in PRIVATE if word in copy] == []
    with pikepdf.open(BytesIO(copy)) as pdf:
        assert "/Info" not in pdf.trailer
        assert "/Metadata" not in pdf.Root
        assert "/LastModified" not in pdf.pages[0]


async def test_a_photo_in_a_document_stays_as_it_was_seen(tmp_path):
    _, copy = await clean(tmp_path, made.pdf_with_metadata())

    with pikepdf.open(BytesIO(copy)) as pdf:
        photo = pdf.pages[0].Resources.XObject.Photo.read_raw_bytes()
    assert opened(photo).tobytes() == opened(made.jpeg_with_place()).tobytes()


async def test_two_hundred_pages_are_accepted(tmp_path):
    inspection, _ = await clean(tmp_path, made.pdf_with_pages(200))

    assert inspection.pages == 200


async def test_a_blank_scan_is_no_bomb(tmp_path):
    scan = made.flate_stream(
        b"\xff" * (2_480 * 3_508),
        b"/Type /XObject /Subtype /Image /Width 2480 /Height 3508 /BitsPerComponent 8 "
        b"/ColorSpace /DeviceGray",
    )

    inspection, _ = await clean(tmp_path, made.pdf_of([scan]))

    assert inspection.pages == 1


async def test_a_document_whose_table_loops_is_mended(tmp_path):
    inspection, copy = await clean(tmp_path, made.pdf_with_xref_loop())

    assert inspection.pages == 1
    with pikepdf.open(BytesIO(copy)) as pdf:
        assert pdf.check_pdf_syntax() == []
