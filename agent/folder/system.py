"""Which system this is: the one place where that is asked for the file system's sake."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from agent.folder import on_windows as system
elif sys.platform == "darwin":
    from agent.folder import on_macos as system
else:
    from agent.folder import on_linux as system

__all__ = ["system"]
