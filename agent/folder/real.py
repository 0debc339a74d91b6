"""The file-system seam over the PC's own disks and shares."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from agent.crashpoints import here
from agent.folder import copying
from agent.folder.anchored import Roots
from agent.folder.errors import problem_of, translated
from agent.folder.filesystem import (
    Busy,
    Damaged,
    Denied,
    Entry,
    Exists,
    FileSystemProblem,
    InTheWay,
    Missing,
    NoRoom,
    Offline,
    Opened,
)
from agent.folder.names import name_key
from agent.folder.system import system
from agent.model import Identity

_ERROR_NOT_SAME_DEVICE = 17  # Windows


class RealFileSystem:
    """The PC's own disks and shares (`FileSystem`).

    `roots`: the folders that the settings name. Each may itself be reached through links, as IT has set it up; below it
    no link is followed, neither in a folder's place (`InTheWay`) nor in a file's.
    """

    _roots = Roots()  # of those whose own beginning leaves this one out

    def __init__(self, roots: Iterable[Path] = ()) -> None:
        self._roots = Roots(roots)

    @contextmanager
    def _reached(self, path: Path) -> Iterator[Path]:
        """Yield `path` as the system takes it; what its `OSError`s mean is raised."""
        with translated(path), self._roots.entry(path) as real:
            yield real

    def list(self, folder: Path) -> list[Entry]:
        """Return what stands in `folder`. A name that goes away meanwhile is left out."""
        entries = []
        with self._listing(folder) as found:
            for name in found:
                with suppress(FileNotFoundError):
                    entries.append(_entry(name))
        return entries

    def names(self, folder: Path) -> Sequence[str]:
        """Return the names in `folder`, without a look at what they stand for."""
        with self._listing(folder) as found:
            return [entry.name for entry in found]

    def identify(self, path: Path) -> Identity:
        """Return the identity of the regular file at `path`."""
        with self._reached(path) as real:
            return _identity(_regular(real, path))

    def open(self, path: Path) -> BinaryIO:
        """Open the regular file at `path` for reading, keeping nobody else from it.

        The file's own `read` raises plain `OSError`s; `errors.translated` makes problems of them.
        """
        with self._reached(path) as real:
            return system.open_reading(real)

    def open_within(self, root: Path, path: Path) -> Opened:
        """Open the regular file at `path` by way of `root`, which may be reached through links; the rest may not."""
        with translated(path):
            return _Open(system.open_within(system.real_path(root), path.relative_to(root).parts))

    def in_use(self, path: Path) -> bool:
        """Tell whether another program has the file open for writing. Windows can tell, and Linux of its own disks."""
        with self._reached(path) as real:
            return system.in_use(real)

    def move(self, source: Path, target: Path) -> None:
        """Move a file, never overwriting.

        A rename on one volume is not synced on POSIX (it would cost more than the sending): after a power cut the file
        stands under the one name or the other, and whoever had it moved does so again.
        """
        with self._reached(source) as real_source:
            _regular(real_source, source)
        try:
            with self._roots.entry(source) as real_source, self._roots.entry(target) as real_target:
                _move(real_source, real_target, source)
        except InTheWay:
            raise
        except FileSystemProblem as problem:
            at_target = isinstance(problem, Exists | NoRoom)
            raise type(problem)(target if at_target else source, problem.reason) from problem
        except OSError as error:
            raise self._why_not_moved(error, source, target) from error

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file, whole or not at all. Names with a leading dot are hidden on Windows, too."""
        with self._reached(path) as target:
            aside = copying.aside_of(target)
            if os.path.lexists(target):
                raise Exists(path)
            aside.unlink(missing_ok=True)
            with aside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if path.name.startswith("."):
                system.hide(aside)
            here("written-aside")
            copying.place(aside, target)

    def remove(self, path: Path) -> None:
        """Remove a file (a link itself, never what it leads to)."""
        with suppress(Missing), self._reached(path) as real:
            system.delete(real)

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it."""
        with translated(path):
            try:
                self._roots.make(path)
            except (FileExistsError, NotADirectoryError) as error:
                raise InTheWay(path, "a file stands where the folder should be") from error
            if _kind(system.real_path(path).lstat()) != "folder":
                raise InTheWay(path, "a link stands where the folder should be")

    def remove_folder(self, path: Path) -> None:
        """Remove a folder if it is empty; a link to a folder is left."""
        with suppress(Missing), self._reached(path) as real:
            try:
                if _kind(real.lstat()) == "folder":
                    real.rmdir()
            except OSError as error:
                if not isinstance(problem_of(error, path), Exists):
                    raise

    def free_bytes(self, folder: Path) -> int:
        """Return how many bytes can still be written where `folder` is or is going to be."""
        with translated(folder):
            standing = next((place for place in (folder, *folder.parents) if place.exists()), folder)
            return shutil.disk_usage(system.real_path(standing)).free

    def is_remote(self, folder: Path) -> bool:
        """Tell whether `folder` is on a network share (a mount that runs through FUSE counts as one)."""
        with translated(folder):
            return system.is_remote(folder)

    @contextmanager
    def _listing(self, folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        try:
            with self._roots.folder(folder) as real, os.scandir(real) as found:
                yield found
        except OSError as error:
            problem = problem_of(error, folder)
            # A device error here means that nothing can be said of the folder, least of all that it is empty.
            raise Offline(folder, problem.reason) if isinstance(problem, Damaged) else problem from error

    def _why_not_moved(self, error: OSError, source: Path, target: Path) -> FileSystemProblem:
        """Return what stood in the way of a move, which the system's number alone does not always tell."""
        problem = problem_of(error, target)
        if isinstance(problem, Missing):
            for path in (source, target.parent):
                if not os.path.lexists(system.real_path(path)):
                    return Missing(path, problem.reason)
            return FileSystemProblem(target, problem.reason)  # no file can have the target's name
        if isinstance(problem, Denied):
            # Windows says "access denied" also of a folder at the target and, at times, of a file that is open.
            if os.path.lexists(system.real_path(target)):
                return Exists(target, problem.reason)
            try:
                busy = self.in_use(source)
            except FileSystemProblem:
                busy = False
            return (Busy if busy else Denied)(source, problem.reason)
        return type(problem)(target if isinstance(problem, Exists | NoRoom) else source, problem.reason)


