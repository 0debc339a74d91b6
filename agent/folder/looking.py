"""Looking: what stands in a lane's folder at this moment. Events are only hints to look; the look is the truth."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.folder import problems
from agent.folder.filesystem import Denied, Entry, Exists, FileSystem, FileSystemProblem, Missing, NoRoom, Offline
from agent.folder.names import (
    MARKER,
    is_document,
    is_looked_into,
    is_own_folder,
    is_system_folder,
    is_temporary,
    is_watched,
    shelf_folders,
)
from agent.folder.returned import retried_packet
from agent.model import Fault, Identity, Observation, Problem
from agent.settings.schema import LaneSettings

_MARKER_WORDS = (
    b"OutTray knows by this file that the folder is there, and not just an empty place where it should be.\n"
)


@dataclass(frozen=True)
class PassedOver:
    """An entry that is never picked up: a link, a device, a folder that does not open; or for its name."""

    name: str
    reason: str  # a phrase for people, to follow a colon
    identity: Identity | None = None  # of files


@dataclass(frozen=True)
class Look:
    """What one look saw, by name. Names are relative to the lane's folder, with `/` behind a packet subfolder."""

    observations: tuple[Observation, ...] = ()
    folders: tuple[str, ...] = ()  # packet subfolders, empty ones too
    nested: tuple[str, ...] = ()  # folders inside packet subfolders: nobody looks into them
    passed_over: tuple[PassedOver, ...] = ()
    unpicked: tuple[PassedOver, ...] = ()  # by their names alone: worth a word only once they have lain there long
    returned: Mapping[str, str] = field(default_factory=dict)  # packets to be tried again, by their subfolders
    shelves: tuple[str, ...] = ()  # other subfolders with documents of ours: nothing in them is picked up
    marked: bool = True  # the marker stands: from now on it is expected
    marked_at: int | None = None  # when the marker was written (nanoseconds): another one is another folder's


def left_alone(seen: Look) -> Problem | None:
    """Return what lies in the lane's folder and will never go, for someone to see; None where nothing does.

    A folder that has files beside the folder inside it is a packet, which fails and says so itself.
    """
    if seen.shelves:
        details = [Fault(name, "", "It holds documents of OutTray's.") for name in seen.shelves]
        return problems.SHELF.problem(details, name=seen.shelves[0])
    if seen.passed_over:
        first = seen.passed_over[0]
        details = [
            Fault(entry.name, "", f"{entry.reason[:1].upper()}{entry.reason[1:]}.") for entry in seen.passed_over
        ]
        return problems.PASSED_OVER.problem(details, name=first.name, reason=first.reason)
    with_files = {observation.folder for observation in seen.observations}
    outer = [name for name in (nested.rpartition("/")[0] for nested in seen.nested) if name not in with_files]
    return problems.NESTED.problem(name=outer[0]) if outer else None


def look(
    fs: FileSystem,
    settings: LaneSettings,
    *,
    packet_folders: bool,
    marker_expected: bool,
    former: tuple[str, ...] = (),
) -> Look:
    """Look at a lane's folder and, where `packet_folders`, at its direct subfolders that are not shelves.

    `former`: where its shelves stood before the settings changed; nobody looks into those either.

    Raises `Offline` for a folder that is not there, does not answer, or is only the empty place of an unmounted share:
    one that is wholly empty, without the marker that OutTray left in it at an earlier look (`marker_expected`). Where
    the marker alone is missing, someone has tidied up hidden files: it is written again. A folder that was never looked
    at is marked, however empty. Without room for the marker the lane goes on unmarked, for moving needs no room.

    Raises `Denied` where the folder can be neither read nor marked, and other `FileSystemProblem`s.
    """
    try:
        entries = fs.list(settings.folder)
    except Missing as problem:
        raise Offline(settings.folder, problem.reason) from problem
    marker = next((entry.identity for entry in entries if entry.name == MARKER), None)
    marked = any(entry.name == MARKER for entry in entries)
    if not marked:
        if marker_expected and not entries:
            raise Offline(
                settings.folder, "the folder is empty and lacks OutTray's marker: a share that is not mounted?"
            )
        marked = _mark(fs, settings.folder)
        with suppress(FileSystemProblem):
            marker = fs.identify(settings.folder / MARKER)
    seen = _sorted_out(fs, settings, entries, packet_folders, marked, former)
    return replace(seen, marked_at=marker.mtime_ns if marker else None)


