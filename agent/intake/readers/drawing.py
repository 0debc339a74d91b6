"""A small picture of a scan, by Pillow: opened by the reader of its own format only."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MOST_POINTS = 40_000_000  # more than a scanner makes
SIDE = 640  # pixels: twice what the page shows, for sharp screens


def draw(stream: BinaryIO, question: Any) -> str | None:
    """Return a small JPEG in base64 of a picture whose MIME type is `question["mime"]`; None where it is too large."""
    from PIL import ImageOps

    with _reader(question["mime"])(stream) as found:
        width, height = found.size
        if width * height > MOST_POINTS:
            return None
        found.draft("RGB", (SIDE, SIDE))
        shown = _in_eight_bits(found)
        shown.thumbnail((SIDE, SIDE))
        shown = ImageOps.exif_transpose(shown)
        made = io.BytesIO()
        _on_white(shown).save(made, "JPEG", quality=80)
        return base64.b64encode(made.getvalue()).decode("ascii")


def _reader(mime: str) -> type[ImageFile]:
    """Return the reader of one format: `Image.open` would try others, and warn of what is measured here."""
    from PIL import BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

    readers: dict[str, type[ImageFile]] = {
        "image/jpeg": JpegImagePlugin.JpegImageFile,
        "image/png": PngImagePlugin.PngImageFile,
        "image/gif": GifImagePlugin.GifImageFile,
        "image/tiff": TiffImagePlugin.TiffImageFile,
        "image/bmp": BmpImagePlugin.BmpImageFile,
    }
    return readers[mime]


def _in_eight_bits(found: Any) -> Any:
    """X-rays often have 12 or 16 bits a point: spread what is there over what a screen shows."""
    found.load()
    if not found.mode.startswith(("I", "F")):
        return found.convert("RGBA" if "A" in found.mode or found.mode == "P" else "RGB")
    low, high = _numbers(found.getextrema())
    scale = 255 / ((high - low) or 1)
    return found.point(lambda point: point * scale - low * scale).convert("L")


def _numbers(extrema: Iterable[Any]) -> tuple[float, float]:
    low, high = extrema
    return float(low), float(high)


def _on_white(shown: Any) -> Any:
    from PIL import Image

    if shown.mode != "RGBA":
        return shown
    ground = Image.new("RGB", shown.size, "white")
    ground.paste(shown, mask=shown.getchannel("A"))
    return ground
