"""Compound files (MS-CFB, version 3) as programs write them that put the directory last: any size, with storages."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_SECTOR, _SMALLEST = 512, 4096  # bytes; smaller streams would need the small streams' table
_FREE, _END, _OF_TABLE, _OF_CHAIN = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
_IN_HEADER, _IN_CHAIN = 109, 127  # places of the table's sectors

Tree = Mapping[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """Return a compound file that holds these streams (bytes) and storages (mappings)."""
    content, table = bytearray(), list[int]()
    entries: list[bytes] = []

    def put(data: bytes) -> int:
        first, count = len(table), -(-len(data) // _SECTOR)
        content.extend(data.ljust(count * _SECTOR, b"\0"))
        table.extend([*range(first + 1, first + count), _END])
        return first

    def enter(branch: Tree) -> int:
        """Enter all of a storage, each beside the one before it; return the first one's place."""
        beside = _FREE
        for name, held in branch.items():
            below = enter(held) if not isinstance(held, bytes) else _FREE
            data = held.ljust(_SMALLEST, b"\0") if isinstance(held, bytes) else b""
            kind, start = (2, put(data)) if data else (1, 0)
            entries.append(_entry(name, kind, beside, below, start, len(data)))
            beside = len(entries)  # the root's own place comes before all
        return beside

    first = enter(tree)
    directory = put(_entry("Root Entry", 5, _FREE, first, _END, 0) + b"".join(entries))
    count = chained = 0
    while count * _SECTOR // 4 < len(table) + count + chained:
        count += 1
        chained = max(0, -(-(count - _IN_HEADER) // _IN_CHAIN))
    places = [*range(len(table), len(table) + count)]
    links = [*range(len(table) + count, len(table) + count + chained)]
    table += [_OF_TABLE] * count + [_OF_CHAIN] * chained
    table += [_FREE] * (count * _SECTOR // 4 - len(table))
    head = struct.pack("<8s16xHHHHH6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, count, directory, 0, _SMALLEST, _END, 0, *(links[:1] or [_END]), chained)
    head += _padded(places[:_IN_HEADER], _IN_HEADER)
    further = b"".join(
        _padded(places[_IN_HEADER + _IN_CHAIN * at :][:_IN_CHAIN], _IN_CHAIN) + struct.pack("<I", following)
        for at, following in enumerate([*links[1:], _END][:chained])
    )
    return head + bytes(content) + struct.pack(f"<{len(table)}I", *table) + further


def _padded(places: list[int], count: int) -> bytes:
    return struct.pack(f"<{count}I", *places, *[_FREE] * (count - len(places)))


def _entry(name: str, kind: int, beside: int, below: int, start: int, size: int) -> bytes:
    spelled = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<HBBIII36xIQ", len(spelled), kind, 1, beside, _FREE, below, start, size)
    return spelled.ljust(64, b"\0") + links
