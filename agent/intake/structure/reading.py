"""Bounded reads of a file's parts: what the checks of a file's structure are made of."""

from __future__ import annotations

from typing import BinaryIO

_WINDOW = 64 * 1024
_MOST_PADDING = 1024 * 1024  # some scanners and copiers fill a file's last sectors; more than this is not padding


def read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    """Return up to `length` bytes from `offset`; fewer where the file ends."""
    stream.seek(offset)
    return stream.read(length)


def unpadded_size(stream: BinaryIO, size: int, padding: bytes = b"\0\r\n\t ") -> int:
    """Return the size of the file without the padding at its end, looking at 1 MiB of it at most."""
    end = size
    while end > 0 and size - end < _MOST_PADDING:
        start = max(0, end - _WINDOW)
        kept = len(read_at(stream, start, end - start).rstrip(padding))
        if kept:
            return start + kept
        end = start
    return end


def tail(stream: BinaryIO, size: int, length: int, padding: bytes = b"\0\r\n\t ") -> bytes:
    """Return the last `length` bytes that stand before the padding at the file's end."""
    end = unpadded_size(stream, size, padding)
    start = max(0, end - length)
    return read_at(stream, start, end - start)
