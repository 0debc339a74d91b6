"""What Linux and macOS have in common below the file-system seam. Everything raises plain `OSError`s."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_UNKNOWN_TO_FILE_SYSTEM = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
_NO_HARD_LINKS = (*_UNKNOWN_TO_FILE_SYSTEM, errno.EPERM, errno.EMLINK, errno.EIO)  # EIO: mounts of rclone
_OPEN = Path("/proc/self/fd")
_PLACEHOLDER = b"OutTray keeps this name for a file that is on its way.\n"


def real_path(path: Path) -> Path:
    """Return the path as the system takes it: as it is."""
    return path


def is_link(status: os.stat_result) -> bool:
    """Tell whether the entry leads somewhere else."""
    return stat.S_ISLNK(status.st_mode)


def open_reading(path: Path) -> BinaryIO:
    """Open the regular file for reading. A link is refused (ELOOP), and a pipe without a writer does not hang."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "not a regular file")
    return os.fdopen(descriptor, "rb")


def open_within(root: Path, parts: Sequence[str]) -> BinaryIO:
    """Open the regular file at `parts` below `root` for reading, one folder after the other, none of them a link.

    Nothing that is put in a folder's place meanwhile is followed: each is opened from the one above it.
    """
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(parts[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "not a regular file")
    return os.fdopen(descriptor, "rb")


class LinkOnTheWay(Exception):
    """A link stands where a folder should be."""


@contextmanager
def anchored(root: Path, parts: Sequence[str]) -> Iterator[Path]:
    """Yield the folder at `parts` below `root`, none of which is a link: each is opened from the one above it.

    In the form of the open folder where the system has one (Linux), so that what is put in its place is not met; else
    as its path, as it was found. Raises LinkOnTheWay, and `OSError`.
    """
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            try:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
                    raise
                if stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
                    raise LinkOnTheWay from error
                raise
            os.close(folder)
            folder = inner
        held = _OPEN / str(folder)
        yield held if held.exists() else root.joinpath(*parts)
    finally:
        os.close(folder)


open_still = open_reading
"""Nothing here keeps others from writing meanwhile: who copies must look at the file before and after."""


def in_use(path: Path) -> bool:
    """Return False: nobody is kept out of a file that another program has open here, so that no open can show it."""
    path.lstat()
    return False


def delete(path: Path) -> None:
    """Remove the file."""
    path.unlink()


def hide(path: Path) -> None:
    """Do nothing: the leading dot hides it."""


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in `folder` last through a power cut, where the file system lets us."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN_TO_FILE_SYSTEM:  # CIFS and some FUSE file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)


def rename_without_overwriting(source: Path, target: Path, exclusive_rename: Callable[[Path, Path], None]) -> None:
    """Rename `source` to `target` on one volume; raise `FileExistsError` where anything stands at `target`.

    A plain rename would silently replace. So, in this order, each only where the file system cannot do the one before:

    1. the kernel's own exclusive rename;
    2. a hard link, which is refused where the name is used, and then the first name removed. A crash in between leaves
       one file under two names, which the next `move` recognises by the file's id;
    3. a placeholder, created exclusively, and the rename over just that. A crash in between leaves the placeholder,
       which the next try recognises by its words.
    """
    try:
        exclusive_rename(source, target)
    except OSError as error:
        if error.errno not in _UNKNOWN_TO_FILE_SYSTEM:
            raise
    else:
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _rename_over_placeholder(source, target)
    else:
        source.unlink()


def _rename_over_placeholder(source: Path, target: Path) -> None:
    try:
        with target.open("xb") as placeholder:
            placeholder.write(_PLACEHOLDER)
    except FileExistsError:
        if not stat.S_ISREG(target.lstat().st_mode) or target.read_bytes() != _PLACEHOLDER:
            raise
    try:
        source.rename(target)
    except OSError:
        target.unlink()
        raise
