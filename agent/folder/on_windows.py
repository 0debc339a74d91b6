"""The file system as Windows has it: share modes, long paths, reparse points, drives that are shares."""

from __future__ import annotations

import ctypes
import errno
import msvcrt
import ntpath
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path
from typing import BinaryIO

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

__all__ = [
    "WATCHES_TREES",
    "LinkOnTheWay",
    "anchored",
    "delete",
    "hide",
    "in_use",
    "is_hidden",
    "is_link",
    "is_remote",
    "open_reading",
    "open_still",
    "open_within",
    "real_path",
    "rename",
    "sync_folder",
]

WATCHES_TREES = True
"""ReadDirectoryChangesW watches a tree with one handle. Handles on subfolders would keep them from being removed."""

_GENERIC_READ = 0x80000000
_SHARE_READ, _SHARE_WRITE, _SHARE_DELETE = 1, 2, 4
_OPEN_EXISTING = 3
_SEQUENTIAL_SCAN = 0x08000000
_MOVEFILE_WRITE_THROUGH = 8
_DRIVE_REMOTE = 4
_ERROR_ACCESS_DENIED = 5
_ERROR_SHARING_VIOLATION, _ERROR_LOCK_VIOLATION = 32, 33
_NAME_SURROGATE = 0x20000000  # winnt.h, IsReparseTagNameSurrogate

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.CreateFileW.restype = wintypes.HANDLE
_kernel32.CreateFileW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.LPVOID,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.HANDLE,
)
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel32.MoveFileExW.argtypes = (wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD)
_kernel32.MoveFileExW.restype = wintypes.BOOL
_kernel32.SetFileAttributesW.argtypes = (wintypes.LPCWSTR, wintypes.DWORD)
_kernel32.SetFileAttributesW.restype = wintypes.BOOL
_kernel32.GetDriveTypeW.argtypes = (wintypes.LPCWSTR,)
_kernel32.GetDriveTypeW.restype = wintypes.UINT
_INVALID_HANDLE = wintypes.HANDLE(-1).value


def real_path(path: Path) -> Path:
    r"""Return the path in the form that has no limit of 260 characters: `\\?\C:\...` or `\\?\UNC\server\share\...`.

    In this form Windows takes every name as it stands (also `aux.txt`, or a trailing dot), and no `/` or `..`.
    """
    text = ntpath.normpath(str(path)) if path.is_absolute() else ntpath.abspath(str(path))
    if text.startswith(("\\\\?\\", "\\\\.\\")):
        return Path(text)
    return Path("\\\\?\\UNC\\" + text[2:]) if text.startswith("\\\\") else Path("\\\\?\\" + text)


def is_link(status: os.stat_result) -> bool:
    """Tell whether the entry leads somewhere else: a symbolic link, a junction, a mounted folder.

    By the tag's own bit for that, so that OneDrive's and deduplicated files, reparse points as well, stay files.
    """
    reparse = status.st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT
    return bool(reparse and status.st_reparse_tag & _NAME_SURROGATE)


def is_hidden(status: os.stat_result) -> bool:
    """Tell whether the entry has the hidden or the system attribute."""
    return bool(status.st_file_attributes & (stat.FILE_ATTRIBUTE_HIDDEN | stat.FILE_ATTRIBUTE_SYSTEM))


def open_reading(path: Path) -> BinaryIO:
    """Open the regular file for reading; others can read, write, rename and delete it meanwhile."""
    return _open(path, _SHARE_READ | _SHARE_WRITE | _SHARE_DELETE)


def open_still(path: Path) -> BinaryIO:
    """Open the regular file for reading, and keep others from writing or removing it meanwhile."""
    return _open(path, _SHARE_READ)


def open_within(root: Path, parts: Sequence[str]) -> BinaryIO:
    """Open the regular file at `parts` below `root` for reading, where no folder on the way is a link.

    Looked at before and after: who reads holds the open file's identity against the one that it expects.
    """
    path = root.joinpath(*parts)
    _refuse_links(root, parts)
    file = open_reading(path)
    try:
        _refuse_links(root, parts)
    except OSError:
        file.close()
        raise
    return file


