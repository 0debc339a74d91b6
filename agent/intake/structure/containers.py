"""The two boxes that office documents come in: ZIP (DOCX, XLSX) and OLE compound files (DOC, XLS)."""

from __future__ import annotations

import posixpath
import struct
import sys
import zipfile
import zlib
from array import array
from dataclasses import dataclass
from typing import BinaryIO

from agent.intake.structure.reading import read_at

_END_RECORD = b"PK\x05\x06"
_END_SIZE = 22
_MOST_COMMENT = 65_535
_MOST_DIRECTORY = 4 * 1024 * 1024
_MOST_TYPES = 1 << 20
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


def content_types(stream: BinaryIO) -> bytes:
    """Return the beginning of what a ZIP's `[Content_Types].xml` says; nothing where it has none that can be read."""
    try:
        with zipfile.ZipFile(stream) as archive:
            name = next(one for one in archive.namelist() if plain_name(one) == "[content_types].xml")
            with archive.open(name) as part:
                return narrow(part.read(_MOST_TYPES))
    except (*UNREADABLE_ZIP, StopIteration):
        return b""


UNREADABLE_ZIP = (
    zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError, KeyError, RuntimeError,
)  # fmt: skip


def plain_name(part: str) -> str:
    """Return a part's name as packages compare it: without case (OPC 6.2.2.3), with slashes, from the root."""
    return posixpath.normpath("/" + part.replace("\\", "/")).lstrip("/").lower()


def narrow(xml: bytes) -> bytes:
    """Return a part in UTF-8, where it is in UTF-16."""
    return xml.decode("utf-16", "ignore").encode() if xml.startswith((b"\xff\xfe", b"\xfe\xff")) else xml


@dataclass(frozen=True)
class _Compound:
    """An OLE file's frame: where its sectors are, and its allocation table."""

    sector_size: int
    directory: int
    table: array[int]

    def place(self, sector: int) -> int:
        return (sector + 1) * self.sector_size


def _compound(stream: BinaryIO, size: int) -> _Compound | None:
    """Read the header and the allocation table: 109 of its sectors stand in the header, the others in a chain."""
    header = read_at(stream, 0, 512)
    if len(header) < 512:
        return None
    (shift,) = struct.unpack_from("<H", header, 30)
    tables, directory = struct.unpack_from("<II", header, 44)
    if shift not in (9, 12) or tables > size >> shift:
        return None
    sector_size = 1 << shift
    (further,) = struct.unpack_from("<I", header, 68)
    places = [*struct.unpack_from("<109I", header, 76)]
    seen: set[int] = set()
    while len(places) < tables and further < _LAST_REAL_SECTOR and further not in seen:
        seen.add(further)
        raw = read_at(stream, (further + 1) * sector_size, sector_size)
        if len(raw) < sector_size:
            return None
        *more, further = struct.unpack(f"<{sector_size // 4}I", raw)
        places += more
    table = array("I")
    for sector in places[:tables]:
        raw = read_at(stream, (sector + 1) * sector_size, sector_size) if sector < _LAST_REAL_SECTOR else b""
        if len(raw) < sector_size:
            return None
        table.frombytes(raw)
    if sys.byteorder == "big":
        table.byteswap()
    return _Compound(sector_size, directory, table)


def incomplete_ole(stream: BinaryIO, size: int) -> str | None:
    """Hold the last sector in use against the file's size; some writers cut the last sector short."""
    cut = "part of the document is missing"
    compound = _compound(stream, size)
    if compound is None:
        return cut
    # Some writers fill the table up with ends of chains: what leads somewhere counts, and where it leads.
    used = (max(at, following) for at, following in enumerate(compound.table) if following < _LAST_REAL_SECTOR)
    return cut if compound.place(max(max(used, default=0), compound.directory)) >= size else None


def ole_names(stream: BinaryIO, size: int) -> frozenset[str] | None:
    """Return the names of the streams and storages in an OLE file's root; None where its directory is not there.

    Storages have a directory of their own: what is embedded in a document says nothing of the document.
    """
    compound = _compound(stream, size)
    if compound is None:
        return None
    entries: list[tuple[str, int, int, int]] = []  # name, the two beside it, and the first below it
    sector, seen = compound.directory, set[int]()
    while sector < len(compound.table) and sector not in seen and len(seen) < _MOST_SECTORS:
        seen.add(sector)
        raw = read_at(stream, compound.place(sector), compound.sector_size)
        if len(raw) < compound.sector_size and not raw:
            return None
        for start in range(0, len(raw) - 127, 128):
            length = int.from_bytes(raw[start + 64 : start + 66], "little")
            named = raw[start : start + max(0, length - 2)] if length <= 64 else b""
            entries.append((named.decode("utf-16-le", "replace"), *struct.unpack_from("<III", raw, start + 68)))
        sector = compound.table[sector]
    return _in_root(entries) or frozenset(name for name, *_ in entries if name) or None


def _in_root(entries: list[tuple[str, int, int, int]]) -> frozenset[str]:
    found: set[str] = set()
    left = [entries[0][3]] if entries else []
    seen: set[int] = set()
    while left:
        at = left.pop()
        if at < len(entries) and at not in seen:
            seen.add(at)
            name, before, after, _ = entries[at]
            found.add(name)
            left += before, after
    return frozenset(found)
