"""The file-system seam: everything that OutTray does to a disk or a share.

The real side is `RealFileSystem` (`real.py`), the simulated one `SimulatedFileSystem` (`simulated.py`); one suite of
tests runs over both. No method follows a symbolic link or a junction, and none ever overwrites a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from agent.model import Identity


class FileSystemProblem(Exception):
    """What went wrong with a path; the base of all that this seam raises."""

    def __init__(self, path: Path, reason: str = "") -> None:
        super().__init__(reason or self.__class__.__name__)
        self.path = path
        self.reason = reason


class Missing(FileSystemProblem):
    """Nothing stands there (any more)."""


class Exists(FileSystemProblem):
    """Something stands at the target already, and it is left alone."""


class Busy(FileSystemProblem):
    """Another program has the file open (a sharing violation): not yet."""


class Denied(FileSystemProblem):
    """The rights do not suffice."""


class NoRoom(FileSystemProblem):
    """The disk or the quota is full."""


class Offline(FileSystemProblem):
    """The disk or the share cannot be reached."""


class Damaged(FileSystemProblem):
    """A copy does not equal its source, or the device reports an error."""


@dataclass(frozen=True)
class Entry:
    """One name in a folder. Links, junctions, devices and pipes are neither file nor folder: `other`."""

    name: str
    kind: str  # "file" | "folder" | "other"
    identity: Identity | None = None  # of files


class FileSystem(Protocol):
    """What every file system behind the seam does. Every method raises a `FileSystemProblem`, and nothing else."""

    def list(self, folder: Path) -> list[Entry]:
        """Return what stands in `folder`, in no order."""
        ...

    def identify(self, path: Path) -> Identity:
        """Return the identity of the regular file at `path`."""
        ...

    def open(self, path: Path) -> BinaryIO:
        """Open the regular file at `path` for reading, letting others read it, without following a link."""
        ...

    def in_use(self, path: Path) -> bool:
        """Tell whether another program has the file open for writing, as far as the system can tell."""
        ...

    def move(self, source: Path, target: Path) -> None:
        """Move a file, never overwriting; across volumes by copy, sync, compare and delete. Times are kept.

        Made again after a crash in its middle it ends the same way: a finished copy with its source is a move done.
        """
        ...

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file so that it stands whole or not at all after a crash. Raise `Exists` where one stands."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file. One that is gone already is no problem."""
        ...

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it. One that stands already is no problem."""
        ...

    def remove_folder(self, path: Path) -> None:
        """Remove a folder if it is empty; leave it otherwise. One that is gone already is no problem."""
        ...

    def free_bytes(self, folder: Path) -> int:
        """Return how many bytes can still be written where `folder` is."""
        ...

    def is_remote(self, folder: Path) -> bool:
        """Tell whether `folder` is on a network share, where the system's change events cannot be trusted."""
        ...