class LinkOnTheWay(Exception):
    """A link stands where a folder should be."""


@contextmanager
def anchored(root: Path, parts: Sequence[str]) -> Iterator[Path]:
    """Yield the folder at `parts` below `root`, none of which is a link or a junction, as each was found just before.

    Raises LinkOnTheWay, and `OSError`.
    """
    for count in range(1, len(parts) + 1):
        if is_link(root.joinpath(*parts[:count]).lstat()):
            raise LinkOnTheWay
    yield root.joinpath(*parts)


def _refuse_links(root: Path, parts: Sequence[str]) -> None:
    for count in range(1, len(parts)):
        if is_link(root.joinpath(*parts[:count]).lstat()):
            raise FileNotFoundError(errno.ENOENT, "a link stands where a folder should be")


def in_use(path: Path) -> bool:
    """Tell whether another program has the file open for writing: an open that denies writers is then refused."""
    try:
        _kernel32.CloseHandle(_handle(path, _SHARE_READ | _SHARE_DELETE))
    except OSError as error:
        if error.winerror in (_ERROR_SHARING_VIOLATION, _ERROR_LOCK_VIOLATION):
            return True
        raise
    return False


def rename(source: Path, target: Path) -> None:
    """Rename on one volume without overwriting; it has reached the disk on return.

    Raise `OSError` with `winerror` 183 where something stands at `target`, 17 for another volume, and others.
    """
    if not _kernel32.MoveFileExW(str(source), str(target), _MOVEFILE_WRITE_THROUGH):
        raise ctypes.WinError(ctypes.get_last_error())


def delete(path: Path) -> None:
    """Remove the file, also when it has the read-only attribute: people who can delete it in Explorer can, too."""
    try:
        path.unlink()
    except PermissionError as error:
        read_only = path.lstat().st_file_attributes & stat.FILE_ATTRIBUTE_READONLY
        if error.winerror != _ERROR_ACCESS_DENIED or not read_only:
            raise
        path.chmod(stat.S_IWRITE)
        path.unlink()


def hide(path: Path) -> None:
    """Give the file the hidden attribute: a leading dot does not hide here."""
    if not _kernel32.SetFileAttributesW(str(path), stat.FILE_ATTRIBUTE_HIDDEN):
        raise ctypes.WinError(ctypes.get_last_error())


def sync_folder(folder: Path) -> None:
    """Do nothing: a folder cannot be synced here, and renames are written through."""


def is_remote(folder: Path) -> bool:
    """Tell whether `folder` is a UNC path, on a drive letter that stands for a share, or a link that leads to one."""
    return _is_on_share(str(real_path(folder))) or _is_on_share(ntpath.realpath(folder))


def _is_on_share(path: str) -> bool:
    drive = ntpath.splitdrive(path.removeprefix("\\\\?\\"))[0]
    if not drive.endswith(":"):
        return True
    return bool(_kernel32.GetDriveTypeW(drive + "\\") == _DRIVE_REMOTE)


def _open(path: Path, share: int) -> BinaryIO:
    before = path.lstat()
    if not stat.S_ISREG(before.st_mode) or is_link(before):
        raise FileNotFoundError(errno.ENOENT, "not a regular file")
    descriptor = msvcrt.open_osfhandle(_handle(path, share), os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)
    # Not FILE_FLAG_OPEN_REPARSE_POINT against a link that came in between: it would show deduplicated files empty.
    if os.fstat(descriptor).st_ino != before.st_ino:
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "another file has taken its place")
    return os.fdopen(descriptor, "rb")


def _handle(path: Path, share: int) -> int:
    handle = _kernel32.CreateFileW(str(path), _GENERIC_READ, share, None, _OPEN_EXISTING, _SEQUENTIAL_SCAN, None)
    if handle is None or handle == _INVALID_HANDLE:
        raise ctypes.WinError(ctypes.get_last_error())
    return int(handle)
