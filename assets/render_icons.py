"""Render the icons' sources (assets/icons) to what is shipped (agent/desk/tray/icons).

Run it after a source has changed, and commit both: `python assets/render_icons.py`. Every size is rendered from the
source itself, never scaled from another: the 16 px grid of the drawings stays sharp.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import resvg_py
from PIL import Image

SOURCES = Path(__file__).parent / "icons"
SHIPPED = Path(__file__).parents[1] / "agent" / "desk" / "tray" / "icons"
SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)


def render(source: Path, size: int) -> Image.Image:
    """Return a drawing as a square picture, `size` pixels wide."""
    png = resvg_py.svg_to_bytes(svg_string=source.read_text(encoding="utf-8"), width=size, height=size)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def rendered() -> Iterator[tuple[Path, dict[int, Image.Image]]]:
    """Yield for each drawing where it is shipped, without ending, and its pictures by size."""
    for source in sorted(SOURCES.glob("on-*/*.svg")):
        yield SHIPPED / source.parent.name / source.stem, {size: render(source, size) for size in SIZES}


def main() -> None:
    """Write every picture, and one ICO with all sizes for each drawing."""
    for place, pictures in rendered():
        place.parent.mkdir(parents=True, exist_ok=True)
        for size, picture in pictures.items():
            picture.save(place.with_name(f"{place.name}-{size}.png"), optimize=True)
        *smaller, largest = pictures.values()
        largest.save(place.with_suffix(".ico"), sizes=[(size, size) for size in SIZES], append_images=smaller)


if __name__ == "__main__":
    main()
