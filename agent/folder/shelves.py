"""Shelves: where a packet's files stand, and how they get there without one being lost, doubled or overwritten.

    take       watched folder -> sending/<packet id>/ or held/<packet id>/
    undo_take  back again
    transfer   from the one to the other
    shelve     -> sent/YYYY-MM-DD/ or failed/, with the receipt or the problem
    put_back   failed/ -> watched folder, for another try (`failed.py`)

Each can be cut off at any line and made again with the same arguments, and then ends as if it had not been cut off.
A packet that fails straight from the watched folder is taken to `sending` first, like any other: so its files are
proved to be those that failed, and one way through serves all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent.crashpoints import here
from agent.folder.carrying import (
    Journey,
    Move,
    Notes,
    carry,
    clear_place,
    drop_folder,
    is_ours,
    keys_of,
    listed,
    names_in,
    occupied,
    same_content,
    stands,
)
from agent.folder.coming_back import carry_back, could_meet, is_unchanged
from agent.folder.copying import aside_of
from agent.folder.documents import number_on, remove_documents, write_documents
from agent.folder.filesystem import Changed, Damaged, Exists, FileSystem, FileSystemProblem, Missing, Offline
from agent.folder.names import MANIFEST, OWN_PREFIX, is_left_by_systems, is_problem
from agent.folder.packets import Packet, ShelfFile, ShelfNames, manifest_bytes, read_manifest, shelf_names
from agent.model import Identity

Documents = Callable[[ShelfNames], Mapping[str, bytes]]
"""What is to stand beside a packet's files, by its endings, once it is known what these are called on the shelf."""


@dataclass(frozen=True)
class Taken:
    """A packet's own folder on `sending` or `held`. `packet` is None where its manifest is none, or cannot be read.

    `trouble`: what keeps it from being read just now.
    """

    place: Path
    packet: Packet | None
    trouble: FileSystemProblem | None = None


# --- Into a packet's own folder -------------------------------------------------------------------------------------


def take(fs: FileSystem, lane: Path, place: Path, packet: Packet) -> None:
    """Move a packet's files from the lane's folder to its own folder `place`, all of them or none.

    There they stand under their own names (`Smith/scan.pdf` too), beside the manifest, which is written before the
    first one moves. Raises `Changed` where a file is not the one that was observed any more, `Missing` where it is
    gone, `Busy` where someone has it open. Before any of these is raised, what had moved is put back (`undo_take`). If
    that cannot be done just now either, it stays in `place` with its manifest, where `taken` finds it: to `take` again
    with the same packet puts it back first, and begins anew.
    """
    if _undoing(fs, place).read() is not None:
        undo_take(fs, lane, place, packet)
    try:
        if not stands(fs, place / MANIFEST):
            for file in packet.files:
                _expect(fs, lane / file.name, file.identity)
            fs.make_folder(place)
            _write_manifest(fs, place, packet)
            here("manifest-written")
        if packet.folder:
            fs.make_folder(place / packet.folder)
        for file in packet.sidecar_first:
            _take_one(fs, lane / file.name, place / file.name, file.identity)
            here("file-taken")
    except FileSystemProblem:
        with suppress(FileSystemProblem):  # the first problem is the one to tell
            undo_take(fs, lane, place, packet)
        raise
    if packet.folder:
        _leave_folder(fs, lane / packet.folder)


def _leave_folder(fs: FileSystem, folder: Path) -> None:
    """Remove a packet's own folder in the lane's, with the problem that told whose retry it was; nothing of people's.

    The packet is taken by now: what cannot be removed stays, and does no harm.
    """
    with suppress(FileSystemProblem):
        left = names_in(fs, folder)
        if all(is_problem(name) or name.startswith(".") or is_left_by_systems(name) for name in left):
            for name in filter(is_problem, left):
                fs.remove(folder / name)
            for name in filter(is_left_by_systems, left):
                fs.remove(folder / name)
            drop_folder(fs, folder)


