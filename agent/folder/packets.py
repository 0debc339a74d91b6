"""A packet on a shelf: its manifest, and the names that its files and documents get."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.folder.filesystem import Damaged, FileSystem
from agent.folder.names import DOCUMENTS, MANIFEST, RECEIPT, name_key, own_folder
from agent.model import Candidate, Identity

SIDECAR = "sidecar"
DOCUMENT = "document"

_LONGEST_NAME = 255  # bytes on Linux and macOS, UTF-16 units on Windows: UTF-8 has never fewer of them
_LARGEST_NUMBER = 2**63 - 1
_LARGEST_MANIFEST = 1 << 20


@dataclass(frozen=True)
class ShelfFile:
    """One file of a packet: the name that it had in the watched folder, and the identity with which it was taken.

    `sha256`: its digest as it was checked; empty where it was too large to be read ahead.
    """

    name: str
    role: str  # DOCUMENT | SIDECAR
    identity: Identity
    sha256: str = ""


@dataclass(frozen=True)
class Packet:
    """What a shelf has to know of a packet. `name` is the NAME of `NAME.receipt.json`.

    `ledger_at`: how far the ledger's journal had come when the manifest was written. A ledger that has not come so far
    is an old one, and what it does not know may have been sent. `was`: the id that it had with another PC.
    """

    id: str
    lane: str
    installation: str
    name: str
    arrived_at: datetime
    files: tuple[ShelfFile, ...]
    folder: str = ""
    keep_names: bool = False
    ledger_at: int = 0
    was: str = ""

    @classmethod
    def of(
        cls,
        candidate: Candidate,
        *,
        packet: str,
        lane: str,
        installation: str,
        arrived_at: datetime,
        ledger_at: int = 0,
        digests: Mapping[str, str] | None = None,
    ) -> Packet:
        """Return the packet that a candidate becomes; `digests` by names, where they are known."""
        known = digests or {}
        roles = [*((DOCUMENT, file) for file in candidate.files)]
        if candidate.sidecar is not None:
            roles.append((SIDECAR, candidate.sidecar))
        return cls(
            id=packet,
            lane=lane,
            installation=installation,
            name=candidate.name,
            arrived_at=arrived_at,
            files=tuple(ShelfFile(file.name, role, file.identity, known.get(file.name, "")) for role, file in roles),
            folder=candidate.folder,
            keep_names=candidate.keep_names,
            ledger_at=ledger_at,
        )

    def identity_of(self, name: str) -> Identity:
        """Return the identity with which the file of this name was taken."""
        return next(file.identity for file in self.files if file.name == name)

    @property
    def sidecar_first(self) -> tuple[ShelfFile, ...]:
        """The order in which files leave the watched folder.

        Without its sidecar a file goes nowhere, whereas a sidecar that stays behind could meet another file under the
        name of the one that left: scanners begin again at SCN_0001.
        """
        return tuple(sorted(self.files, key=lambda file: file.role != SIDECAR))

    @property
    def sidecar_last(self) -> tuple[ShelfFile, ...]:
        """The order in which files come back into the watched folder, for the same reason."""
        return tuple(sorted(self.files, key=lambda file: file.role == SIDECAR))


def manifest_bytes(packet: Packet) -> bytes:
    """Return the manifest as it stands in the packet's folder."""
    return json.dumps(
        {
            "packet": packet.id,
            "lane": packet.lane,
            "installation": packet.installation,
            "name": packet.name,
            "arrived_at": packet.arrived_at.isoformat(),
            "folder": packet.folder,
            "keep_names": packet.keep_names,
            "ledger_at": packet.ledger_at,
            "was": packet.was,
            "files": [
                {
                    "name": file.name,
                    "role": file.role,
                    "size": file.identity.size,
                    "mtime_ns": file.identity.mtime_ns,
                    "file_id": file.identity.file_id,
                    "sha256": file.sha256,
                }
                for file in packet.files
            ],
        },
        indent=2,
    ).encode()


