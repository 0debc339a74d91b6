"""A packet's documents on a shelf: its receipt, or its problem. They name their packet, and so tell whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from agent.crashpoints import here
from agent.folder.carrying import is_ours, names_in
from agent.folder.filesystem import Exists, FileSystem, FileSystemProblem, Missing, Offline
from agent.folder.names import PROBLEM_JSON, PROBLEM_TEXT, is_own_folder, name_key
from agent.folder.packets import Packet, ShelfNames, shelf_names
from agent.folder.receipts import packet_named_in, read_bounded


def write_documents(
    fs: FileSystem, shelf: Path, names: ShelfNames, packet: Packet, documents: Mapping[str, bytes]
) -> None:
    """Write what is not there yet. Raise `Exists` where another packet's document has the name.

    The `.json` comes first, for it names its packet: what a crash left beside that is known by it.
    """
    if documents and names.folder:
        fs.make_folder(shelf / names.folder)
    for ending in sorted(documents, key=lambda ending: not ending.endswith(".json")):
        path = shelf / names.documents[ending]
        try:
            fs.write(path, documents[ending])
        except Exists:
            if not is_document_of(fs, path, packet, documents[ending]):
                raise
        here("document-written")


def remove_documents(
    fs: FileSystem, shelf: Path, names: ShelfNames, packet: Packet, documents: Mapping[str, bytes]
) -> None:
    """Remove the packet's documents, and no other's; the `.json`, by which they are known, last."""
    for ending in sorted(documents or (PROBLEM_TEXT, PROBLEM_JSON), key=lambda ending: ending.endswith(".json")):
        path = shelf / names.documents[ending]
        if is_document_of(fs, path, packet, documents.get(ending)):
            fs.remove(path)
            here("document-removed")


def problem_of(fs: FileSystem, shelf: Path, names: ShelfNames, packet: Packet) -> dict[str, bytes]:
    """Return the packet's problem as it stands on the shelf, by its endings; empty where none of its own does."""
    paths = {ending: shelf / names.documents[ending] for ending in (PROBLEM_TEXT, PROBLEM_JSON)}
    found = {ending: _read(fs, path) for ending, path in paths.items() if is_document_of(fs, path, packet, None)}
    whole = {ending: data for ending, data in found.items() if data is not None}
    return whole if PROBLEM_JSON in whole else {}


def is_document_of(fs: FileSystem, path: Path, packet: Packet, expected: bytes | None) -> bool:
    """Tell whether a document is this packet's: by its "packet", by that of the `.json` beside it, or byte for byte."""
    data = _read(fs, path)
    if data is None:
        return False
    if data == expected:
        return True
    if path.name.endswith(PROBLEM_TEXT):
        data = _read(fs, path.with_name(path.name.removesuffix(PROBLEM_TEXT) + PROBLEM_JSON))
    return data is not None and packet_named_in(data) == packet.id


def _read(fs: FileSystem, path: Path) -> bytes | None:
    """Return a document, or None where there is none, or something else than one of ours."""
    try:
        return read_bounded(fs, path)
    except Missing:
        return None


def documents_on(fs: FileSystem, shelf: Path, ending: str) -> Iterator[Path]:
    """Yield where documents of this ending stand on a shelf: on itself, and in the folders of packets (`NAME (2)`)."""
    for name in names_in(fs, shelf):
        if name.endswith(ending):
            yield shelf / name
        elif is_own_folder(name):
            try:
                inside = fs.names(shelf / name)
            except Offline:
                raise
            except FileSystemProblem:
                continue  # no folder, or one that has just gone
            yield from (shelf / name / inner for inner in inside if inner.endswith(ending))


def number_on(fs: FileSystem, shelf: Path, packet: Packet) -> int | None:
    """Return the number that a packet has on a shelf: by the document that names it, else by its files."""
    entries = names_in(fs, shelf)
    keys = frozenset(map(name_key, entries))
    numbers = [number for number in numbers_among(entries) if shelf_names(packet, number).keys & keys]
    for number in numbers:
        documents = shelf_names(packet, number).documents.values()
        if any(is_document_of(fs, shelf / name, packet, None) for name in documents if _first(name) in keys):
            return number
    for number in numbers:
        files = shelf_names(packet, number).files
        if any(is_ours(fs, shelf / files[file.name], file.identity) for file in packet.files):
            return number
    return None


def _first(name: str) -> str:
    return name_key(name.partition("/")[0])


def numbers_among(names: Iterable[str]) -> list[int]:
    """Return the numbers that a packet can have on a shelf, going by the names there."""
    found = {1}
    for name in names:
        found.update(int(match[1]) for match in re.finditer(r" \(([1-9][0-9]{0,5})\)", name))
    return sorted(found)
