"""Asks before OutTray ends while uploads run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from agent.desk.page.words import counted

_QUIT, _STAY = "Quit", "Keep running"
_MB_YESNO, _MB_ICONQUESTION, _MB_DEFBUTTON2, _MB_SETFOREGROUND, _MB_TOPMOST = 0x4, 0x20, 0x100, 0x10000, 0x40000
_IDYES = 6


def words(sending: int) -> str:
    """Say what quitting now means. What was cut off goes again at the next start: nothing is lost by it."""
    now = counted(sending, "is being sent", "are being sent")
    return f"{now}. Quit now and {'it goes' if sending == 1 else 'they go'} again at the next start."


def may_quit(sending: int) -> bool:
    """Ask, where uploads run, whether OutTray may end. Where nothing can ask, it may: nothing is lost by it."""
    if not sending:
        return True
    if sys.platform == "win32":
        return _ask_windows(words(sending))
    if command := _command(words(sending)):
        # 0 is the first button; 1 the second, or a closed window. Anything else: the program could not ask.
        return subprocess.run(command, check=False, capture_output=True).returncode != 1  # noqa: S603 - no shell
    return True


def _ask_windows(text: str) -> bool:
    import ctypes

    kind = _MB_YESNO | _MB_ICONQUESTION | _MB_DEFBUTTON2 | _MB_SETFOREGROUND | _MB_TOPMOST
    windll: ctypes.LibraryLoader[ctypes.CDLL] = vars(ctypes)["windll"]
    return bool(windll.user32.MessageBoxW(None, f"{text}\n\nQuit?", "OutTray", kind) == _IDYES)


def _command(text: str) -> list[str] | None:
    """Return the command of a program that asks: its exit code is 0 for Quit."""
    if sys.platform == "darwin":
        script = (
            f'display dialog "{text}" with title "OutTray" buttons {{"{_STAY}", "{_QUIT}"}} '
            f'default button "{_STAY}" cancel button "{_STAY}"'
        )
        return ["/usr/bin/osascript", "-e", script]
    zenity = shutil.which("zenity") if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") else None
    if zenity is None:
        return None
    return [zenity, "--question", "--title=OutTray", f"--text={text}", f"--ok-label={_QUIT}", f"--cancel-label={_STAY}"]
