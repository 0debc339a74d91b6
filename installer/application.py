"""OutTray itself, as pyproject.toml says what belongs to it: its wheel, unpacked."""

from __future__ import annotations

import sys
import tomllib
import zipfile
from pathlib import Path

from installer.tools import ROOT, fresh, run


def version() -> str:
    """Return the version that is built."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def install_application(target: Path, work: Path) -> None:
    """Put the package and its data into the folder `target`."""
    folder = fresh(work / "wheel")
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], may_grumble=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
