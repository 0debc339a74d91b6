"""Files that wait in a folder which a lane watched before the settings changed: nothing looks there any more.

They are no packets yet, so that no ledger tells of them. A person says what becomes of them: nobody else knows whether
they were left there to go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from agent.delivery.problems import WAITS_ELSEWHERE
from agent.folder.carrying import listed
from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.folder.names import is_looked_into, is_watched, name_key
from agent.ledger.records import LanePlaces
from agent.model import Fault, LaneId, LaneKind, Problem

MOST_NAMED = 100


def left_waiting(
    fs: FileSystem, lane: LaneId, places: LanePlaces, present: Path | None, watched: Collection[Path]
) -> Problem | None:
    """Return what people are told of files in folders that a lane has watched; None where there are none.

    `present`: the folder that it watches now; None where the settings do not name it any more. `watched`: the folders
    of all lanes. A folder that cannot be read tells nothing.
    """
    waiting: dict[Path, list[str]] = {}
    for folder in places.watched_before(present):
        if folder not in watched:
            names = sorted(_waiting(fs, lane.kind, folder, places, watched))
            if names:
                waiting[folder] = names
    if not waiting:
        return None
    count = sum(map(len, waiting.values()))
    faults = [Fault(str(folder / name), "", "Nobody looks at it.") for folder in waiting for name in waiting[folder]]
    return WAITS_ELSEWHERE.problem(
        faults[:MOST_NAMED],
        files="1 file" if count == 1 else f"{count} files",
        waits="waits" if count == 1 else "wait",
        where=", ".join(map(str, waiting)),
        lane=lane,
        to=f"into {present}" if present else "into a folder that OutTray watches",
    )


def _waiting(
    fs: FileSystem, kind: LaneKind, folder: Path, places: LanePlaces, watched: Collection[Path]
) -> Iterator[str]:
    shelves = [path for path in map(Path, places.everywhere) if path.is_relative_to(folder) and path != folder]
    own = {name_key(path.relative_to(folder).parts[0]) for path in shelves}
    try:
        for entry in listed(fs, folder):
            if entry.kind == "file" and is_watched(entry.name):
                yield entry.name
            elif entry.kind == "folder" and kind is LaneKind.ATTACHMENTS and is_looked_into(entry.name, own):
                inner = folder / entry.name
                if any(path.is_relative_to(inner) for path in watched):
                    continue
                found = [one.name for one in listed(fs, inner) if one.kind == "file" and is_watched(one.name)]
                yield from (f"{entry.name}/{name}" for name in found)
    except FileSystemProblem:
        return
