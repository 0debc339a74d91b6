"""Names: which are never picked up, and when two of them are the same to people and to file systems."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Collection
from functools import cache
from pathlib import Path

from agent.settings.schema import LaneSettings

OWN_PREFIX = ".outtray-"
"""What every file of our own begins with that nobody needs to see."""

MARKER = ".outtray-folder"
"""Stands in every lane's folder: an unmounted share looks like an empty folder, but it lacks this."""

MANIFEST = ".outtray-packet.json"
"""Stands in every packet's own folder, and says what the packet is."""

RECEIPT = ".receipt.json"
PROBLEM_TEXT = ".problem.txt"
PROBLEM_JSON = ".problem.json"
DOCUMENTS = (RECEIPT, PROBLEM_TEXT, PROBLEM_JSON)
"""What stands beside a packet's files on `sent` and `failed`, behind the packet's NAME."""

_NEVER = re.compile(
    "|".join(
        fnmatch.translate(pattern)
        for pattern in (
            ".*",
            "~$*",  # Office's owner files
            "*.tmp",
            "*.part",
            "*.crdownload",
            "thumbs.db",
            "desktop.ini",
            *(f"*{document}" for document in DOCUMENTS),
        )
    )
)


def name_key(name: str) -> str:
    """Return what two names have in common that are one name to a person, to Windows or to macOS: NFC, case-folded."""
    if name.isascii():  # nearly all are, and a shelf is compared with thousands
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def may_pair(one: str, other: str) -> bool:
    """Tell whether one of two names could be the other's sidecar: `NAME.json` beside `NAME.*` or beside `NAME` itself.

    No more than a guard for what is put into a watched folder; what really pairs is decided by the intake.
    """
    return _speaks_for(name_key(one), name_key(other)) or _speaks_for(name_key(other), name_key(one))


def _speaks_for(sidecar: str, file: str) -> bool:
    stem = sidecar.removesuffix(".json")
    return stem != sidecar and stem in (file, file.rpartition(".")[0])


def is_watched(name: str, shelves: Collection[str] = ()) -> bool:
    """Tell whether a file or packet subfolder of this name is picked up; `shelves` are keys of folders that are not.

    Never picked up: hidden, temporary and partial files, what Windows leaves in folders, and what OutTray writes.
    """
    key = name_key(name)
    return key not in shelves and _NEVER.match(key) is None


def shelf_folders(settings: LaneSettings) -> frozenset[str]:
    """Return the keys of the names in the lane's folder under which its shelves stand."""
    return _first_parts(settings.folder, settings.held, settings.sending, settings.sent, settings.failed)


@cache
def _first_parts(folder: Path, *shelves: str) -> frozenset[str]:
    """Return the key of the first name below `folder` of each shelf that stands inside it."""
    inside = (
        shelf for shelf in (folder / name for name in shelves) if shelf.is_relative_to(folder) and shelf != folder
    )
    return frozenset(name_key(shelf.relative_to(folder).parts[0]) for shelf in inside)