def read_manifest(fs: FileSystem, place: Path) -> Packet:
    """Read the manifest of the packet in `place`.

    Others can write there: names that lead out of the folder are not believed. Raises `Missing`, and `Damaged` where
    the manifest is not one of ours.
    """
    path = place / MANIFEST
    with fs.open(path) as file:
        data = file.read(_LARGEST_MANIFEST)
    try:
        packet = _parsed(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise Damaged(path, "the manifest cannot be read") from error
    if (
        packet.id != place.name
        or not all(is_plain(name, packet.folder) for name in _names(packet))
        or not is_plain(packet.was or packet.id, "")
    ):
        raise Damaged(path, "the manifest is not this packet's")
    return packet


def _parsed(fields: dict[str, Any]) -> Packet:
    return Packet(
        id=str(fields["packet"]),
        lane=str(fields["lane"]),
        installation=str(fields["installation"]),
        name=str(fields["name"]),
        arrived_at=believable(datetime.fromisoformat(fields["arrived_at"])),
        files=tuple(
            ShelfFile(
                str(file["name"]),
                SIDECAR if file["role"] == SIDECAR else DOCUMENT,
                Identity(counted(file["size"]), counted(file["mtime_ns"]), str(file["file_id"])),
                str(file.get("sha256", "")),
            )
            for file in fields["files"]
        ),
        folder=str(fields["folder"]),
        keep_names=bool(fields["keep_names"]),
        ledger_at=counted(fields.get("ledger_at", 0)),
        was=str(fields.get("was", "")),
    )


def believable(at: datetime) -> datetime:
    """Return a moment that a foreign document gives. Raises `ValueError` for one that no ledger could work with."""
    if at.tzinfo is None or not 1970 <= at.year < 2200:
        raise ValueError("a time that no document of ours has")
    return at


def counted(number: Any) -> int:
    """Return a number that a foreign document gives. Raises `ValueError` where no ledger could keep it."""
    found = int(number)
    if abs(found) > _LARGEST_NUMBER:
        raise ValueError("a number that no document of ours has")
    return found


def _names(packet: Packet) -> Iterable[str]:
    yield packet.name if not packet.folder else f"{packet.folder}/{packet.name}"
    for file in packet.files:
        yield file.name


def is_plain(name: str, folder: str) -> bool:
    """Tell whether a name is one file's of `folder`, and no path to anywhere else on this system."""
    parts = [folder, name.removeprefix(f"{folder}/")] if folder else [name]
    return all(part not in ("", ".", "..") and "\0" not in part and Path(part).name == part for part in parts)


# --- Names on a shelf -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShelfNames:
    """What a packet's files and documents are called on a shelf, relative to it; `folder` is theirs, if any."""

    files: Mapping[str, str]  # by the names that they had in the watched folder
    documents: Mapping[str, str]  # by their endings
    folder: str = ""

    @property
    def title(self) -> str:
        """The NAME that the packet has on the shelf."""
        return self.documents[RECEIPT].removesuffix(RECEIPT)

    def beside(self, file: str) -> str:
        """What a file is called as seen from the folder of the documents."""
        of_documents = self.title.rpartition("/")[0]
        return self.files[file].removeprefix(f"{of_documents}/") if of_documents else self.files[file]

    @property
    def keys(self) -> frozenset[str]:
        """The keys of every name that this takes up on the shelf itself, whichever documents are written."""
        names = (*self.files.values(), *self.documents.values())
        return frozenset(name_key(name.partition("/")[0]) for name in names)


def shelf_names(packet: Packet, number: int) -> ShelfNames:
    """Return the names of the packet's files and documents on a shelf, as the `number`th of its NAME there.

    A file keeps its name. The first packet of a NAME stands on the shelf itself, with its documents; a packet that came
    as a folder stays one. Every further one has a folder of its own, `NAME (2)`, for its files and its documents. What
    came back in such a folder bears another name than the folder, and does not keep it where its own names are free.
    """
    came_back = bool(packet.folder) and packet.name != packet.folder
    own = "" if came_back else packet.folder
    title = _fitted(packet.name, DOCUMENTS)
    if number > 1:
        own = _own_folder(own or packet.name, number)
        title = f"{own}/{title}"
    files = {file.name: f"{own}/{_base(file)}" if own else _base(file) for file in packet.files}
    return ShelfNames(files, {ending: title + ending for ending in DOCUMENTS}, own)


def _own_folder(stem: str, number: int) -> str:
    while len(os.fsencode(own_folder(stem, number))) > _LONGEST_NAME:
        stem = stem[:-1]
    return own_folder(stem, number)


def _base(file: ShelfFile) -> str:
    return file.name.rpartition("/")[2]


def _fitted(stem: str, tails: Iterable[str]) -> str:
    """Cut `stem` until a name can have it with the longest of `tails`."""
    room = _LONGEST_NAME - max(len(os.fsencode(tail)) for tail in tails)
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem
