"""The shelf `failed`: what people have taken away from it, and the way back for another try."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from agent.crashpoints import here
from agent.folder.carrying import Notes, drop_folder, is_ours, listed, names_in, occupied, same_content, stands
from agent.folder.coming_back import carry_back
from agent.folder.documents import is_document_of, number_on, numbers_among, problem_of, remove_documents
from agent.folder.filesystem import FileSystem, Missing
from agent.folder.names import OWN_PREFIX, PROBLEM_JSON, is_watched, name_key
from agent.folder.packets import Packet, ShelfNames, shelf_names
from agent.folder.renamed import called_now

_HALF_BACK = re.compile(re.escape(f"{OWN_PREFIX}back-") + r"(.+)-[1-9][0-9]{0,5}")


def files_left(fs: FileSystem, shelf: Path, packets: Iterable[Packet]) -> dict[str, tuple[str, ...]]:
    """Return, by packet id, which files of each packet still stand on the shelf `failed`, under their first names.

    As long as a packet's problem stands there, whatever has one of the packet's names is its own, mended or not. Where
    the problem is gone, a file counts by its bytes' size and time: another packet can have the names then.
    """
    entries = listed(fs, shelf)
    standing = {name_key(entry.name): entry.identity for entry in entries}
    for entry in entries:
        if entry.kind == "folder":
            inner = listed(fs, shelf / entry.name)
            standing.update({name_key(f"{entry.name}/{found.name}"): found.identity for found in inner})
    numbers = numbers_among(entry.name for entry in entries)

    def left(packet: Packet, number: int) -> tuple[str, ...]:
        names = shelf_names(packet, number)
        here = {file: standing.get(name_key(names.files[file.name])) for file in packet.files}
        if name_key(names.documents[PROBLEM_JSON]) in standing:
            own = is_document_of(fs, shelf / names.documents[PROBLEM_JSON], packet, None)
            if any(here.values()):
                return tuple(file.name for file, identity in here.items() if identity) if own else ()
            if own:
                return tuple(_now(fs, shelf, names, packet))
        return tuple(file.name for file, identity in here.items() if identity and same_content(identity, file.identity))

    return {packet.id: next(filter(None, (left(packet, number) for number in numbers)), ()) for packet in packets}


def shelf_of(fs: FileSystem, shelves: Sequence[Path], packet: Packet) -> Path:
    """Return on which of these shelves a failed packet stands, or is half put back from; the first where on none."""
    for shelf in shelves[1:]:
        if packet.id in half_back(fs, shelf) or number_on(fs, shelf, packet) is not None:
            return shelf
    return shelves[0]


def tidy(fs: FileSystem, shelf: Path, packet: Packet) -> None:
    """Remove a failed packet's problem from `failed`, after people have taken all its files away (`files_left`)."""
    for number in numbers_among(names_in(fs, shelf)):
        remove_documents(fs, shelf, shelf_names(packet, number), packet, {})
        if shelf_names(packet, number).folder:
            drop_folder(fs, shelf / shelf_names(packet, number).folder)


def remove(fs: FileSystem, shelf: Path, packet: Packet) -> int:
    """Remove a failed packet's files and its problem from a shelf; return how many files that were.

    A packet of which people have changed or renamed a file since it failed is theirs, and stays.
    """
    number = number_on(fs, shelf, packet)
    if number is None:
        return 0
    names = shelf_names(packet, number)
    if any(now != shelf / names.files[name] for name, now in _now(fs, shelf, names, packet).items()):
        return 0
    standing = [file for file in packet.files if stands(fs, shelf / names.files[file.name])]
    if not all(is_ours(fs, shelf / names.files[file.name], file.identity) for file in standing):
        return 0
    for file in standing:
        fs.remove(shelf / names.files[file.name])
    tidy(fs, shelf, packet)
    return len(standing)


def put_back(fs: FileSystem, lane: Path, shelf: Path, packet: Packet) -> None:
    """Move a failed packet's files from `failed` to the lane's folder, for another try, and remove its problem.

    Under the names with which they came, if all of those are free there, else in a folder `NAME (2)`, with the problem
    beside them; what came as a folder goes back as one. A file that was mended on the shelf goes as it is now; those
    that people have taken away are left out.
    Raises `Missing` when none is left.
    """
    notes = Notes(fs, shelf, f"back-{packet.id}")
    number = number_on(fs, shelf, packet)
    names = shelf_names(packet, number or 1)
    packet, origins = _as_it_stands(fs, shelf, names, packet)
    left = [name for name, origin in origins.items() if is_ours(fs, origin, packet.identity_of(name))]
    if not left and notes.read() is None:
        raise Missing(shelf / names.documents[PROBLEM_JSON])

    own = shelf_names(packet, 1)

    def own_names_free() -> bool:
        if own.folder:
            return not any(is_watched(name) for name in names_in(fs, lane / own.folder))
        return not any(occupied(fs, lane / own.files[name]) for name in left)

    if left:
        problem = problem_of(fs, shelf, names, packet)
        carry_back(fs, notes, lane, packet, origins, own, own_names_free, problem, origins_shared=True)
    remove_documents(fs, shelf, names, packet, {})
    if names.folder:
        drop_folder(fs, shelf / names.folder)
    here("put-back-not-forgotten")
    notes.clear()


def half_back(fs: FileSystem, shelf: Path) -> tuple[str, ...]:
    """Return the ids of the packets that `put_back` has begun with and has not finished: to be called again."""
    found = (_HALF_BACK.fullmatch(name) for name in names_in(fs, shelf))
    return tuple(sorted({match[1] for match in found if match}))


def _as_it_stands(fs: FileSystem, shelf: Path, names: ShelfNames, packet: Packet) -> tuple[Packet, dict[str, Path]]:
    """Return the packet with its files as they are now, and where each stands.

    As long as its problem stands there, the names are its own; and what people have renamed goes under its new name.
    """
    if not is_document_of(fs, shelf / names.documents[PROBLEM_JSON], packet, None):
        return packet, {name: shelf / shelved for name, shelved in names.files.items()}
    now = _now(fs, shelf, names, packet)
    files, origins = [], {}
    for file in packet.files:
        origin = now.get(file.name, shelf / names.files[file.name])
        inside, slash, base = file.name.rpartition("/")
        name = f"{inside}{slash}{base if name_key(origin.name) == name_key(base) else origin.name}"
        origins[name] = origin
        try:
            files.append(replace(file, name=name, identity=fs.identify(origin), sha256=""))
        except Missing:
            files.append(replace(file, name=name))
    return replace(packet, files=tuple(files)), origins


def _now(fs: FileSystem, shelf: Path, names: ShelfNames, packet: Packet) -> dict[str, Path]:
    """Return where a packet's files stand that stand on the shelf under whatever name, by their first names."""
    folder = shelf / names.folder if names.folder else shelf
    bases = {file.name: names.files[file.name].rpartition("/")[2] for file in packet.files}
    own = names.documents[PROBLEM_JSON].rpartition("/")[2]
    standing = [name for name in names_in(fs, folder) if name != own]
    found = {
        file.name: called_now(fs, folder, standing, bases[file.name], file, frozenset(bases.values()))
        for file in packet.files
    }
    return {name: folder / now for name, now in found.items() if now is not None}
