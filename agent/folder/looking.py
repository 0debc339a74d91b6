"""Looking: what stands in a lane's folder at this moment. Events are only hints to look; the look is the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.folder import problems
from agent.folder.filesystem import Denied, Entry, Exists, FileSystem, Missing, NoRoom, Offline
from agent.folder.names import MARKER, is_watched, shelf_folders
from agent.model import Fault, Observation, Problem
from agent.settings.schema import LaneSettings

_MARKER_WORDS = (
    b"OutTray knows by this file that the folder is there, and not just an empty place where it should be.\n"
)


@dataclass(frozen=True)
class PassedOver:
    """An entry that is never picked up although its name would be: a link, a device, a folder that does not open."""

    name: str
    reason: str  # a phrase for people, to follow a colon


@dataclass(frozen=True)
class Look:
    """What one look saw, by name. Names are relative to the lane's folder, with `/` behind a packet subfolder."""

    observations: tuple[Observation, ...] = ()
    folders: tuple[str, ...] = ()  # packet subfolders, empty ones too
    nested: tuple[str, ...] = ()  # folders inside packet subfolders: nobody looks into them
    passed_over: tuple[PassedOver, ...] = ()
    marked: bool = True  # the marker stands: from now on it is expected


def left_alone(seen: Look) -> Problem | None:
    """Return what lies in the lane's folder and will never go, for someone to see; None where nothing does.

    A folder that has files beside the folder inside it is a packet, which fails and says so itself.
    """
    if seen.passed_over:
        first = seen.passed_over[0]
        details = [
            Fault(entry.name, "", f"{entry.reason[:1].upper()}{entry.reason[1:]}.") for entry in seen.passed_over
        ]
        return problems.PASSED_OVER.problem(details, name=first.name, reason=first.reason)
    with_files = {observation.folder for observation in seen.observations}
    outer = [name for name in (nested.rpartition("/")[0] for nested in seen.nested) if name not in with_files]
    return problems.NESTED.problem(name=outer[0]) if outer else None


def look(fs: FileSystem, settings: LaneSettings, *, packet_folders: bool, marker_expected: bool) -> Look:
    """Look at a lane's folder and, where `packet_folders`, at its direct subfolders that are not shelves.

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
    marked = any(entry.name == MARKER for entry in entries)
    if not marked:
        if marker_expected and not entries:
            raise Offline(
                settings.folder, "the folder is empty and lacks OutTray's marker: a share that is not mounted?"
            )
        marked = _mark(fs, settings.folder)
    return _sorted_out(fs, settings, entries, packet_folders, marked)


def _mark(fs: FileSystem, folder: Path) -> bool:
    try:
        fs.write(folder / MARKER, _MARKER_WORDS)
    except Exists:  # another PC that shares the folder was quicker
        return True
    except NoRoom:
        return False
    return True


def _sorted_out(
    fs: FileSystem, settings: LaneSettings, entries: list[Entry], packet_folders: bool, marked: bool
) -> Look:
    shelves = shelf_folders(settings)
    seen: list[Observation] = []
    folders: list[str] = []
    nested: list[str] = []
    passed_over: list[PassedOver] = []
    for entry in entries:
        if entry.hidden or not is_watched(entry.name, shelves):
            continue
        if entry.kind == "file" and entry.identity is not None:
            seen.append(Observation(entry.name, entry.identity))
        elif entry.kind == "other":
            passed_over.append(PassedOver(entry.name, problems.LINK))
        elif packet_folders:
            folders.append(entry.name)
            _look_into(fs, settings.folder, entry.name, seen, nested, passed_over)
    return Look(
        observations=tuple(sorted(seen, key=lambda observation: observation.name)),
        folders=tuple(sorted(folders)),
        nested=tuple(sorted(nested)),
        passed_over=tuple(sorted(passed_over, key=lambda entry: entry.name)),
        marked=marked,
    )


def _look_into(
    fs: FileSystem,
    lane: Path,
    folder: str,
    seen: list[Observation],
    nested: list[str],
    passed_over: list[PassedOver],
) -> None:
    """Add what stands in a packet subfolder; one that was taken away meanwhile adds nothing."""
    try:
        entries = fs.list(lane / folder)
    except Missing:
        return
    except Denied:
        passed_over.append(PassedOver(folder, problems.NOT_READABLE))
        return
    for entry in entries:
        name = f"{folder}/{entry.name}"
        if entry.hidden or not is_watched(entry.name):
            continue
        if entry.kind == "file" and entry.identity is not None:
            seen.append(Observation(name, entry.identity))
        elif entry.kind == "folder":
            nested.append(name)
        else:
            passed_over.append(PassedOver(name, problems.LINK))
