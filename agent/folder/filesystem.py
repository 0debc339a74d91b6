"""The file-system seam: everything that OutTray does to a disk or a share.

The real side is `RealFileSystem` (`real.py`), the simulated one `SimulatedFileSystem` (`simulated.py`); one suite of
tests runs over both. No method follows a symbolic link or a junction, and none ever overwrites a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

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


class InTheWay(Exists):
    """Something that is no folder stands where a folder has to be."""


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


class Changed(FileSystemProblem):
    """What stands there is not what was observed."""


@dataclass(frozen=True)
class Entry:
    """One name in a folder, as it stands on the disk.

    Links, junctions, devices and pipes are neither file nor folder: `other`. `hidden` is the system's own mark
    (Windows, macOS); a name with a leading dot is for `names.py` to judge.
    """

    name: str
    kind: Literal["file", "folder", "other"]
    identity: Identity | None = None  # of files
    hidden: bool = False


class Opened(Protocol):
    """A file that is open for reading: what is read from `stream` is of the file that `identity` tells of."""

    @property
    def stream(self) -> BinaryIO:
        """Return the open file."""
        ...

    def identity(self) -> Identity:
        """Return the open file's identity at this moment, whatever stands under its name by now."""
        ...


class ReadsFiles(Protocol):
    """What reads files: a file system, or a narrower view of one."""

    def identify(self, path: Path) -> Identity:
        """Return the identity of the regular file at `path`."""
        ...

    def open(self, path: Path) -> BinaryIO:
        """Open the regular file at `path` for reading."""
        ...


class FileSystem(Protocol):
    """What every file system behind the seam does. Every method raises a `FileSystemProblem`, and nothing else."""

    def list(self, folder: Path) -> list[Entry]:
        """Return what stands in `folder`, in no order. Raise `Missing` where no folder stands, `Offline` where the
        disk or share does not answer; which of the two a lane's folder is, `looking.py` decides.
        """
        ...

    def names(self, folder: Path) -> Sequence[str]:
        """Return the names of all that stands in `folder`, and nothing else of it: cheap where there is much.

        Raises as `list` does.
        """
        ...

    def identify(self, path: Path) -> Identity:
        """Return the identity of the regular file at `path`."""
        ...

    def open(self, path: Path) -> BinaryIO:
        """Open the regular file at `path` for reading, letting others read it, without following a link."""
        ...

    def open_within(self, root: Path, path: Path) -> Opened:
        """Open the regular file at `path` for reading; below `root` no folder on the way is a link either.

        Who opens closes the stream. What it reads raises plain `OSError`s.
        """
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
        """Make a folder and those above it. One that stands already is no problem; a file or link raises `Exists`."""
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
