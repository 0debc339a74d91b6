"""The file system as Linux has it: exclusive renames, and which mounts are network shares."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import signal
from functools import cache
from pathlib import Path

from agent.folder import on_posix
from agent.folder.on_posix import (
    LinkOnTheWay,
    anchored,
    delete,
    hide,
    is_link,
    open_reading,
    open_still,
    open_within,
    real_path,
    sync_folder,
)
from agent.folder.writers_on_linux import OpenFiles

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

WATCHES_TREES = False
"""inotify knows single folders only: a tree costs one watch a folder, and a walk through all of `sent` at the start."""

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1

_REMOTE = frozenset(
    (
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "drvfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    )
)
"""File systems whose changes can come from elsewhere, which inotify does not see. `fuse.*` counts as remote too (sshfs,
rclone, gvfs ...): nothing tells which are not, and polling a local folder does no harm."""


def is_hidden(status: os.stat_result) -> bool:  # noqa: ARG001 - the same signature as on the systems that have the mark
    """Return False: Linux hides by the leading dot alone."""
    return False


def in_use(path: Path) -> bool:
    """Tell whether another program has the file open for writing: a read lease is then refused (fcntl(2), F_SETLEASE).

    Only the file's owner may ask for one, and only local file systems refuse it for that reason: a share refuses it
    also where its server has given no delegation or oplock. There it is what /proc tells of the programs here.
    """
    with on_posix.open_reading(path) as file:
        try:
            # Who opens it meanwhile waits for us, and we are told by a signal: by one that ends no program.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            if error.errno == errno.EAGAIN and not is_remote(path.parent):
                return True
            return _open_files().written_by_someone(path)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def rename(source: Path, target: Path) -> None:
    """Rename on one volume without overwriting. Raise `OSError`: EEXIST, EXDEV for another volume, and others."""
    on_posix.rename_without_overwriting(source, target, exclusive_rename)


def exclusive_rename(source: Path, target: Path) -> None:
    """Rename by renameat2(2) with RENAME_NOREPLACE. Raise EINVAL where the file system does not know the flag."""
    renameat2 = getattr(_libc(), "renameat2", None)
    if renameat2 is None:  # glibc before 2.28
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), ctypes.c_uint(_RENAME_NOREPLACE)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def is_remote(folder: Path) -> bool:
    """Tell whether `folder` is on a network file system, by the kind of its mount."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    kind = mount_kind(mounts, str(folder.resolve()))
    return kind in _REMOTE or kind.startswith("fuse.")


def mount_kind(mountinfo: str, path: str) -> str:
    """Return the file-system type of the mount that `path` is on, from the words of /proc/self/mountinfo (proc(5)).

    Of several mounts on one folder the last is the one that is seen.
    """
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields, words = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, kind = len(point), words[0]
    return kind


@cache
def _open_files() -> OpenFiles:
    return OpenFiles()


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
