"""Whether a DICOM file has all of its elements (DICOM PS3.5, section 7, and PS3.10)."""

from __future__ import annotations

import struct
from typing import BinaryIO

from agent.intake.structure.reading import read_at

_MOST_ELEMENTS = 100_000
_UNDEFINED = 0xFFFFFFFF
_LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
_TRANSFER_SYNTAX = (0x0002, 0x0010)
_ROWS = (0x0028, 0x0010)  # who tells them has a picture
_PICTURES = {(0x7FE0, 0x0010), (0x7FE0, 0x0008), (0x7FE0, 0x0009)}
_IMPLICIT_LITTLE = b"1.2.840.10008.1.2"
_EXPLICIT_BIG = b"1.2.840.10008.1.2.2"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_ITEM, _ITEM_END, _SEQUENCE_END = 0xE000, 0xE00D, 0xE0DD

_CUT = "part of its data is missing"


def incomplete_dicom(stream: BinaryIO, size: int) -> str | None:
    """Walk the elements to the file's end. What cannot be walked (deflated, or odd) is taken as complete."""
    start = read_at(stream, 0, 132)
    bare = start[128:] != b"DICM"  # a data set without its preamble
    offset, syntax = 0 if bare else 132, b""
    order, explicit = "<", start[4:6].isalpha() if bare else True
    depths: list[bool] = []  # of each open sequence or item: whether its elements name their kind
    in_meta = True
    top: set[tuple[int, int]] = set()
    for _ in range(_MOST_ELEMENTS):
        header = read_at(stream, offset, 12)
        if not header.strip(b"\0"):
            picture_missing = _ROWS in top and not top & _PICTURES
            return _CUT if depths or offset > size or picture_missing else None  # the end, or padding
        if len(header) < 8:
            return _CUT
        if in_meta and header[:2] != b"\x02\0":
            in_meta = False
            if bare and not syntax:
                syntax = b"explicit" if explicit else _IMPLICIT_LITTLE
            if syntax == _DEFLATED:
                return None
            order, explicit = (">" if syntax == _EXPLICIT_BIG else "<"), syntax != _IMPLICIT_LITTLE
        group, element = struct.unpack(order + "HH", header[:4])
        named = depths[-1] if depths else explicit
        if group == 0xFFFE:
            (length,) = struct.unpack(order + "I", header[4:8])
            offset += 8
            if element in (_ITEM_END, _SEQUENCE_END):
                if depths:
                    depths.pop()
                continue
            kind = b""
        else:
            measured = _length(header, order, named)
            if measured is None:
                return None if len(header) == 12 else _CUT
            kind, header_size, length = measured
            if not depths:
                top.add((group, element))
            offset += header_size
        if length == _UNDEFINED:
            depths.append(named and kind != b"UN")  # PS3.5, 6.2.2: such an element's content is implicit
            continue
        if offset + length > size:
            return _CUT
        if (group, element) == _TRANSFER_SYNTAX:
            syntax = read_at(stream, offset, min(length, 64)).rstrip(b"\0 ")
        offset += length
    return None


def _length(header: bytes, order: str, named: bool) -> tuple[bytes, int, int] | None:
    """Return an element's kind, and the sizes of its header and its value; None where the header makes no sense."""
    if not named:
        return b"", 8, struct.unpack(order + "I", header[4:8])[0]
    kind = header[4:6]
    if not (kind.isalpha() and kind.isupper()):
        return None
    if kind not in _LONG:
        return kind, 8, struct.unpack(order + "H", header[6:8])[0]
    if len(header) < 12:
        return None
    return kind, 12, struct.unpack(order + "I", header[8:12])[0]
