"""Pictures, by Pillow: every page's header is read, and as many pages are decoded as bounded work allows."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

from agent.intake.readers.findings import damaged, whole
from agent.intake.readers.picture_data import bare_png, jpeg_up_to_its_end, lacks_rows
from agent.intake.structure.images import has_all_rows, incomplete_gif
from agent.intake.structure.tiff import has_cut_directory, incomplete_tiff

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}
_MOST_RASTER = 160_000_000  # bytes of a decoded page: a letter in colour at 600 dpi has 101 million
_MOST_POINTS = 200_000_000  # of all decoded pages of a file
_MOST_IN_MEMORY = 80_000_000  # bytes of a file that its decoder takes whole
_MOST_COEFFICIENTS = 320_000_000  # bytes
_MOST_OF_A_BYTE = 4_000  # points of a GIF: a code of 12 bits stands for fewer than 4,096
_MOST_PAGES = 10_000
_SIDE = 512  # points to which a JPEG is decoded
_SLACK = 65_536  # bytes that lengths may name beyond the file's end
_ENDINGS = (b"\xff\xd9", b"\x55\xaa" * 2048 + b"\xff\xd9")
_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    ZeroDivisionError,
    OverflowError,
)
_UNKNOWN_KIND = (SyntaxError, KeyError, NotImplementedError)
_COMPRESSION, _OLD_JPEG = 259, 6
_UNDECODED = (34661, 34663, 34712, 34892, 50000, 50001, 50002, 52546)  # JBIG, JPEG 2000, Zstandard, WebP, JPEG XL
_MOST_SAMPLES = 64  # of one point
_RARE_TIFF = "is of a kind of TIFF that some programs do not open"
_CUT = "part of the picture is missing"


def read(stream: BinaryIO, question: Any) -> dict[str, Any]:
    """Decode a picture whose MIME type is `question["mime"]`."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # what a page may cost is decided here
    kind = _FORMATS[question["mime"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == "TIFF":
            return _tiff(stream)
        if kind == "PNG":
            return _png(stream)
        try:
            found = Image.open(stream, formats=[kind])
        except _FAULTS:
            if kind == "BMP" and has_all_rows(stream, stream.seek(0, 2)):
                return whole("is of a kind of BMP that some programs do not open")
            return damaged("no reader of pictures can open it")
        if kind == "JPEG":
            return _jpeg(stream)
        return whole() if _decodes(found, stream) else damaged(_CUT)


def _decodes(found: Any, stream: BinaryIO) -> bool:
    """Decode a picture. Of one too large for that, a BMP has to have its rows, a GIF its end and data for its size."""
    if _raster(found) > _MOST_RASTER:
        size = stream.seek(0, 2)
        if found.format == "BMP":
            return has_all_rows(stream, size)
        return incomplete_gif(stream, size) is None and found.size[0] * found.size[1] <= size * _MOST_OF_A_BYTE
    try:
        found.load()
    except _FAULTS:
        return False
    return True


def _raster(found: Any) -> int:
    """Return how many bytes the decoded page has."""
    depth = {"1": 1, "L": 1, "P": 1, "LA": 2, "PA": 2, "I;16": 2, "RGB": 4, "F": 4, "I": 4}.get(found.mode, 4)
    return int(found.size[0]) * int(found.size[1]) * depth


# --- PNG -------------------------------------------------------------------------------------------------------------


def _png(stream: BinaryIO) -> dict[str, Any]:
    """Decode a PNG; where it does not open, without what is not its picture: other programs pass over such faults."""
    from PIL import Image

    try:
        with Image.open(stream, formats=["PNG"]) as found:
            return whole() if _png_decodes(found, stream) else damaged(_CUT)
    except _FAULTS:
        pass
    stream.seek(0)
    bare = io.BytesIO(bare_png(stream.read(_MOST_IN_MEMORY)))
    try:
        with Image.open(bare, formats=["PNG"]) as found:
            if _png_decodes(found, bare):
                return whole("has something beside its picture that some programs do not read")
    except _FAULTS:
        pass
    return damaged("no reader of pictures can open it")


def _png_decodes(found: Any, stream: BinaryIO) -> bool:
    """Decode a PNG; a very large one is unpacked only."""
    try:
        if _raster(found) <= _MOST_RASTER:
            found.load()
    except _FAULTS:
        return False
    return not lacks_rows(stream)


# --- JPEG ------------------------------------------------------------------------------------------------------------


def _jpeg(stream: BinaryIO) -> dict[str, Any]:
    """Decode a JPEG up to its end mark: with nothing missing before it, it is the same whatever follows."""
    stream.seek(0)
    data = stream.read(_MOST_IN_MEMORY + 1)
    blocks = _blocks_too_many(data)
    if blocks:  # each has a bit at the least in its first scan (ITU-T T.81, G)
        kept = len(jpeg_up_to_its_end(data))
        return whole() if blocks // 8 < kept < len(data.rstrip(b"\0")) else damaged(_CUT)
    if len(data) > _MOST_IN_MEMORY:
        return whole() if _drawn(stream) is not None else damaged(_CUT)
    return whole() if _same(jpeg_up_to_its_end(data), lambda made: _drawn(io.BytesIO(made))) else damaged(_CUT)


def _blocks_too_many(data: bytes) -> int:
    """Return how many blocks a progressive JPEG has that a decoder has no room for, since it keeps them all; else 0."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as found:
            kept = found.size[0] * found.size[1] * len(found.getbands()) * 2
            too_many = bool(found.info.get("progressive")) and kept > _MOST_COEFFICIENTS
            return found.size[0] * found.size[1] // 64 if too_many else 0
    except _FAULTS:
        return 0


def _drawn(stream: BinaryIO) -> bytes | None:
    """Decode a JPEG at an eighth of its size at the smallest; None where the decoder wants more."""
    from PIL import Image

    stream.seek(0)
    try:
        with Image.open(stream, formats=["JPEG"]) as found:
            found.draft(found.mode, (_SIDE, _SIDE))
            found.load()
            return bytes(found.tobytes())
    except _FAULTS:
        return None


def _same(data: bytes, draw: Callable[[bytes], bytes | None]) -> bool:
    """Tell whether a picture comes out the same whatever stands behind its end: then nothing is missing."""
    first, second = (draw(data + ending) for ending in _ENDINGS)
    return first is not None and first == second


# --- TIFF ------------------------------------------------------------------------------------------------------------


def _tiff(stream: BinaryIO) -> dict[str, Any]:
    from PIL import TiffImagePlugin

    size = stream.seek(0, 2)
    stream.seek(0)
    try:
        found: Any = TiffImagePlugin.TiffImageFile(stream)
    except _UNKNOWN_KIND:  # one that other programs may well open: what it names is there, or it is not
        cut = incomplete_tiff(stream, size)
        if cut or not _could_be_a_page(stream):
            return damaged(cut or "no reader of pictures can open it")
        return whole(_RARE_TIFF)
    except _FAULTS:
        return damaged("part of its pages is missing")
    try:
        pages = min(int(found.n_frames), _MOST_PAGES)
    except _FAULTS:
        return damaged("part of its pages is missing")
    if has_cut_directory(stream, size):
        return damaged("part of its pages is missing")
    points, rare = 0, False
    for page in _first_and_last_first(pages):
        wanted = points < _MOST_POINTS or page == pages - 1
        try:
            found.seek(page)
            points += found.size[0] * found.size[1]
            rare = rare or found.tag_v2.get(_COMPRESSION) in _UNDECODED
            if not _inside(found, size):
                return damaged(f"page {page + 1:,} of {pages:,} is not all there")
        except _FAULTS:
            return damaged(f"page {page + 1:,} of {pages:,} cannot be read")
        if wanted and not _page_decodes(stream, found, page, size):
            return damaged(f"page {page + 1:,} of {pages:,} is not all there")
    return whole(_RARE_TIFF) if rare else whole()


def _could_be_a_page(stream: BinaryIO) -> bool:
    """Tell whether the first page's directory says what some program could draw."""
    from PIL import TiffImagePlugin

    stream.seek(0)
    try:
        tags: Any = TiffImagePlugin.ImageFileDirectory_v2(stream.read(8))
        stream.seek(tags.next)
        tags.load(stream)
        width, height, samples = int(tags[256]), int(tags[257]), int(tags.get(277, 1))
    except _FAULTS:
        return False
    return 0 < width * height <= _MOST_RASTER and 1 <= samples <= _MOST_SAMPLES


def _first_and_last_first(pages: int) -> list[int]:
    return [0, *([pages - 1] if pages > 1 else []), *range(1, pages - 1)]


def _inside(page: Any, size: int) -> bool:
    """Tell whether a page's data begin inside the file, and end there but for a little."""
    places, lengths = (_numbers(page, (273, 324)), _numbers(page, (279, 325)))
    if page.tag_v2.get(_COMPRESSION, 1) == 1:  # as many bytes as there are points: what the lengths say adds nothing
        lengths = tuple(min(length, _raster(page)) for length in lengths)
    return all(start < size and start + length <= size + _SLACK for start, length in zip(places, lengths, strict=False))


def _numbers(page: Any, tags: tuple[int, int]) -> tuple[int, ...]:
    value = next((page.tag_v2[tag] for tag in tags if tag in page.tag_v2), ())
    return tuple(value) if isinstance(value, tuple) else (int(value),)


def _page_decodes(stream: BinaryIO, found: Any, page: int, size: int) -> bool:
    """Decode one page, where its decoder does not need more memory than there is."""
    if _raster(found) > _MOST_RASTER or size > _MOST_IN_MEMORY or found.tag_v2.get(_COMPRESSION) in _UNDECODED:
        return True
    try:
        found.load()
    except _FAULTS:
        stream.seek(0)
        if found.tag_v2.get(_COMPRESSION) == _OLD_JPEG:
            return _old_jpeg(stream.read(), found)
        return _same(stream.read(), lambda made: _tiff_page(made, page))
    return True


def _old_jpeg(data: bytes, page: Any) -> bool:
    """An old-style JPEG inside a TIFF, which Pillow's decoder leaves aside: it is decoded by itself."""
    start, length = page.tag_v2.get(513), page.tag_v2.get(514)
    if not start:
        return True  # its tables and its data stand apart; that they are inside the file is known
    inner = data[start : start + length] if length else data[start:]
    return _drawn(io.BytesIO(inner)) is not None or _same(inner, lambda made: _drawn(io.BytesIO(made)))


def _tiff_page(data: bytes, page: int) -> bytes | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as found:
            found.seek(page)
            found.load()
            return bytes(found.tobytes())
    except _FAULTS:
        return None
