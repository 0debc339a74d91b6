"""A file system that can only be read: whatever a dry run does, nothing in a folder changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

from agent.folder.filesystem import Entry, FileSystem, NoRoom, Opened
from agent.model import Identity


class ReadOnly:
    """Reads through to another file system, and refuses every change as a full disk would: the rooms know of that."""

    def __init__(self, fs: FileSystem) -> None:
        self._fs = fs

    def list(self, folder: Path) -> list[Entry]:
        """Return what stands in `folder`."""
        return self._fs.list(folder)

    def names(self, folder: Path) -> Sequence[str]:
        """Return the names of all that stands in `folder`."""
        return self._fs.names(folder)

    def identify(self, path: Path) -> Identity:
        """Return the identity of the regular file at `path`."""
        return self._fs.identify(path)

    def open(self, path: Path) -> BinaryIO:
        """Open the regular file at `path` for reading."""
        return self._fs.open(path)

    def open_within(self, root: Path, path: Path) -> Opened:
        """Open the regular file at `path` for reading, by way of `root`."""
        return self._fs.open_within(root, path)

    def in_use(self, path: Path) -> bool:
        """Tell whether another program has the file open for writing."""
        return self._fs.in_use(path)

    def move(self, source: Path, target: Path) -> None:
        """Refuse."""
        del target
        self._refuse(source)

    def write(self, path: Path, data: bytes) -> None:
        """Refuse."""
        del data
        self._refuse(path)

    def remove(self, path: Path) -> None:
        """Refuse."""
        self._refuse(path)

    def make_folder(self, path: Path) -> None:
        """Refuse."""
        self._refuse(path)

    def remove_folder(self, path: Path) -> None:
        """Refuse."""
        self._refuse(path)

    def free_bytes(self, folder: Path) -> int:
        """Return nothing: there is no room here for anything."""
        del folder
        return 0

    def is_remote(self, folder: Path) -> bool:
        """Tell whether `folder` is on a network share."""
        return self._fs.is_remote(folder)

    def _refuse(self, path: Path) -> NoReturn:
        raise NoRoom(path, "a dry run changes nothing")
