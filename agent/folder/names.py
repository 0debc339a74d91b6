"""Names: which are never picked up, and when two of them are the same to people and to file systems."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Collection, Sequence
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

SHELF_NAMES = ("held", "sending", "sent", "failed")
"""What shelves are called unless the settings say otherwise. A folder of such a name was a shelf, or is one."""

_UNFINISHED = (  # what programs write to until the file has its real name: it can look complete for a while
    "~$*",  # Office's owner files
    "*~",
    "*.tmp",
    "*.temp",
    "*.part",
    "*.partial",
    "*.filepart",
    "*.download",
    "*.opdownload",
    "*.crdownload",
    "*.crswap",
    "*.uploading",
    "*.writing",
    "*.inprogress",
    "*.in-progress",
    "*.incomplete",
    "*.swp",
)
_SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "*.lnk", "icon\r")

_BINS = ("[#@$]*", "~snapshot", "system volume information", "lost+found", "found.[0-9][0-9][0-9]", "__macosx")
_PUT_ASIDE = (
    "recycler",
    "recycled",
    "recycle",
    "recycle bin",
    "trash",
    "trashbox",
    "network trash folder",
    "temporary items",
    "deleted",
    "deleted items",
    "old",
)
"""Where systems, storage devices (#recycle, @eaDir, $RECYCLE.BIN) and people keep what is done with: never a packet."""

_BESIDE = (
    *("*.done", "*.fin", "*.end", "*.ok", "*.complete", "*.finished", "*.ready", "*.rdy", "*.go", "*.trg", "*.sem"),
    *("*.flg", "*.flag", "*.lock", "*.lck", "*.~lock", "*.ctl", "*.md5", "*.sha1", "*.sha256", "*.sha512", "*.sfv"),
    *("*.crc", "*.sum"),
)
"""What scanning software puts beside a scan: marks, locks and checksums. None is of a type that can be sent."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)))


_NEVER = _any_of(".*", *_UNFINISHED, *_SYSTEM_FILES, *(f"*{document}" for document in DOCUMENTS))
_SYSTEM_FOLDER = _any_of(*_BINS)
_NEVER_INTO = _any_of(*_BINS, *_PUT_ASIDE, *SHELF_NAMES)
_TEMPORARY = _any_of(*_UNFINISHED)
_LEFT_BY_SYSTEMS = _any_of(*(name for name in _SYSTEM_FILES if name != "*.lnk"), ".ds_store", "._*", ".directory")
_MARKS = _any_of(*_BESIDE)
_OWN_FOLDER = re.compile(r"(.*) \([1-9][0-9]{0,5}\)")
_FILES_OF = "files of "


def name_key(name: str) -> str:
    """Return what two names have in common that are one name to a person, to Windows or to macOS: NFC, case-folded."""
    if name.isascii():  # nearly all are, and a shelf is compared with thousands
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def may_pair(one: str, other: str) -> bool:
    """Tell whether two names could come into one packet: one is the other's sidecar (`NAME.json` beside `NAME.*` or
    beside `NAME` itself), or a sidecar that is still to come could speak for both (`NAME.json` for all `NAME.*`).

    No more than a guard for what is put into a watched folder; what really pairs is decided by the intake.
    """
    one, other = name_key(one), name_key(other)
    return _speaks_for(one, other) or _speaks_for(other, one) or _stem(one) == _stem(other)


def is_sidecar_name(name: str) -> bool:
    """Tell whether a file of this name can be a sidecar."""
    return name_key(name).endswith(".json")


def _stem(file: str) -> str:
    return file.rpartition(".")[0] or file


def _speaks_for(sidecar: str, file: str) -> bool:
    stem = sidecar.removesuffix(".json")
    return stem != sidecar and stem in (file, file.rpartition(".")[0])


def is_left_by_systems(name: str) -> bool:
    """Tell whether a file is what systems leave in every folder that someone has looked into."""
    return _LEFT_BY_SYSTEMS.match(name_key(name)) is not None


def is_watched(name: str, shelves: Collection[str] = ()) -> bool:
    """Tell whether a file of this name is picked up; `shelves` are keys of folders that are not.

    Never picked up: hidden, temporary and partial files, what systems leave in folders, and what OutTray writes.
    """
    key = name_key(name)
    return key not in shelves and _NEVER.match(key) is None


def is_looked_into(name: str, shelves: Collection[str] = ()) -> bool:
    """Tell whether a folder of this name can be a packet's: no shelf, and no place where deleted files are kept."""
    return is_watched(name, shelves) and _NEVER_INTO.match(name_key(name)) is None


