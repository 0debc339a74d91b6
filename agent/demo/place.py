"""The demo's folder: one place under the system's temporary folder, kept after a demo and emptied by the next.

Only a folder that our marker proves to be a demo's is ever emptied, and not while another demo uses it; then the next
number is taken.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

MARKER = ".outtray-demo"
_MARKER_WORDS = "This folder belongs to outtray demo, which empties it when it runs again.\n"
_LOCK = ".in-use"
_MOST = 20


class NoPlace(Exception):
    """No folder can be had for the demo; the message says where it was looked for."""


@contextmanager
def demo_folder(parent: Path | None = None) -> Iterator[Path]:
    """Give an empty folder for one demo, its own while it lasts. Raises NoPlace."""
    parent = parent or Path(tempfile.gettempdir())
    for number in range(1, _MOST + 1):
        folder = parent / f"outtray-demo-{number}"
        lock = _have(folder)
        if lock is not None:
            try:
                yield folder
            finally:
                lock.release()
            return
    raise NoPlace(
        f"There is no room for the demo in {parent}. Make the folder writable, or remove outtray-demo-1 there."
    )


def _have(folder: Path) -> FileLock | None:
    """Make the folder, or take it over from an earlier demo; None where it is not to be had."""
    try:
        folder.mkdir(mode=0o700)
        (folder / MARKER).write_text(_MARKER_WORDS, encoding="utf-8")
    except FileExistsError:
        if not _is_ours(folder):
            return None
    except OSError as denied:
        raise NoPlace(f"The demo cannot make its folder in {folder.parent}: {denied.strerror}.") from denied
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
        _empty(folder)
    except (Timeout, OSError):  # another demo runs in it, or someone has one of its files open
        lock.release()
        return None
    return lock


def _is_ours(folder: Path) -> bool:
    """Tell whether an earlier demo of this user made it: in a temporary folder that all share, names prove nothing."""
    try:
        status = folder.lstat()
        ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
        return ours and not folder.is_symlink() and (folder / MARKER).read_text(encoding="utf-8") == _MARKER_WORDS
    except (OSError, UnicodeDecodeError):
        return False


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name in (MARKER, _LOCK):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
