"""Whether a JPEG, PNG, GIF or BMP has its end."""

from __future__ import annotations

from typing import BinaryIO

from agent.intake.structure.reading import read_at, tail, unpadded_size

_TAIL = 64 * 1024
_SEARCH_STEP = 1024 * 1024
_SEARCH_LIMIT = 32 * 1024 * 1024  # cameras append a short film to a JPEG; its end is then looked for from the front
_UNPACKED = (bytes(4), b"\3\0\0\0")  # BMP: rows as they are, with masks or without
_MOST_SEGMENTS = 1000
_MOST_BLOCKS = 100_000


def incomplete_jpeg(stream: BinaryIO, size: int) -> str | None:
    """Look for the end-of-image marker behind the start of the scan: the one of an embedded thumbnail is before it."""
    scan = _start_of_scan(stream, size)
    if scan is None:
        return "the picture breaks off before its image data"
    end = b"\xff\xd9"
    kept = unpadded_size(stream, size)
    start = max(scan, kept - _TAIL)
    if end in read_at(stream, start, max(0, kept - start)):
        return None
    for offset in range(scan, min(size, scan + _SEARCH_LIMIT), _SEARCH_STEP):
        if end in read_at(stream, offset, _SEARCH_STEP + 1):
            return None
    return "the end of the picture is missing"


def _start_of_scan(stream: BinaryIO, size: int) -> int | None:
    """Return where the entropy-coded data begins, or None where the file ends before it."""
    offset = 2
    for _ in range(_MOST_SEGMENTS):
        header = read_at(stream, offset, 4)
        if len(header) < 4:
            return None
        marker = header[1]
        if header[0] != 0xFF:
            return offset  # not a marker: odd, but the end marker can still be looked for
        if marker == 0xFF:
            offset += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            offset += 2
        else:
            offset += 2 + int.from_bytes(header[2:4], "big")
            if marker == 0xDA:
                return offset if offset < size else None
    return offset


def incomplete_png(stream: BinaryIO, size: int) -> str | None:
    """Walk the chunks to IEND; a file of very many is judged by its end."""
    offset = 8
    for _ in range(_MOST_BLOCKS):
        header = read_at(stream, offset, 8)
        if len(header) < 8 or header[4:] == b"IEND":
            break
        offset += 12 + int.from_bytes(header[:4], "big")
    else:
        header = tail(stream, size, _TAIL)
    return None if b"IEND" in header and offset + 12 <= size else "the end of the picture is missing"


def incomplete_gif(stream: BinaryIO, size: int) -> str | None:
    """Walk the blocks up to the trailer; a very long file is judged by its last byte."""
    cut = "the end of the picture is missing"
    screen = read_at(stream, 0, 13)
    if len(screen) < 13:
        return cut
    stream.seek(13 + _colour_table(screen[10]))
    inside = False  # a block's sub-blocks: length, data, length, data, 0
    for _ in range(_MOST_BLOCKS):
        byte = stream.read(1)
        if not byte:
            return cut
        if inside:
            inside = byte[0] != 0
            stream.seek(byte[0], 1)
        elif byte == b"\x3b":
            return None
        elif byte == b"\x21":
            stream.seek(1, 1)
            inside = True
        elif byte == b"\x2c":
            descriptor = stream.read(9)
            if len(descriptor) < 9:
                return cut
            stream.seek(_colour_table(descriptor[8]) + 1, 1)
            inside = True
    return None if tail(stream, size, 1, b"\0") == b"\x3b" else cut


def _colour_table(flags: int) -> int:
    """Return the size in bytes of the colour table that `flags` announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def incomplete_bmp(stream: BinaryIO, size: int) -> str | None:
    """Hold the rows that the header names against the file's size; the size that it names is often wrong."""
    head = read_at(stream, 0, 54)
    pixels = int.from_bytes(head[10:14], "little")
    needed = pixels + 1
    if len(head) == 54 and int.from_bytes(head[14:18], "little") >= 40 and head[30:34] in _UNPACKED:
        width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
        bits = int.from_bytes(head[28:30], "little")
        needed = pixels + (abs(width) * bits + 31) // 32 * 4 * abs(height)
    return f"only {size:,} of its {needed:,} bytes are there" if needed > size else None


def has_all_rows(stream: BinaryIO, size: int) -> bool:
    """Tell whether a BMP that is not packed has all the points that a header of 16 bytes or more names."""
    head = read_at(stream, 0, 54)
    pixels, header = (int.from_bytes(head[at : at + 4], "little") for at in (10, 14))
    width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
    bits = int.from_bytes(head[28:30], "little")
    known = header >= 16 and (header < 20 or head[30:34] in _UNPACKED) and bits in (1, 4, 8, 16, 24, 32)
    if bits <= 8 and header >= 40 and int.from_bytes(head[46:50], "little") > 256:  # colours
        return False
    if len(head) < 54 or not known or width <= 0 or height == 0:
        return False
    return pixels + (width * bits + 31) // 32 * 4 * abs(height) <= size
