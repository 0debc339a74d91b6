"""What the two sides say to each other: frames of a letter, a length and bytes. JSON where it has a shape.

Nothing is unpickled: a child that a file has taken over could answer with code.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

JOB = b"J"  # to the child: which reader, the question, the file's size; the whole file follows where it is small
DATA = b"D"  # to the child: bytes of the file
FAILED_READ = b"B"  # to the child: the file could not be read
NEXT = b"N"  # to the child: the next question to the same reader
CLOSE = b"C"  # to the child: no further question
HELLO = b"H"  # from the child: it runs
READ = b"R"  # from the child: place and length of bytes that it wants
ANSWER = b"A"  # from the child
END = b"E"  # from the child: the reader has no more answers, or was closed
FAULT = b"F"  # from the child: the reader failed, and the name of what it raised

_HEAD = struct.Struct("<cBI")
_PLACE = struct.Struct("<QI")
MOST_READ = 4 << 20  # bytes that a child gets at once


class Garbled(Exception):
    """The other side says what nobody of ours would say."""


def write(stream: BinaryIO, kind: bytes, payload: bytes = b"", *, spent: bool = False) -> None:
    """Write one frame. `spent`: the child ends after this one."""
    stream.write(_HEAD.pack(kind, spent, len(payload)))
    stream.write(payload)
    stream.flush()


def read(stream: BinaryIO, most: int) -> tuple[bytes, bytes, bool]:
    """Read one frame: its kind, its payload, and whether the child is spent. No more than `most` bytes are taken.

    Raises `EOFError` where the other side has ended, and `Garbled`.
    """
    kind, spent, length = _HEAD.unpack(exactly(stream, _HEAD.size))
    if length > most:
        raise Garbled
    return kind, exactly(stream, length), bool(spent)


def exactly(stream: BinaryIO, length: int) -> bytes:
    """Read `length` bytes. Raises `EOFError`."""
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def place(offset: int, length: int) -> bytes:
    """Return a wish for bytes of the file."""
    return _PLACE.pack(offset, length)


def wish(payload: bytes) -> tuple[int, int]:
    """Return which bytes the child wants. Raises `Garbled`."""
    if len(payload) != _PLACE.size:
        raise Garbled
    offset, length = _PLACE.unpack(payload)
    if length > MOST_READ or offset > 1 << 62:
        raise Garbled
    return offset, length
