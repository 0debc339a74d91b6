"""The two boxes that office documents come in: ZIP (DOCX, XLSX) and OLE compound files (DOC, XLS)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from agent.intake.structure.reading import read_at

_END_RECORD = b"PK\x05\x06"
_END_SIZE = 22
_MOST_COMMENT = 65_535
_MOST_DIRECTORY = 4 * 1024 * 1024
_IN_ZIP64 = 0xFFFFFFFF

_LAST_REAL_SECTOR = 0xFFFFFFFA
_MOST_SECTORS = 4096  # of the allocation table, or of the directory


def zip_names(stream: BinaryIO, size: int) -> frozenset[str] | None:
    """Return the names in a ZIP's central directory; None where the directory is not (all) there.

    A directory over 4 MiB, or one of a ZIP64 file, counts as there, without names.
    """
    start = max(0, size - _END_SIZE - _MOST_COMMENT)
    ending = read_at(stream, start, size - start)
    found = ending.rfind(_END_RECORD)
    if found < 0 or len(ending) - found < _END_SIZE:
        return None
    length, offset, comment = struct.unpack_from("<IIH", ending, found + 12)
    if start + found + _END_SIZE + comment > size:
        return None
    if offset == _IN_ZIP64 or length > _MOST_DIRECTORY:
        return frozenset()
    if offset + length > start + found:
        return None
    return _names(read_at(stream, offset, length))


def _names(directory: bytes) -> frozenset[str] | None:
    names: set[str] = set()
    offset = 0
    while offset + 46 <= len(directory) and directory[offset : offset + 4] == b"PK\x01\x02":
        name, extra, comment = struct.unpack_from("<HHH", directory, offset + 28)
        names.add(directory[offset + 46 : offset + 46 + name].decode("utf-8", "replace"))
        offset += 46 + name + extra + comment
    return frozenset(names) if offset == len(directory) else None


def incomplete_zip(stream: BinaryIO, size: int) -> str | None:
    """Look for the directory at the end."""
    return "the end of the document is missing" if zip_names(stream, size) is None else None


@dataclass(frozen=True)
class _Compound:
    """An OLE file's frame: where its sectors are, and its allocation table."""

    sector_size: int
    directory: int
    table: tuple[int, ...]

    def place(self, sector: int) -> int:
        return (sector + 1) * self.sector_size


def _compound(stream: BinaryIO, size: int) -> _Compound | None:
    """Read the header and the allocation table that it names (up to 109 sectors of it: 7 MB of document)."""
    header = read_at(stream, 0, 512)
    if len(header) < 512:
        return None
    (shift,) = struct.unpack_from("<H", header, 30)
    tables, directory = struct.unpack_from("<II", header, 44)
    if shift not in (9, 12) or tables > size >> shift:
        return None
    sector_size = 1 << shift
    table: list[int] = []
    for sector in struct.unpack_from("<109I", header, 76)[:tables]:
        raw = read_at(stream, (sector + 1) * sector_size, sector_size) if sector < _LAST_REAL_SECTOR else b""
        if len(raw) < sector_size:
            return None
        table.extend(struct.unpack(f"<{sector_size // 4}I", raw))
    return _Compound(sector_size, directory, tuple(table))


def incomplete_ole(stream: BinaryIO, size: int) -> str | None:
    """Hold the last sector in use against the file's size; some writers cut the last sector short."""
    cut = "part of the document is missing"
    compound = _compound(stream, size)
    if compound is None:
        return cut
    real = [(at, following) for at, following in enumerate(compound.table) if following < _LAST_REAL_SECTOR]
    last = max((max(pair) for pair in real), default=0)  # some writers fill the table up with ends of chains
    return cut if compound.place(max(last, compound.directory)) >= size else None


def ole_names(stream: BinaryIO, size: int) -> frozenset[str]:
    """Return the names of an OLE file's streams and storages; none where they cannot be read."""
    compound = _compound(stream, size)
    names: set[str] = set()
    if compound is None:
        return frozenset()
    sector, seen = compound.directory, set[int]()
    while sector < len(compound.table) and sector not in seen and len(seen) < _MOST_SECTORS:
        seen.add(sector)
        raw = read_at(stream, compound.place(sector), compound.sector_size)
        for start in range(0, len(raw) - 127, 128):
            length = int.from_bytes(raw[start + 64 : start + 66], "little")
            if 2 <= length <= 64:
                names.add(raw[start : start + length - 2].decode("utf-16-le", "replace"))
        sector = compound.table[sector]
    return frozenset(names)