@dataclass(frozen=True)
class _Open:
    stream: BinaryIO

    def identity(self) -> Identity:
        return _identity(os.fstat(self.stream.fileno()))


def _move(source: Path, target: Path, told: Path) -> None:
    try:
        system.rename(source, target)
    except FileExistsError:
        _finish_earlier_move(source, target, told)
    except OSError as error:
        if error.errno != errno.EXDEV and getattr(error, "winerror", None) != _ERROR_NOT_SAME_DEVICE:
            raise
        copying.move_across(source, target, told)


def _finish_earlier_move(source: Path, target: Path, told: Path) -> None:
    """Take away the source if what stands at `target` is this move, cut off before its last step; raise `Exists`."""
    ours, theirs = source.lstat(), target.lstat()
    if _kind(theirs) != "file":
        raise Exists(target)
    if ours.st_dev != theirs.st_dev:
        copying.move_across(source, target, told)
    elif ours.st_ino == 0 or ours.st_ino != theirs.st_ino:
        raise Exists(target)
    elif not _same_entry(source, target):
        copying.delete_source(source)


def _same_entry(one: Path, other: Path) -> bool:
    """Tell whether two paths are one name in one folder, by another spelling: then there is nothing to take away."""
    return name_key(one.name) == name_key(other.name) and one.parent.samefile(other.parent)


def _regular(real: Path, path: Path) -> os.stat_result:
    status = real.lstat()
    if _kind(status) != "file":
        raise Missing(path, "not a regular file")
    return status


def _entry(found: os.DirEntry[str]) -> Entry:
    status = found.stat(follow_symlinks=False)
    kind = _kind(status)
    if kind != "file":
        return Entry(found.name, kind, hidden=system.is_hidden(status))
    # Windows gives the listing's numbers for nothing, but they lack the file's id and, while someone writes, its size.
    whole = status if status.st_ino else Path(found.path).lstat()
    return Entry(found.name, kind, _identity(whole), system.is_hidden(status))


def _kind(status: os.stat_result) -> Literal["file", "folder", "other"]:
    if system.is_link(status):
        return "other"
    if stat.S_ISREG(status.st_mode):
        return "file"
    return "folder" if stat.S_ISDIR(status.st_mode) else "other"


def _identity(status: os.stat_result) -> Identity:
    file_id = f"{status.st_dev:x}-{status.st_ino:x}" if status.st_ino else ""
    return Identity(status.st_size, status.st_mtime_ns, file_id)