def is_system_folder(name: str) -> bool:
    """Tell whether a folder of this name is a system's or a storage device's own, inside a packet's folder too."""
    return not is_watched(name) or _SYSTEM_FOLDER.match(name_key(name)) is not None


def is_picked_up(parts: Sequence[str], shelves: Collection[str] = ()) -> bool:
    """Tell whether a path below a lane's folder is looked at: the last part a file or a folder, the others folders."""
    if not parts or not all(
        is_looked_into(part, shelves if index == 0 else ()) for index, part in enumerate(parts[:-1])
    ):
        return False
    return is_watched(parts[-1], shelves if len(parts) == 1 else ())


def is_temporary(name: str) -> bool:
    """Tell whether a file of this name is one that a program has not finished."""
    return _TEMPORARY.match(name_key(name)) is not None


def is_own_folder(name: str) -> bool:
    """Tell whether a folder can be one that a shelf made for a packet whose names met others: `NAME (2)`."""
    return _OWN_FOLDER.fullmatch(name) is not None


def own_folder(stem: str, number: int) -> str:
    """Return the name of the folder that is made for a packet as the `number`th of its NAME: `NAME (2)`.

    What is dropped or dragged back as a folder of that name has to be looked into: a NAME that hides its folder, as
    deleted files are hidden, stands behind words (`files of #12 (2)`).
    """
    name = f"{stem} ({number})"
    return name if is_looked_into(name) else f"{_FILES_OF}{name}"


def stem_of_own_folder(folder: str) -> str:
    """Return the NAME for which a shelf would have made this folder (`own_folder`); any other folder's own name."""
    match = _OWN_FOLDER.fullmatch(folder)
    stem = match[1] if match else folder
    hidden = folder.removeprefix(_FILES_OF)
    return (stem.removeprefix(_FILES_OF) if match and not is_looked_into(hidden) else stem) or folder


def is_mark(name: str) -> bool:
    """Tell whether a file of this name is a mark, a lock or a checksum that another program puts beside a scan."""
    return _MARKS.match(name_key(name)) is not None


def is_document(name: str) -> bool:
    """Tell whether a file of this name is a document of ours: a folder that holds one is a shelf, or was on one."""
    key = name_key(name)
    return key == MANIFEST or key.endswith(DOCUMENTS)


def is_problem(name: str) -> bool:
    """Tell whether a file of this name is the problem of a failed packet."""
    return name_key(name).endswith((PROBLEM_TEXT, PROBLEM_JSON))


def shelf_folders(settings: LaneSettings, former: tuple[str, ...] = ()) -> frozenset[str]:
    """Return the keys of the names in the lane's folder under which its shelves stand, or `former` ones."""
    return _first_parts(settings.folder, settings.held, settings.sending, settings.sent, settings.failed, *former)


@cache
def _first_parts(folder: Path, *shelves: str) -> frozenset[str]:
    """Return the key of the first name below `folder` of each shelf that stands inside it."""
    inside = (
        shelf for shelf in (folder / name for name in shelves) if shelf.is_relative_to(folder) and shelf != folder
    )
    return frozenset(name_key(shelf.relative_to(folder).parts[0]) for shelf in inside)
