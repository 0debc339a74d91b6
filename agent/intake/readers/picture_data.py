"""Whether the data of a PNG or a JPEG reach to the last row: decoders fill up what is missing, and say nothing."""

from __future__ import annotations

import re
import zlib
from typing import BinaryIO

_CRITICAL = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PIECE = 65_536
_UNPACKED_AT_ONCE = 1 << 20
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_WITH_PALETTE = 3
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Interlaced: where each pass begins, and its steps, across and down (PNG specification, 8.1)."""

# Behind the beginning of a scan: a marker that is neither a stuffed byte, a restart nor filling.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_SCAN, _END_OF_PICTURE = 0xDA, 0xD9
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))


def bare_png(data: bytes) -> bytes:
    """Return a PNG with nothing but what its picture is made of (PNG specification, critical chunks)."""
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] in _CRITICAL:
            parts.append(data[at:end])
        at = end
    return b"".join(parts)


def lacks_rows(stream: BinaryIO) -> bool:
    """Tell whether a PNG unpacks to less than its rows, or has no palette for its points. Nothing is kept."""
    needed, made, palette = 0, 0, False
    unpack = zlib.decompressobj()
    stream.seek(8)
    try:
        while len(head := stream.read(8)) == 8:
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            after = stream.tell() + length + 4
            if kind == b"IHDR":
                header = stream.read(13)
                needed = _size(header)
                palette = header[9] != _WITH_PALETTE
            palette = palette or kind == b"PLTE"
            while kind == b"IDAT" and length > 0 and made < needed:
                packed = stream.read(min(length, _PIECE))
                if not packed:
                    break
                length -= len(packed)
                while packed and made < needed:
                    made += len(unpack.decompress(packed, _UNPACKED_AT_ONCE))
                    packed = unpack.unconsumed_tail
            if kind == b"IEND" or (needed and made >= needed and palette):
                break
            stream.seek(after)
    except (zlib.error, IndexError, KeyError):
        pass
    return made < needed or not palette


def _size(header: bytes) -> int:
    """Return how many bytes the rows have that an image header names, each with the byte of its filter."""
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits = header[8] * _CHANNELS[header[9]]
    passes = _PASSES if header[12] else ((0, 0, 1, 1),)
    sides = ((-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes)
    return sum(high * (1 + -(-wide * bits // 8)) for wide, high in sides if wide > 0 and high > 0)


def jpeg_up_to_its_end(data: bytes) -> bytes:
    """Return a JPEG without its end mark and what stands behind; without zeros at its end where it has no mark.

    The mark is the first one behind a scan: segments before, such as a small picture's, have marks of their own.
    """
    at = 2
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            return data.rstrip(b"\0")
        kind = data[at + 1]
        if kind in (0xFF, *_WITHOUT_LENGTH):
            at += 1 if kind == 0xFF else 2
            continue
        if kind == _END_OF_PICTURE:
            return data[:at]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if kind == _SCAN:
            following = _MARKER.search(data, at)
            if following is None:
                return data.rstrip(b"\0")
            at = following.start()
    return data.rstrip(b"\0")