def undo_take(fs: FileSystem, lane: Path, place: Path, packet: Packet) -> None:
    """Put back into the lane's folder whatever of a packet stands in `place`.

    Under its own names, as long as all of those are free. Otherwise nothing may come back that could be paired with
    the strangers that have the names now: then the packet's other files, as far as they are still the same and nobody
    has them open, are taken after all, and all of it comes back in a folder `NAME (2)`.
    """
    notes = _undoing(fs, place)
    if notes.read() is None or could_meet(fs, lane, packet, [file.name for file in packet.files]):
        _make_it_one_or_the_other(fs, lane, place, packet)
    standing = [file.name for file in packet.files if stands(fs, place / file.name)]
    if standing:
        origins = {file.name: place / file.name for file in packet.files}
        own = ShelfNames({file.name: file.name for file in packet.files}, {}, packet.folder)
        carry_back(
            fs, notes, lane, packet, origins, own, lambda: not any(occupied(fs, lane / name) for name in standing)
        )
    clear_place(fs, place, packet.folder, notes)


def _undoing(fs: FileSystem, place: Path) -> Notes:
    return Notes(fs, place, "undone")


def _make_it_one_or_the_other(fs: FileSystem, lane: Path, place: Path, packet: Packet) -> None:
    """Finish the taking of single files that a crash cut off, and of all where strangers have some of the names."""
    names = {file.name for file in packet.files if stands(fs, place / file.name)}
    for file in packet.files:
        if file.name in names and _is_just(fs, lane, file):
            fs.move(lane / file.name, place / file.name)
    wanted = [file.name for file in packet.files] if names else []
    may_meet = could_meet(fs, lane, packet, wanted)
    if may_meet or any(occupied(fs, lane / name) for name in names):
        for file in packet.sidecar_first:
            if file.name not in names and _is_just(fs, lane, file):
                with suppress(FileSystemProblem):  # it stays behind alone, and waits as what it is
                    fs.move(lane / file.name, place / file.name)


def is_whole(fs: FileSystem, place: Path, packet: Packet) -> bool:
    """Tell whether all of a packet stands in its own folder: only then can it have been sent."""
    return all(stands(fs, place / file.name) for file in packet.files)


def drop_unbegun(fs: FileSystem, place: Path) -> None:
    """Remove a packet's own folder in which a crash came before the manifest, if this PC began it and nothing moved."""
    fs.remove(aside_of(place / MANIFEST))
    fs.remove_folder(place)


def is_empty(fs: FileSystem, place: Path, packet: Packet) -> bool:
    """Tell whether people have taken away all that stood in a packet's own folder: no file is there under any name."""
    inside = [*names_in(fs, place), *(names_in(fs, place / packet.folder) if packet.folder else ())]
    return all(name.startswith(OWN_PREFIX) or name == packet.folder for name in inside)


def clear(fs: FileSystem, place: Path, packet: Packet) -> None:
    """Remove a packet's own folder, of which people have taken the files away."""
    clear_place(fs, place, packet.folder, _shelving(fs, place))


def transfer(fs: FileSystem, source: Path, target: Path, packet: Packet, *, partly: bool = False) -> None:
    """Move a packet from its own folder on one shelf to its own folder on another (`held` to `sending`, and back).

    Raises `Missing` when a file has been taken away by people: a held packet is withdrawn that way. What had moved
    stays where it is then, and either place can be shelved from after another `transfer` the other way. `partly`:
    what is left of it moves.
    """
    left, arrived = ({file.name for file in packet.files if stands(fs, at / file.name)} for at in (source, target))
    gone = sorted({file.name for file in packet.files} - left - arrived)
    if gone and not partly:
        raise Missing(source / gone[0])
    fs.make_folder(target / packet.folder if packet.folder else target)
    _write_manifest(fs, target, packet)
    here("transfer-manifest-written")
    for file in packet.files:
        if file.name in left:
            fs.move(source / file.name, target / file.name)
            here("file-transferred")
    clear_place(fs, source, packet.folder, _shelving(fs, source))


def taken(fs: FileSystem, shelf: Path) -> list[Taken]:
    """Return every packet that has its own folder on a shelf, as the manifests tell: what a crash may have left."""
    return those_taken(fs, shelf, [entry.name for entry in listed(fs, shelf) if entry.kind == "folder"])


