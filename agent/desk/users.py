"""Whose program this is."""

from __future__ import annotations

import getpass
import os
import re
import sys


def user_name() -> str:
    """Return the OS user's name, for the journal; the user's number where the system knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        return user_mark()


def user_mark() -> str:
    """Return what tells this user from the others of this PC, fit for a file's name."""
    if sys.platform == "win32":
        return re.sub(r"[^\w.-]", "_", getpass.getuser().casefold())
    return str(os.getuid())
