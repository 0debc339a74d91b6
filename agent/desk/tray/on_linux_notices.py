"""Notices on Linux: the desktop's own, by the program that every desktop has for them."""

from __future__ import annotations

import shutil
import subprocess

from agent.desk.notices.notice import Notice
from agent.desk.tray.pictures import Picture

_SECONDS = 5


def say(notice: Notice, picture: Picture) -> None:
    """Show a notice, where `notify-send` is there. It takes no keyboard, and cannot tell a click: the icon's does."""
    program = shutil.which("notify-send")
    if program is None:
        return
    command = [program, "--app-name=OutTray", f"--icon={picture.png(48)}", "--", notice.title, notice.text]
    # A notice that no desktop takes is no trouble: the icon and the page say the same.
    subprocess.run(command, check=False, timeout=_SECONDS, capture_output=True)  # noqa: S603 - no shell, our own words