def those_taken(fs: FileSystem, shelf: Path, names: Iterable[str]) -> list[Taken]:
    """Return the packets in these folders of a shelf."""
    found = []
    for name in names:
        place = shelf / name
        try:
            found.append(Taken(place, read_manifest(fs, place)))
        except (Missing, Damaged):
            found.append(Taken(place, None))
        except Offline:
            raise
        except FileSystemProblem as trouble:  # of this one alone
            found.append(Taken(place, None, trouble))
    return found


def _take_one(fs: FileSystem, source: Path, target: Path, identity: Identity) -> None:
    """Move one file unless that is done. What stands at `source` after that is a stranger, and stays."""
    if stands(fs, target) and not is_ours(fs, source, identity):
        return
    _expect(fs, source, identity)
    fs.move(source, target)
    if not _is_still(fs.identify(target), identity):  # written to, or replaced, in the moment before it moved
        raise Changed(source)


def _is_still(moved: Identity, observed: Identity) -> bool:
    """Tell whether a file that has just moved is the one that was observed; on another volume it is a copy."""
    return moved == observed or (moved.file_id != observed.file_id and same_content(moved, observed))


def _expect(fs: FileSystem, path: Path, identity: Identity) -> None:
    if fs.identify(path) != identity:
        raise Changed(path)


def _is_just(fs: FileSystem, lane: Path, file: ShelfFile) -> bool:
    """Tell whether a file in the lane's folder has never moved nor changed since it was observed."""
    path = lane / file.name
    return stands(fs, path) and fs.identify(path) == file.identity and is_unchanged(fs, lane, file)


def _write_manifest(fs: FileSystem, place: Path, packet: Packet) -> None:
    with suppress(Exists):
        fs.write(place / MANIFEST, manifest_bytes(packet))


# --- To the last shelf ----------------------------------------------------------------------------------------------


def shelve(fs: FileSystem, place: Path, shelf: Path, packet: Packet, documents: Documents) -> int | None:
    """Move a packet from its own folder to `shelf` (a day of `sent`, or `failed`), with its receipt or its problem.

    `documents` tells them by their endings (`names.DOCUMENTS`), for they say what the packet's files are called here; a
    `.json` one names the packet under "packet". Returns the number
    that the packet has there (`packets.shelf_names`): the smallest for which neither one of its names nor any document
    of its NAME is used; None where nothing of it was left to shelve.

    The documents are written first. So nobody ever sees a failed file without its reason, the names are held against
    another PC that shelves the same NAME, and a crash leaves the packet whole in its own folder, or its documents with
    files that are still to come. The manifest goes last. Called again, with the same `shelf`, it finishes.
    """
    notes = _shelving(fs, place)
    in_place = (MANIFEST, *(file.name for file in packet.files))
    if notes.read() is None and not any(stands(fs, place / name) for name in in_place):
        clear_place(fs, place, packet.folder, notes)
        return number_on(fs, shelf, packet)

    def free() -> Callable[[int], bool]:
        used = keys_of(fs, shelf)
        return lambda number: not shelf_names(packet, number).keys & used

    def names(number: int) -> ShelfNames:
        return shelf_names(packet, number)

    journey = Journey(
        folder=shelf,
        moves=lambda number: [
            Move(place / name, shelf / shelved, packet.identity_of(name))
            for name, shelved in shelf_names(packet, number).files.items()
        ],
        subfolder=lambda number: shelf_names(packet, number).folder,
        free=free,
        arrive=lambda number: write_documents(fs, shelf, names(number), packet, documents(names(number))),
        undo_arrival=lambda number: remove_documents(fs, shelf, names(number), packet, documents(names(number))),
    )
    number = carry(fs, notes, journey)
    clear_place(fs, place, packet.folder, notes)
    return number


def is_half_shelved(fs: FileSystem, place: Path) -> bool:
    """Tell whether a packet's way to its last shelf was begun and cut off: the rest of it belongs on the same shelf."""
    return _shelving(fs, place).read() is not None


def _shelving(fs: FileSystem, place: Path) -> Notes:
    return Notes(fs, place, "shelved")
