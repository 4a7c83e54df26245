"""The picture of a mini-program code; an ordinary QR code stands in for the round one."""

from functools import lru_cache
from io import BytesIO

import segno
from PIL import Image


@lru_cache(maxsize=256)
def draw(text: str, *, width_px: int, kind: str) -> bytes:
    """Return an image of `kind` (`JPEG` or `PNG`)."""
    drawn = BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="png", scale=8)
    image = Image.open(drawn).convert("RGB").resize((width_px, width_px), Image.Resampling.NEAREST)
    finished = BytesIO()
    image.save(finished, format=kind)
    return finished.getvalue()
