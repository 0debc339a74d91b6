"""The shelf `failed`: what people have taken away from it, and the way back for another try."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agent.folder.carrying import Notes, carry_back, drop_folder, is_ours, listed, names_in, occupied, same_content
from agent.folder.documents import number_on, numbers_among, remove_documents
from agent.folder.filesystem import FileSystem, Missing
from agent.folder.names import PROBLEM_JSON, is_watched, name_key
from agent.folder.packets import Packet, ShelfFile, shelf_names


def files_left(fs: FileSystem, shelf: Path, packets: Iterable[Packet]) -> dict[str, tuple[str, ...]]:
    """Return, by packet id, which files of each packet still stand on the shelf `failed`, under their first names.

    A file counts by its name and its bytes' size and time: a later packet under the same name is another's.
    """
    entries = listed(fs, shelf)
    standing = {name_key(entry.name): entry.identity for entry in entries}
    for entry in entries:
        if entry.kind == "folder":
            inner = listed(fs, shelf / entry.name)
            standing.update({name_key(f"{entry.name}/{found.name}"): found.identity for found in inner})
    numbers = numbers_among(entry.name for entry in entries)

    def stands_there(file: ShelfFile, name: str) -> bool:
        identity = standing.get(name_key(name))
        return identity is not None and same_content(identity, file.identity)

    return {
        packet.id: tuple(
            file.name
            for file in packet.files
            if any(stands_there(file, shelf_names(packet, number).files[file.name]) for number in numbers)
        )
        for packet in packets
    }


def tidy(fs: FileSystem, shelf: Path, packet: Packet) -> None:
    """Remove a failed packet's problem from `failed`, after people have taken all its files away (`files_left`)."""
    for number in numbers_among(names_in(fs, shelf)):
        remove_documents(fs, shelf, shelf_names(packet, number), packet, {})
        if shelf_names(packet, number).folder:
            drop_folder(fs, shelf / shelf_names(packet, number).folder)


def put_back(fs: FileSystem, lane: Path, shelf: Path, packet: Packet) -> None:
    """Move a failed packet's files from `failed` to the lane's folder, for another try, and remove its problem.

    Under the names with which they came, if all of those are free there, else as `NAME (2)`; what came as a folder goes
    back as one. Files that people have taken away already are left out. Raises `Missing` when none is left.
    """
    notes = Notes(fs, shelf, f"back-{packet.id}")
    number = number_on(fs, shelf, packet)
    names = shelf_names(packet, number or 1)
    origins = {name: shelf / shelved for name, shelved in names.files.items()}
    here = [name for name, origin in origins.items() if is_ours(fs, origin, packet.identity_of(name))]
    if not here and notes.read() is None:
        raise Missing(shelf / names.documents[PROBLEM_JSON])

    def own_names_free() -> bool:
        if packet.folder:
            return not any(is_watched(name) for name in names_in(fs, lane / packet.folder))
        return not any(occupied(fs, lane / name) for name in here)

    if here:
        carry_back(fs, notes, lane, packet, origins, own_names_free, origins_shared=True)
    if names.folder:
        drop_folder(fs, shelf / names.folder)
    remove_documents(fs, shelf, names, packet, {})
    notes.clear()
