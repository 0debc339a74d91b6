"""The file system as macOS has it: exclusive renames, the hidden mark, and which volumes are network shares."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path

from agent.folder import on_posix
from agent.folder.on_posix import (
    LinkOnTheWay,
    anchored,
    delete,
    hide,
    in_use,
    is_link,
    open_reading,
    open_still,
    open_within,
    real_path,
    sync_folder,
)

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
"""FSEvents watches trees by its nature, at no cost by their size."""

_RENAME_EXCL = 0x4  # sys/stdio.h
_UF_HIDDEN = 0x8000  # sys/stat.h
_MNT_LOCAL = 0x1000  # sys/mount.h


class _Statfs(ctypes.Structure):
    """`struct statfs` with 64-bit inodes (sys/mount.h)."""

    _fields_ = (
        ("f_bsize", ctypes.c_uint32),
        ("f_iosize", ctypes.c_int32),
        ("f_blocks", ctypes.c_uint64),
        ("f_bfree", ctypes.c_uint64),
        ("f_bavail", ctypes.c_uint64),
        ("f_files", ctypes.c_uint64),
        ("f_ffree", ctypes.c_uint64),
        ("f_fsid", ctypes.c_int32 * 2),
        ("f_owner", ctypes.c_uint32),
        ("f_type", ctypes.c_uint32),
        ("f_flags", ctypes.c_uint32),
        ("f_fssubtype", ctypes.c_uint32),
        ("f_fstypename", ctypes.c_char * 16),
        ("f_mntonname", ctypes.c_char * 1024),
        ("f_mntfromname", ctypes.c_char * 1024),
        ("f_flags_ext", ctypes.c_uint32),
        ("f_reserved", ctypes.c_uint32 * 7),
    )


def is_hidden(status: os.stat_result) -> bool:
    """Tell whether Finder hides the entry."""
    return bool(getattr(status, "st_flags", 0) & _UF_HIDDEN)


def rename(source: Path, target: Path) -> None:
    """Rename on one volume without overwriting. Raise `OSError`: EEXIST, EXDEV for another volume, and others."""
    on_posix.rename_without_overwriting(source, target, exclusive_rename)


def exclusive_rename(source: Path, target: Path) -> None:
    """Rename by renamex_np(2) with RENAME_EXCL. Raise ENOTSUP where the volume does not know the flag."""
    if _libc().renamex_np(os.fsencode(source), os.fsencode(target), ctypes.c_uint(_RENAME_EXCL)):
        raise _error()


def is_remote(folder: Path) -> bool:
    """Tell whether `folder` is on a volume that is not local (statfs(2), MNT_LOCAL)."""
    found = _Statfs()
    # On Intel the plain name is the old call with 32-bit inodes, and another structure.
    statfs = getattr(_libc(), "statfs$INODE64", None) or _libc().statfs
    if statfs(os.fsencode(folder), ctypes.byref(found)):
        raise _error()
    return not found.f_flags & _MNT_LOCAL


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
