"""Moving a file to another volume: a copy that is proved before its source goes, one step a function.

Cut off after any step and made again, it ends the same way: a leftover copy is replaced, and a finished one is only
freed of its source.
"""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

from agent.crashpoints import here
from agent.folder.filesystem import Busy, Damaged, Exists
from agent.folder.names import OWN_PREFIX
from agent.folder.system import system

_CHUNK = 1 << 20


def move_across(source: Path, target: Path, told: Path | None = None) -> None:
    """Move the regular file `source` to `target` on another volume. Raise `Exists`, `Busy`, `Damaged` and `OSError`.

    `told`: what the source is called where `source` is the form of an open folder, which is another each time.
    """
    aside = aside_of(target, told or source)
    if not os.path.lexists(target):
        digest = copy_aside(source, aside)
        here("copied")
        compare(aside, digest)
        here("copy-compared")
        place(aside, target)
        here("copy-placed")
    elif not same_bytes(source, target):
        aside.unlink(missing_ok=True)
        raise Exists(target)
    delete_source(source)


def aside_of(target: Path, source: Path | None = None) -> Path:
    """Return where a file stands until it is whole: beside the target, hidden, and the same for every repetition.

    The PC's name is part of it, so that two that share the folder do not meet in one file.
    """
    words = "\0".join((platform.node(), str(source or ""), target.name))
    return target.with_name(f"{OWN_PREFIX}{hashlib.sha256(os.fsencode(words)).hexdigest()[:20]}")


def copy_aside(source: Path, aside: Path) -> str:
    """Copy to `aside` with the times, down to the disk, and return the SHA-256 of what was read.

    Raise `Busy` when the source changed meanwhile (where the system cannot keep writers out).
    """
    aside.unlink(missing_ok=True)
    digest = hashlib.sha256()
    with system.open_still(source) as reader, aside.open("xb") as writer:
        before = os.fstat(reader.fileno())
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
            here("copying")
        after = os.fstat(reader.fileno())
        writer.flush()
        os.fsync(writer.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        aside.unlink()
        raise Busy(source, "it changed while it was copied")
    os.utime(aside, ns=(after.st_atime_ns, after.st_mtime_ns))
    return digest.hexdigest()


def compare(aside: Path, digest: str) -> None:
    """Read the copy again; raise `Damaged` and remove it unless it is what was read from the source."""
    if sha256_of(aside) != digest:
        aside.unlink()
        raise Damaged(aside, "the copy does not equal its source")


def place(aside: Path, target: Path) -> None:
    """Give the whole file its name, unless that is used by now."""
    try:
        system.rename(aside, target)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    system.sync_folder(target.parent)


def delete_source(source: Path) -> None:
    """Remove the source of a move that is otherwise done."""
    system.delete(source)
    system.sync_folder(source.parent)


def same_bytes(one: Path, other: Path) -> bool:
    """Tell whether two regular files have the same bytes."""
    return one.lstat().st_size == other.lstat().st_size and sha256_of(one) == sha256_of(other)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a regular file; a link at `path` is not followed."""
    digest = hashlib.sha256()
    with system.open_reading(path) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
