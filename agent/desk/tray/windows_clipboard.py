"""Windows' clipboard."""

from __future__ import annotations

import ctypes
import sys
import time
from ctypes import wintypes

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

_CF_UNICODETEXT = 13
_GMEM_MOVEABLE = 2
_TRIES, _TRIES_APART = 10, 0.05  # another program has the clipboard open for moments

_user32 = ctypes.WinDLL("user32", use_last_error=True)
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_user32.OpenClipboard.argtypes = (wintypes.HWND,)
_user32.SetClipboardData.argtypes = (wintypes.UINT, wintypes.HANDLE)
_user32.SetClipboardData.restype = wintypes.HANDLE
_kernel32.GlobalAlloc.argtypes = (wintypes.UINT, ctypes.c_size_t)
_kernel32.GlobalAlloc.restype = wintypes.HGLOBAL
_kernel32.GlobalLock.argtypes = (wintypes.HGLOBAL,)
_kernel32.GlobalLock.restype = wintypes.LPVOID
_kernel32.GlobalUnlock.argtypes = (wintypes.HGLOBAL,)
_kernel32.GlobalFree.argtypes = (wintypes.HGLOBAL,)


def put(text: str) -> bool:
    """Put a text into the clipboard. Return false where another program keeps it to itself."""
    for _ in range(_TRIES):
        if _user32.OpenClipboard(None):
            break
        time.sleep(_TRIES_APART)
    else:
        return False
    try:
        return _put(text)
    finally:
        _user32.CloseClipboard()


def _put(text: str) -> bool:
    content = f"{text}\0".encode("utf-16-le")
    block = _kernel32.GlobalAlloc(_GMEM_MOVEABLE, len(content))
    place = _kernel32.GlobalLock(block) if block else None
    if not place:
        return False
    ctypes.memmove(place, content, len(content))
    _kernel32.GlobalUnlock(block)
    _user32.EmptyClipboard()
    if _user32.SetClipboardData(_CF_UNICODETEXT, block):
        return True  # the block is the system's now
    _kernel32.GlobalFree(block)
    return False
