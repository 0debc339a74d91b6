"""A failed packet as it stands on the shelf `failed`, and what a person's answer changes there.

No text of anybody's is lost by it: a sidecar that is replaced, or that is not the right one, stays on the shelf under a
name that is never picked up (`NAME.json.replaced.problem.txt`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from agent.delivery.places import past_of, shelf_packet, shelves_of
from agent.delivery.told import as_told
from agent.desk.desk import Desk
from agent.folder.carrying import drop_folder, keys_of, listed
from agent.folder.coming_back import could_meet
from agent.folder.digest import digest_of
from agent.folder.documents import number_on
from agent.folder.failed import shelf_of
from agent.folder.filesystem import Exists, FileSystem, FileSystemProblem, Missing
from agent.folder.names import OWN_PREFIX, PROBLEM_TEXT, is_looked_into, name_key, own_folder, shelf_folders
from agent.folder.packets import SIDECAR, shelf_names
from agent.intake.attachments.sidecar import MOST_BYTES, Sidecar, read_sidecar
from agent.ledger.records import PacketRecord, Shelf
from agent.model import Identity, Observation, PacketState, Problem
from agent.settings.schema import LaneSettings
from agent.shown import in_unicode

REPLACED, SET_ASIDE = ".replaced", ".set-aside"
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class OnShelf:
    """A failed packet that nobody has dealt with. `standing`: what of its files stands there, by their first names."""

    record: PacketRecord
    settings: LaneSettings
    standing: Mapping[str, Identity]
    places: Mapping[str, Path]
    former: Path | None = None  # where `failed` stood before the settings changed, if the packet is there still

    @property
    def shelf(self) -> Path:
        """The folder of `failed`."""
        return self.former or self.settings.shelf("failed")

    @property
    def sidecar(self) -> str:
        """The first name of its sidecar; empty where it came without one, or where that is gone."""
        return next(
            (file.name for file in self.record.files if file.role == SIDECAR and file.name in self.standing), ""
        )

    @property
    def scans(self) -> tuple[str, ...]:
        """The first names of the other files that stand there, in their order."""
        return tuple(file.name for file in self.record.documents if file.name in self.standing)

    @property
    def gone(self) -> tuple[str, ...]:
        """The first names of those that do not stand there any more."""
        return tuple(file.name for file in self.record.documents if file.name not in self.standing)

    def seen(self, name: str) -> Observation:
        """Return a file as it is seen from the shelf."""
        return Observation(self.places[name].relative_to(self.shelf).as_posix(), self.standing[name])


def on_shelf(desk: Desk, packet: str) -> OnShelf | None:
    """Return a failed packet, or None where there is none (any more) to deal with. Raises `FileSystemProblem`."""
    record = desk.ledger.packet(packet)
    if record is None or record.state is not PacketState.FAILED or record.shelf is not Shelf.FAILED:
        return None
    settings = desk.settings.lanes.get(record.lane)
    if record.resolved_at is not None or settings is None:
        return None
    fs, of_shelf = desk.files, shelf_packet(record, "")
    shelf = shelf_of(fs, shelves_of(settings, "failed", past_of(desk.ledger, record.lane)), of_shelf)
    number = number_on(fs, shelf, of_shelf)
    if number is None:
        return None
    names = shelf_names(of_shelf, number)
    if names.folder and not any(one.name == names.folder and one.kind == "folder" for one in listed(fs, shelf)):
        return None
    places = {name: shelf / shelved for name, shelved in names.files.items()}
    standing: dict[str, Identity] = {}
    for name, place in places.items():
        try:
            standing[name] = fs.identify(place)
        except Missing:
            continue
    return OnShelf(as_told(fs, record), settings, standing, places, shelf) if standing else None


def seen_now(fs: FileSystem, packet: OnShelf) -> dict[str, str]:
    """Return what stands for each of the packet's scans as it is now, by its first name: another one for other bytes.

    One that is too large to go is known by its identity alone. Raises `FileSystemProblem`.
    """
    limit = packet.settings.max_file_mb
    return {
        name: seen_token(fs, packet.record.id, name, packet.places[name], packet.standing[name], limit)
        for name in packet.scans
    }


def seen_token(fs: FileSystem, owner: str, name: str, path: Path, identity: Identity, limit_mb: float) -> str:
    """Return what stands for a file in a form, by its identity and its digest. Raises `FileSystemProblem`."""
    digest = digest_of(fs, path) if identity.size <= limit_mb * _MEGABYTE else ""
    said = "\0".join((owner, name, str(identity.size), str(identity.mtime_ns), identity.file_id, digest))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:24]


# --- Sidecars -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """A sidecar as it stands: what it says, its text for a person to read, and its digest (hex)."""

    name: str
    said: Sidecar | Problem
    text: str
    digest: str


def read_card(fs: FileSystem, packet: OnShelf, name: str) -> Card:
    """Read one of the packet's sidecars from the shelf. Raises `FileSystemProblem`."""
    with fs.open(packet.places[name]) as file:
        data = file.read(MOST_BYTES + 1)
    base = name.rpartition("/")[2]
    return Card(base, read_sidecar(data, base), data.decode("utf-8", "replace"), hashlib.sha256(data).hexdigest())


