"""Whose program this is: the system's word, which no environment variable changes."""

from __future__ import annotations

import os
import sys


def user_name() -> str:
    """Return the OS user's name, for the journal; the user's number where the system knows no name."""
    if sys.platform == "win32":
        return _token_name()
    return name_of(os.geteuid())


def name_of(uid: int) -> str:
    """Return the name of the user with this number; the number where the system knows no name. Not for Windows."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OSError):
        return str(uid)


def _token_name() -> str:
    """Return the account of this process's token (GetUserNameW). Windows only."""
    import ctypes

    size = ctypes.c_ulong(257)  # UNLEN + 1
    name = ctypes.create_unicode_buffer(size.value)
    get = ctypes.WinDLL("advapi32", use_last_error=True).GetUserNameW  # type: ignore[attr-defined]
    if not get(name, ctypes.byref(size)):
        raise ctypes.WinError(ctypes.get_last_error())  # type: ignore[attr-defined]
    return name.value
