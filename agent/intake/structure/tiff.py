"""Whether a TIFF or BigTIFF has all that its directories name."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from agent.intake.structure.reading import read_at

_MOST_PAGES = 10_000
_MOST_VALUES = 1_000_000  # strips or tiles of one page
_MOST_STEPS = 20_000_000  # of all pages: one a strip or tile, and as many as `_ENTRY` an entry
_ENTRY = 40
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_DATA = {273: 279, 324: 325, 513: 514}  # strips, tiles, an old-style JPEG: the tag of the places, and of their lengths
_OF_INTEREST = {tag for pair in _DATA.items() for tag in pair}

_CUT = "part of its pages is missing"


@dataclass(frozen=True)
class _Layout:
    """How the two kinds of TIFF write a directory."""

    order: str  # struct's "<" or ">"
    count: str  # of entries
    word: str  # offsets, and counts of values

    @property
    def entry_size(self) -> int:
        return 4 + 2 * struct.calcsize(self.word)


@dataclass(frozen=True)
class _Entry:
    kind: int
    count: int
    inline: bytes


class _Steps:
    """How much of a file has been looked at: many directories can name the same long list, or lie in each other."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def take(self, steps: int) -> None:
        """Count steps. Raises `_TooMuch`."""
        self._left -= steps
        if self._left < 0:
            raise _TooMuch


class _TooMuch(Exception):
    """The directories name more than any scan has."""


class _Cut(Exception):
    """The file ends before something that it names."""


def incomplete_tiff(stream: BinaryIO, size: int) -> str | None:
    """Walk every page's directory: it and the image data that it names must stand inside the file."""
    head = read_at(stream, 0, 16)
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\0", b"\0+")
    layout = _Layout(order, "Q", "Q") if big else _Layout(order, "H", "I")
    first = head[8:16] if big else head[4:8]
    if len(first) < struct.calcsize(layout.word):
        return _CUT
    (offset,) = struct.unpack(order + layout.word, first)
    if offset == 0:
        return "it holds no page yet"
    seen: set[int] = set()
    steps = _Steps()
    try:
        while offset:
            if offset in seen:  # the list ends in a circle: readers stop there
                break
            if len(seen) == _MOST_PAGES:
                return f"it names more than {_MOST_PAGES:,} pages"
            seen.add(offset)
            offset = _walk_page(stream, size, layout, offset, steps)
    except _Cut:
        return _CUT
    except _TooMuch:
        return "its pages name more than a scan can hold"
    return None


def has_cut_directory(stream: BinaryIO, size: int) -> bool:
    """Tell whether the file breaks off within a page's directory: not where only the pointer behind it is missing."""
    head = read_at(stream, 0, 16)
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\0", b"\0+")
    layout = _Layout(order, "Q", "Q") if big else _Layout(order, "H", "I")
    word, number = struct.calcsize(layout.order + layout.word), struct.calcsize(layout.order + layout.count)
    at, seen = int.from_bytes(head[8:16] if big else head[4:8], "little" if order == "<" else "big"), set[int]()
    while 0 < at < size and at not in seen and len(seen) < _MOST_PAGES:
        seen.add(at)
        count = int.from_bytes(read_at(stream, at, number), "little" if order == "<" else "big")
        end = at + number + count * layout.entry_size
        if end > size:
            return True
        at = int.from_bytes(read_at(stream, end, word), "little" if order == "<" else "big")
    return False


def _walk_page(stream: BinaryIO, size: int, layout: _Layout, offset: int, steps: _Steps) -> int:
    """Check one directory and its image data; return the offset of the next directory, 0 for none."""
    count_size = struct.calcsize(layout.order + layout.count)
    (count,) = struct.unpack(layout.order + layout.count, _exactly(stream, size, offset, count_size))
    if count > 65_535:
        raise _Cut
    steps.take(count * _ENTRY)
    word_size = struct.calcsize(layout.order + layout.word)
    body = _exactly(stream, size, offset + count_size, count * layout.entry_size + word_size)
    entries: dict[int, _Entry] = {}
    header = f"{layout.order}HH{layout.word}"
    for start in range(0, count * layout.entry_size, layout.entry_size):
        tag, kind, values = struct.unpack_from(header, body, start)
        if tag in _OF_INTEREST:
            value_at = start + 4 + word_size
            entries[tag] = _Entry(kind, values, body[value_at : value_at + word_size])
    for places, lengths in _DATA.items():
        if places in entries and lengths in entries:
            starts = _values(stream, size, layout, entries[places], steps)
            sizes = _values(stream, size, layout, entries[lengths], steps)
            for start, length in zip(starts, sizes, strict=False):
                if start + length > size:
                    raise _Cut
    (following,) = struct.unpack(layout.order + layout.word, body[-word_size:])
    return int(following)


def _values(stream: BinaryIO, size: int, layout: _Layout, entry: _Entry, steps: _Steps) -> Iterator[int]:
    """Return an entry's whole numbers, wherever they stand; none for a kind that has no whole numbers."""
    letter = _WHOLE_NUMBERS.get(entry.kind)
    if letter is None or entry.count > _MOST_VALUES:
        return iter(())
    steps.take(entry.count)
    length = entry.count * _SIZES[entry.kind]
    if length <= len(entry.inline):
        raw = entry.inline[:length]
    else:
        (offset,) = struct.unpack(layout.order + layout.word, entry.inline)
        raw = _exactly(stream, size, offset, length)
    return iter(struct.unpack(f"{layout.order}{entry.count}{letter}", raw))


def _exactly(stream: BinaryIO, size: int, offset: int, length: int) -> bytes:
    if offset + length > size:
        raise _Cut
    data = read_at(stream, offset, length)
    if len(data) < length:
        raise _Cut
    return data
