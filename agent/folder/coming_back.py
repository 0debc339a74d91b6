"""A packet's way back into the lane's folder: under the names that it had there, or in its own folder, `NAME (2)`.

In that folder stands the packet's problem beside its files. By it the folder is known for what it is (`returned.py`),
in a lane of statements too, and a person who opens it reads why it is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from agent.folder.carrying import Journey, Move, Notes, carry, keys_of, listed, same_content
from agent.folder.digest import digest_of
from agent.folder.documents import remove_documents, write_documents
from agent.folder.filesystem import FileSystem, Missing
from agent.folder.names import PROBLEM_JSON, PROBLEM_TEXT, is_sidecar_name, is_watched, may_pair, name_key
from agent.folder.packets import Packet, ShelfFile, ShelfNames, shelf_names
from agent.folder.problems import CAME_BACK
from agent.folder.receipts import VERSION, DocumentFile, ProblemDocument
from agent.model import LaneKind
from agent.shown import shown


def carry_back(
    fs: FileSystem,
    notes: Notes,
    lane: Path,
    packet: Packet,
    origins: Mapping[str, Path],
    own: ShelfNames,
    own_names_free: Callable[[], bool],
    documents: Mapping[str, bytes] | None = None,
    *,
    origins_shared: bool = False,
) -> None:
    """Carry files into the lane's folder: under their `own` names there, or all of them in `NAME (2)`.

    A scan and its sidecar never come back under names by which they could be paired with a stranger there.
    `documents`: the packet's problem, by endings, for the folder; None for a packet that has none.
    """
    beside = documents or _came_back(packet)

    def free() -> Callable[[int], bool]:
        used = keys_of(fs, lane)

        def is_free(number: int) -> bool:
            if number > 1:
                return not shelf_names(packet, number).keys & used
            return own_names_free() and not could_meet(fs, lane, packet, own.files.values())

        return is_free

    def names(number: int) -> ShelfNames:
        return own if number == 1 else shelf_names(packet, number)

    def arrive(number: int) -> None:
        if number > 1:
            write_documents(fs, lane, names(number), packet, beside)

    def undo_arrival(number: int) -> None:
        if number > 1:
            remove_documents(fs, lane, names(number), packet, beside)

    journey = Journey(
        lane,
        origins_shared=origins_shared,
        moves=lambda number: [
            Move(origins[file.name], lane / names(number).files[file.name], file.identity)
            for file in packet.sidecar_last
        ],
        subfolder=lambda number: names(number).folder,
        free=free,
        arrive=arrive,
        undo_arrival=undo_arrival,
        safe=lambda number: number > 1 or not could_meet(fs, lane, packet, own.files.values()),
    )
    carry(fs, notes, journey)


def _came_back(packet: Packet) -> dict[str, bytes]:
    """Return the documents of a packet that never got so far as to have a problem of its own."""
    store, _, kind = packet.lane.rpartition("/")
    why = CAME_BACK.problem()
    document = ProblemDocument(
        version=VERSION,
        packet=packet.id,
        store=store,
        lane=kind,
        installation=packet.installation,
        name=packet.name,
        folder=packet.folder,
        keep_names=packet.keep_names,
        files=tuple(
            DocumentFile(name=file.name, size=file.identity.size, sha256=file.sha256 or None) for file in packet.files
        ),
        code=why.code,
        sentence=why.sentence,
        what_to_do=why.what_to_do,
        possibly_sent=False,
    )
    return {
        PROBLEM_TEXT: f"{why.sentence}\r\n\r\nWhat to do: {why.what_to_do}\r\n".encode(),
        PROBLEM_JSON: shown(json.dumps(document.as_json)).encode(),
    }


def could_meet(fs: FileSystem, lane: Path, packet: Packet, names: Iterable[str]) -> bool:
    """Tell whether any of these names could be paired with one that stands in the lane's folder and is a stranger's.

    Strangers are told by identity: another file under a name of the packet's own is one of them. In one folder a
    sidecar can speak for everything. It can list any name, too: so, whatever it says, no scan comes back beside a
    stranger's, and no sidecar that lists files beside a stranger's scan. In a lane without sidecars nothing pairs.
    """
    if not packet.lane.endswith(f"/{LaneKind.ATTACHMENTS}"):
        return False
    wanted = list(names)
    own = {name_key(file.name) for file in packet.files if is_unchanged(fs, lane, file)}
    for folder in {name.rpartition("/")[0] for name in wanted}:
        inside = f"{folder}/" if folder else ""
        files = [entry.name for entry in listed(fs, lane / folder) if entry.kind != "folder"]
        strangers = [name for name in files if is_watched(name) and name_key(inside + name) not in own]
        mine = [base for place, _, base in (name.rpartition("/") for name in wanted) if place == folder]
        if strangers and (folder or _could_pair(mine, strangers, lists_files=packet.keep_names)):
            return True
    return False


def _could_pair(mine: Sequence[str], strangers: Sequence[str], *, lists_files: bool) -> bool:
    sidecars = [name for name in mine if is_sidecar_name(name)]
    if any(map(is_sidecar_name, strangers)) and len(sidecars) < len(mine):
        return True
    if lists_files and sidecars:
        return True
    return any(may_pair(name, stranger) for name in mine for stranger in strangers)


def is_unchanged(fs: FileSystem, lane: Path, file: ShelfFile) -> bool:
    """Tell whether a packet's file stands in the lane's folder as it was taken from there: by its digest if known.

    Where it is not, one that has come back from another volume is told by its size and its time.

    Raises FileSystemProblem where that cannot be read: then nothing is certain.
    """
    path = lane / file.name
    try:
        identity = fs.identify(path)
        if file.sha256:
            return identity.size == file.identity.size and digest_of(fs, path) == file.sha256
    except Missing:
        return False
    has_been_away = identity.file_id != file.identity.file_id
    return identity == file.identity or (has_been_away and same_content(identity, file.identity))
