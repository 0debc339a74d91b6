"""Names: which are never picked up, and when two of them are the same to people and to file systems."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
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

_NEVER = (
    ".*",
    "~$*",  # Office's owner files
    "*.tmp",
    "*.part",
    "*.crdownload",
    "thumbs.db",
    "desktop.ini",
    *(f"*{document}" for document in DOCUMENTS),
)


def name_key(name: str) -> str:
    """Return what two names have in common that are one name to a person, to Windows or to macOS: NFC, case-folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def is_watched(name: str, shelves: Collection[str] = ()) -> bool:
    """Tell whether a file or packet subfolder of this name is picked up; `shelves` are keys of folders that are not.

    Never picked up: hidden, temporary and partial files, what Windows leaves in folders, and what OutTray writes.
    """
    key = name_key(name)
    return key not in shelves and not any(fnmatchcase(key, pattern) for pattern in _NEVER)


def shelf_folders(settings: LaneSettings) -> frozenset[str]:
    """Return the keys of the names in the lane's folder under which its shelves stand."""
    shelves = (settings.shelf(name) for name in ("held", "sending", "sent", "failed"))
    return frozenset(_first_part(settings.folder, shelves))


def _first_part(folder: Path, shelves: Iterable[Path]) -> Iterable[str]:
    """Yield the first name below `folder` of each shelf that stands inside it."""
    for shelf in shelves:
        if shelf.is_relative_to(folder) and shelf != folder:
            yield name_key(shelf.relative_to(folder).parts[0])
