"""Folders that hold documents of ours. They are shelves, or were: never a new packet.

One of them is something else: a failed packet's own folder that someone has dragged back, for another try. It is known
by the problem of exactly one packet, and by nothing standing beside it but that packet's files.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.folder.digest import digest_of
from agent.folder.filesystem import FileSystem, FileSystemProblem, Offline
from agent.folder.names import PROBLEM_JSON, PROBLEM_TEXT, name_key
from agent.folder.problems import CAME_BACK
from agent.folder.receipts import ProblemDocument, read_document
from agent.model import Observation


@dataclass(frozen=True)
class _Failed:
    """What a problem document says of its packet: its files' names, and their digests with their sizes."""

    packet: str
    names: frozenset[str]
    digests: frozenset[tuple[int, str]]
    came_back: bool  # never tried: a part of it is missing where one of its names is


def retried_packet(
    fs: FileSystem, lane: Path, kind: str, documents: Sequence[Observation], members: Collection[Observation]
) -> str:
    """Return the id of the packet whose retry a subfolder is; empty where it is none.

    `documents` are those of ours in it, `members` all its other files, by their names in the lane's folder. A member is
    the packet's by its name (it may have been mended) or by its digest (it may have been renamed); one stranger among
    them, and nothing is certain any more. Raises `Offline`.
    """
    problems = [seen for seen in documents if name_key(seen.base).endswith(PROBLEM_JSON)]
    others = [seen for seen in documents if seen not in problems and not name_key(seen.base).endswith(PROBLEM_TEXT)]
    if len(problems) != 1 or len(documents) > 2 or others or not members:
        return ""
    try:
        failed = _read(fs, lane / problems[0].name, kind)
        if failed is None or not all(_is_its_own(fs, lane, failed, member) for member in members):
            return ""
        if failed.came_back and len(members) < len(failed.names):
            return ""
    except Offline:
        raise
    except (FileSystemProblem, OSError):
        return ""
    return failed.packet


def _read(fs: FileSystem, path: Path, kind: str) -> _Failed | None:
    """Read a problem document. Anyone can write there: what is not of our form says nothing."""
    document = read_document(fs, path, ProblemDocument)
    if document.lane != kind:
        return None
    return _Failed(
        document.packet,
        frozenset(name_key(file.name.rpartition("/")[2]) for file in document.files),
        frozenset((file.size, file.sha256) for file in document.files if file.sha256),
        document.code == CAME_BACK.code,
    )


def _is_its_own(fs: FileSystem, lane: Path, failed: _Failed, member: Observation) -> bool:
    if name_key(member.base) in failed.names:
        return True
    size = member.identity.size
    return (
        any(size == known for known, _ in failed.digests)
        and (size, digest_of(fs, lane / member.name)) in failed.digests
    )
