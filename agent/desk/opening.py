"""Shows people a folder or a file in the system's own file manager, on this PC.

Only what lies in a lane's folder or on one of its shelves is shown: names come from the page and from other programs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.log import log, where
from agent.settings.schema import Settings, ShelfName

Start = Callable[[Sequence[str] | str], None]
_PATIENCE = 30.0  # seconds; a file manager that is asked goes on by itself
_SHELVES: tuple[ShelfName, ...] = ("held", "sending", "sent", "failed")


def may_show(settings: Settings, path: Path) -> bool:
    """Tell whether a path lies in a lane's folder or on one of its shelves. Links are followed first."""
    try:
        real = Path(os.path.realpath(path))
    except (OSError, ValueError):  # no file can have such a name
        return False
    for lane in settings.lanes.values():
        for place in (lane.folder, *(lane.shelf(shelf) for shelf in _SHELVES)):
            if real.is_relative_to(os.path.realpath(place)):
                return True
    return False


def show_folder(path: Path, *, start: Start | None = None, platform: str = sys.platform) -> bool:
    """Open a folder; return whether there is a file manager to ask."""
    if platform == "win32":
        return _ask(f'"{_explorer()}" "{path}"', start)
    return _ask((_opener(platform), str(path)), start)


def show_file(path: Path, *, start: Start | None = None, platform: str = sys.platform) -> bool:
    """Open a file's folder with the file selected, where the system can; return whether there is someone to ask."""
    if platform == "win32":
        # One text and not a list: explorer reads its own command line, and wants the quotes behind the comma.
        return _ask(f'"{_explorer()}" /select,"{path}"', start)
    if platform == "darwin":
        return _ask((_opener(platform), "-R", str(path)), start)
    return show_folder(path.parent, start=start, platform=platform)


def _explorer() -> Path:
    return Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "explorer.exe"


def _opener(platform: str) -> str:
    return "/usr/bin/open" if platform == "darwin" else "xdg-open"


def _ask(command: Sequence[str] | str, start: Start | None) -> bool:
    if start is not None:
        start(command)
        return True
    if not isinstance(command, str) and shutil.which(command[0]) is None:
        return False
    threading.Thread(target=_run, args=(command,), name="file-manager", daemon=True).start()
    return True


def _run(command: Sequence[str] | str) -> None:
    nowhere = subprocess.DEVNULL
    try:
        subprocess.run(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, timeout=_PATIENCE, check=False)  # noqa: S603 - a fixed program, and a path that `may_show` lets through
    except subprocess.TimeoutExpired:
        return  # it stays open as the window itself
    except OSError as trouble:
        log.warning("the file manager could not be started", extra={"trouble": where(trouble)})
