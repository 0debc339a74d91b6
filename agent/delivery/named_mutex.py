"""A lock that Windows keeps by name, for all sessions of the PC: another user's agent is met, too.

Unlike a lock file it needs no right to write, cannot be left behind, and does not depend on a share that may go away.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

_ERROR_ACCESS_DENIED = 5
_ASK_AGAIN = 0.05  # seconds
_WAIT_OBJECT_0, _WAIT_ABANDONED = 0x00, 0x80

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel32.CreateMutexW.restype = wintypes.HANDLE
_kernel32.CreateMutexW.argtypes = (wintypes.LPVOID, wintypes.BOOL, wintypes.LPCWSTR)
_kernel32.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
_kernel32.WaitForSingleObject.restype = wintypes.DWORD
_kernel32.ReleaseMutex.argtypes = (wintypes.HANDLE,)
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)


def name_for(folder: Path) -> str:
    r"""Return the mutex's name for a data folder, however that is spelled: `Global\OutTray-` and a digest."""
    spelled = os.path.normcase(folder.resolve())
    return rf"Global\OutTray-{hashlib.sha256(spelled.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


@contextmanager
def held(folder: Path, patience: float) -> Iterator[bool]:
    """Try for `patience` seconds to hold the folder's mutex; yield whether this thread holds it.

    One that its holder left by dying is free. A thread that holds it already gets it again.
    """
    deadline = time.monotonic() + patience
    while (handle := _handle(folder)) is None and time.monotonic() < deadline:
        time.sleep(_ASK_AGAIN)
    if handle is None:
        yield False
        return
    try:
        is_ours = _kernel32.WaitForSingleObject(handle, int(patience * 1000)) in (_WAIT_OBJECT_0, _WAIT_ABANDONED)
        try:
            yield is_ours
        finally:
            if is_ours:
                _kernel32.ReleaseMutex(handle)
    finally:
        _kernel32.CloseHandle(handle)


def _handle(folder: Path) -> int | None:
    """Return a handle of the folder's mutex; None while another user has it, were it only to see whether it is held."""
    handle = _kernel32.CreateMutexW(None, False, name_for(folder))
    if handle:
        return int(handle)
    if (error := ctypes.get_last_error()) != _ERROR_ACCESS_DENIED:
        raise ctypes.WinError(error)
    return None
