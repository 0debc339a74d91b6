"""OutTray's own files and folders (ledger, spool, logs, locks, addresses): for the account that it runs under alone.

By explicit rights, for neither the umask nor whoever made a folder first can be relied on. Nothing of ours is reached
through a link: what stands at a name of ours and is one was put there. The folder that the settings name is the
exception, which IT may have linked; what is in it may not be. On Windows a folder's access list is handed down to what
is in it (`agent.windows_rights`), so that modes say nothing there.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent import sddl

FOLDER, FILE = 0o700, 0o600
_ABOVE = 0o755  # what is made above a folder of ours: nobody else may put another in its place
_OTHERS = 0o077
_WINDOWS = sys.platform == "win32"
_NO_LINK = 0 if _WINDOWS else os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDERS = ("spool", "logs", "looks", "profiles", "private-*")
_FILES = ("ledger.sqlite*", "agent.lock", "interface.json*", "installation.json*")


@dataclass(frozen=True)
class Fault:
    """Something of ours that others may get at. `why`: "open" by its mode, of another "owner", or a "link"."""

    path: Path
    why: str


def make_folder(path: Path, *, may_be_link: bool = False) -> None:
    """Make a folder of ours with those above it, or close one that stands there.

    Raises OSError: PermissionError for a folder of another account, and where a link of another's leads there;
    NotADirectoryError for a link or a file.
    """
    _refuse_strange_links(path)
    for above in reversed(path.parents):
        if not above.is_dir():
            try:
                above.mkdir(mode=_ABOVE, exist_ok=True)
            except FileExistsError:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
    if not may_be_link and is_link(path):
        raise NotADirectoryError(errno.ENOTDIR, "a link stands where a folder of ours should be")
    if sys.platform == "win32":
        from agent import windows_rights

        windows_rights.make_own_folder(path.resolve())
        return
    with suppress(FileExistsError):
        path.mkdir(mode=FOLDER)
    _close(path, os.O_DIRECTORY, FOLDER, may_be_link=may_be_link)


def open_new(path: Path, buffer: int = -1) -> BinaryIO:
    """Open a file of ours for writing, emptied, or made. Raises OSError, also where it is a link or another's."""
    return os.fdopen(descriptor_of(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb", buffer)


def create(path: Path) -> BinaryIO:
    """Make a file of ours that is not there yet, for writing. Raises OSError: FileExistsError also for a link."""
    return os.fdopen(descriptor_of(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb")


def read_whole(path: Path, most: int) -> bytes:
    """Return what is in a file that somebody has named, through links too. Nothing but a file is opened and waited for.

    Raises OSError, also for more than `most` bytes.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        if len(data := file.read(most + 1)) > most:
            raise OSError(errno.EFBIG, "it is too large")
        return data


def touch(path: Path) -> None:
    """See that a file of ours is there, as it is. Raises OSError as `open_new`."""
    os.close(descriptor_of(path, os.O_RDWR | os.O_CREAT))


def descriptor_of(path: Path, flags: int) -> int:
    """Open a file of ours with these flags of `os.open`; its mode is put right first. Raises OSError as `open_new`."""
    if _WINDOWS:
        if is_link(path):
            raise OSError(errno.ELOOP, "a link stands where a file of ours should be")
        return os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0), FILE)
    descriptor = os.open(path, (flags & ~os.O_TRUNC) | _NO_LINK, FILE)
    try:
        _make_own(descriptor, FILE)
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def is_link(path: Path) -> bool:
    """Tell whether a link (on Windows also a junction) stands at `path`."""
    try:
        found = path.lstat()
    except OSError:
        return False
    reparse = getattr(found, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_REPARSE_POINT
    return stat.S_ISLNK(found.st_mode) or bool(reparse)


def _refuse_strange_links(path: Path) -> None:
    """Raise PermissionError where the way leads over a link that neither this account nor the system has made."""
    if _WINDOWS:
        return
    for place in (path, *path.parents):
        try:
            found = place.lstat()
        except OSError:
            continue
        if stat.S_ISLNK(found.st_mode) and found.st_uid not in (0, os.geteuid()):
            raise PermissionError(errno.EPERM, "another account's link leads there")


def close_all(data: Path) -> None:
    """Close everything of ours in the data folder that an older OutTray, a copy or a backup has left open to others.

    What cannot be closed stays, and `faults` tells of it: it is another's, or no file system that knows rights.
    """
    if sys.platform == "win32":
        from agent import windows_rights

        for path, _found in _ours(data):
            with suppress(OSError):
                if not is_link(path) and sddl.open_to(windows_rights.rights_of(path)):
                    windows_rights.inherit(path)
        return
    for path, found in _ours(data):
        if found.st_mode & _OTHERS and stat.S_IFMT(found.st_mode) in (stat.S_IFREG, stat.S_IFDIR):
            is_folder = stat.S_ISDIR(found.st_mode)
            try:
                _close(path, os.O_DIRECTORY if is_folder else 0, FOLDER if is_folder else FILE)
            except OSError:
                continue


def faults(data: Path) -> Iterator[Fault]:
    """Yield what of ours, the data folder first, others may read or write, or have put there.

    On Windows a folder may be shared with people who are let in by name, and theirs may then be what stands in it.
    """
    if sys.platform == "win32":
        from agent import windows_rights

        shared = sddl.shared_with(windows_rights.rights_of(data), windows_rights.own_sid()) if data.is_dir() else []
        for path, _found in (*_of(data, os.stat), *_ours(data)):
            if is_link(path) and path != data:
                yield Fault(path, "link")
            elif sddl.open_to(windows_rights.rights_of(path)):
                yield Fault(path, "open")
            elif not shared and not windows_rights.is_of_the_system(path):
                yield Fault(path, "owner")
        return
    for path, found in (*_of(data, os.stat), *_ours(data)):
        if stat.S_ISLNK(found.st_mode):
            yield Fault(path, "link")
        elif found.st_uid != os.geteuid():
            yield Fault(path, "owner")
        elif found.st_mode & _OTHERS:
            yield Fault(path, "open")


def _ours(data: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what is ours in the data folder: IT may keep other things in it, watched folders too."""
    for pattern in (*_FILES, *_FOLDERS):
        for path in sorted(data.glob(pattern)):
            yield from _of(path, os.lstat)
            if pattern in _FOLDERS and not is_link(path):
                for inner in sorted(path.rglob("*")):
                    yield from _of(inner, os.lstat)


def _of(path: Path, look: Callable[[Path], os.stat_result]) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        yield path, look(path)
    except OSError:
        return  # it has gone meanwhile, or is nobody's to see


def _close(path: Path, flags: int, mode: int, *, may_be_link: bool = False) -> None:
    descriptor = os.open(path, os.O_RDONLY | flags | (os.O_CLOEXEC if may_be_link else _NO_LINK))
    try:
        _make_own(descriptor, mode)
    finally:
        os.close(descriptor)


def _make_own(descriptor: int, mode: int) -> None:
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another account")
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1 and os.geteuid() == 0:  # no user may lend root a file
        raise PermissionError(errno.EMLINK, "it has another name elsewhere")
    if stat.S_IMODE(found.st_mode) != mode:
        os.fchmod(descriptor, mode)
