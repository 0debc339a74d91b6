"""The system's clipboard: one text goes in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_SECONDS = 5
_PROGRAMS = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
)


def copy(text: str) -> bool:
    """Put a text into the clipboard. Return whether there was a way to."""
    if sys.platform == "win32":
        from agent.desk.tray.windows_clipboard import put

        return put(text)
    if sys.platform == "darwin":
        return _hand_to(("pbcopy",), text)
    return any(_hand_to(command, text) for variable, command in _PROGRAMS if os.environ.get(variable))


def _hand_to(command: tuple[str, ...], text: str) -> bool:
    program = shutil.which(command[0])
    if program is None:
        return False
    try:
        # These programs stay behind to serve the clipboard: their outputs must not be pipes that we would wait for.
        done = subprocess.run(  # noqa: S603 - no shell; a program that the desktop brings
            (program, *command[1:]),
            input=text.encode(),
            check=False,
            timeout=_SECONDS,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