def _mark(fs: FileSystem, folder: Path) -> bool:
    try:
        fs.write(folder / MARKER, _MARKER_WORDS)
    except Exists:  # another PC that shares the folder was quicker
        return True
    except NoRoom:
        return False
    return True


def _sorted_out(
    fs: FileSystem,
    settings: LaneSettings,
    entries: list[Entry],
    packet_folders: bool,
    marked: bool,
    former: tuple[str, ...],
) -> Look:
    shelves = shelf_folders(settings, former)
    seen = _Seen(fs, settings.folder, "attachments" if packet_folders else "statements")
    for entry in entries:
        if entry.hidden:
            continue
        if entry.kind == "folder":
            if not is_looked_into(entry.name, shelves):
                continue
            if packet_folders or is_own_folder(entry.name):
                seen.folder(entry.name, only_returned=not packet_folders)
            else:
                seen.unpicked.append(PassedOver(entry.name, problems.FOLDER))
        elif not is_watched(entry.name, shelves):
            if is_temporary(entry.name):
                seen.unpicked.append(PassedOver(entry.name, problems.TEMPORARY, entry.identity))
        elif entry.kind == "file" and entry.identity is not None:
            seen.observations.append(Observation(entry.name, entry.identity))
        else:
            seen.passed_over.append(PassedOver(entry.name, problems.LINK))
    return seen.look(marked=marked)


class _Seen:
    """What a look gathers."""

    def __init__(self, fs: FileSystem, lane: Path, kind: str) -> None:
        self._fs = fs
        self._lane = lane
        self._kind = kind
        self.observations: list[Observation] = []
        self.passed_over: list[PassedOver] = []
        self.unpicked: list[PassedOver] = []
        self._folders: list[str] = []
        self._nested: list[str] = []
        self._returned: dict[str, str] = {}
        self._shelves: list[str] = []

    def folder(self, folder: str, *, only_returned: bool) -> None:
        """Add what stands in a subfolder; one that was taken away meanwhile adds nothing.

        `only_returned`: it counts only where it holds documents of ours, as a failed packet's own folder does.
        """
        try:
            entries = self._fs.list(self._lane / folder)
        except Missing:
            entries = None
        except Denied:
            entries = None
            self.passed_over.append(PassedOver(folder, problems.NOT_READABLE))
        documents = tuple(
            Observation(f"{folder}/{entry.name}", entry.identity)
            for entry in entries or ()
            if entry.identity is not None and is_document(entry.name)
        )
        if only_returned and not documents:
            self.unpicked.append(PassedOver(folder, problems.FOLDER))
            return
        inside = _Seen(self._fs, self._lane, self._kind)
        for entry in entries or ():
            inside._inside(f"{folder}/{entry.name}", entry)
        if documents:
            packet = retried_packet(self._fs, self._lane, self._kind, documents, inside.observations)
            if not packet or inside._nested:
                self._shelves.append(folder)
                return
            self._returned[folder] = packet
        self._folders.append(folder)
        self.observations += inside.observations
        self.passed_over += inside.passed_over
        self.unpicked += inside.unpicked
        self._nested += inside._nested

    def _inside(self, name: str, entry: Entry) -> None:
        if entry.hidden:
            return
        if entry.kind == "folder":
            if not is_system_folder(entry.name):
                self._nested.append(name)
        elif not is_watched(entry.name):
            if is_temporary(entry.name):
                self.unpicked.append(PassedOver(name, problems.TEMPORARY, entry.identity))
        elif entry.identity is not None:
            self.observations.append(Observation(name, entry.identity))
        else:
            self.passed_over.append(PassedOver(name, problems.LINK))

    def look(self, *, marked: bool) -> Look:
        """Return it all, by name."""
        return Look(
            observations=tuple(sorted(self.observations, key=lambda observation: observation.name)),
            folders=tuple(sorted(self._folders)),
            nested=tuple(sorted(self._nested)),
            passed_over=tuple(sorted(self.passed_over, key=lambda entry: entry.name)),
            unpicked=tuple(sorted(self.unpicked, key=lambda entry: entry.name)),
            returned=self._returned,
            shelves=tuple(sorted(self._shelves)),
            marked=marked,
        )