def replace_sidecar(fs: FileSystem, packet: OnShelf, name: str, data: bytes) -> None:
    """Put `data` in the place of a sidecar, which stays on the shelf under another name.

    The new text is on the disk before the old one moves, so that the name is empty only between two renames; what a
    crash leaves there is the old text beside, and the packet without a sidecar. Raises `FileSystemProblem`; then the
    old one stands where it was, if the disk allows it.
    """
    path = packet.places[name]
    aside = path.with_name(f"{OWN_PREFIX}corrected-{packet.record.id}")
    fs.remove(aside)
    fs.write(aside, data)
    try:
        kept = keep_beside(fs, packet, path, REPLACED)
        try:
            fs.move(aside, path)
        except FileSystemProblem:
            fs.move(kept, path)
            raise
    except FileSystemProblem:
        fs.remove(aside)
        raise


def keep_beside(fs: FileSystem, packet: OnShelf, path: Path, why: str) -> Path:
    """Move a file of the shelf to a name there that is never picked up, and return it. Raises `FileSystemProblem`."""
    return _moved(fs, path, packet.shelf, path.name + why, PROBLEM_TEXT)


def note_beside(fs: FileSystem, kept: Path, text: str) -> None:
    """Write beside a file that was kept why it is there. Raises `FileSystemProblem`."""
    stem = kept.name.removesuffix(PROBLEM_TEXT)
    for number in count(1):
        suffix = f" ({number})" if number > 1 else ""
        try:
            fs.write(kept.with_name(f"{stem}.note{suffix}{PROBLEM_TEXT}"), in_unicode(text).encode())
        except Exists:
            continue
        return


# --- Back into the lane's folder ------------------------------------------------------------------------------------


def back_into_folder(fs: FileSystem, packet: OnShelf, names: Sequence[str]) -> tuple[str, ...]:
    """Move files from the shelf to the lane's folder as people do; return the names that they got there, in order.

    Under their own names; those of a packet subfolder together, in a folder that is their own, and so do any that could
    meet a stranger's in the lane's folder. Raises `FileSystemProblem`.
    """
    lane, record = packet.settings.folder, packet.record
    folder = record.folder
    bases = [packet.places[name].name for name in names]
    if not folder:
        used = keys_of(fs, lane)
        taken = any(name_key(base) in used for base in bases)
        if not taken and not could_meet(fs, lane, shelf_packet(record, ""), bases):
            for name, base in zip(names, bases, strict=True):
                fs.move(packet.places[name], lane / base)
            return tuple(bases)
    free = _free_folder(fs, packet.settings, folder or record.name, 1)
    fs.make_folder(lane / free)
    for name, base in zip(names, bases, strict=True):
        fs.move(packet.places[name], lane / free / base)
    return tuple(f"{free}/{base}" for base in bases)


def into_own_folder(fs: FileSystem, packet: OnShelf, names: Sequence[str], card: str, data: bytes) -> None:
    """Move scans from the shelf into a folder of their own in the lane's folder, with a new sidecar that lists them.

    What came as no folder gets `NAME (2)`: people drop folders that are called as their scans are. The sidecar is there
    first: as long as one of its scans is not, nothing of the packet goes. Where a step fails everything stands on the
    shelf as before. Raises `FileSystemProblem`.
    """
    lane, record = packet.settings.folder, packet.record
    place = lane / _free_folder(fs, packet.settings, record.folder or record.name, 1 if record.folder else 2)
    moved: list[str] = []
    fs.make_folder(place)
    try:
        fs.write(place / card, data)
        for name in names:
            fs.move(packet.places[name], place / packet.places[name].name)
            moved.append(name)
    except FileSystemProblem:
        for name in reversed(moved):
            fs.move(place / packet.places[name].name, packet.places[name])
        fs.remove(place / card)
        drop_folder(fs, place)
        raise


def _free_folder(fs: FileSystem, settings: LaneSettings, stem: str, first: int) -> str:
    """Return the name of a folder in the lane's that is free and looked into: NAME (from 1), NAME (2) ..."""
    used = keys_of(fs, settings.folder)
    names = (own_folder(stem, number) if number > 1 else stem for number in count(first))
    shelves = shelf_folders(settings)
    return next(name for name in names if name_key(name) not in used and is_looked_into(name, shelves))


def _moved(fs: FileSystem, path: Path, folder: Path, head: str, tail: str) -> Path:
    """Move a file to the first name in `folder` that is free: NAME, NAME (2), NAME (3) ..., in front of `tail`."""
    used = keys_of(fs, folder)
    for name in _numbered(head, tail):
        if name_key(name) in used:
            continue
        try:
            fs.move(path, folder / name)
        except Exists:
            continue
        return folder / name
    raise Exists(folder)


def _numbered(head: str, tail: str) -> Iterable[str]:
    for number in range(1, 10_000):
        yield f"{head}{f' ({number})' if number > 1 else ''}{tail}"
