"""What is started at logon: this OutTray, with these settings."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path, PurePath


def command(settings: Path | None, *, headless: bool = False, platform: str = sys.platform) -> list[str]:
    """Return the command with which this OutTray runs. `settings`: the file where it has to be named."""
    named = ["--config", os.path.abspath(settings)] if settings is not None else []  # noqa: PTH100 - links stay links
    return [*_program(platform), "run", *named, *(["--headless"] if headless else [])]


def _program(platform: str) -> list[str]:
    if platform == "win32":
        return windows_program(PurePath(sys.executable), Path(sys.executable).parent)
    installed = shutil.which("outtray")
    return [os.path.abspath(installed)] if installed else [sys.executable, "-m", "agent"]  # noqa: PTH100


def windows_program(interpreter: PurePath, folder: Path) -> list[str]:
    """Return what starts OutTray without a console: the package's own program, else Python's windowed twin."""
    own = folder / "outtray.exe"
    if interpreter.name.lower() in ("outtray.exe", "outtray.com") and own.exists():
        return [str(own)]
    windowed = folder / "pythonw.exe"
    return [str(windowed if windowed.exists() else interpreter), "-m", "agent"]
