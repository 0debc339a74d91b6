"""The licence texts of everything in the package, in one folder that people find: `licences`."""

from __future__ import annotations

import shutil
from importlib.metadata import PathDistribution
from pathlib import Path

from installer.tools import BuildFailed

_OWN = Path(__file__).parent / "licences"
_NAMES = ("licen", "copying", "notice")


def gather_licences(packages: Path, target: Path, runtime: bytes) -> int:
    """Copy each package's licence texts to `target/NAME VERSION`, and `runtime`, Python's own. Returns how many files.

    Raises `BuildFailed` for a package that brings none: one has to be written down in `installer/licences`.
    """
    count = 0
    for information in sorted(packages.glob("*.dist-info")):
        about = PathDistribution(information).metadata
        if about["Name"] == "outtray":
            continue
        texts = [path for path in sorted(information.rglob("*")) if path.is_file() and _is_licence(path)]
        if not texts:
            raise BuildFailed(f"{about['Name']} brings no licence text. Put one into installer/licences.")
        for text in texts:
            count += 1
            _copy(text, target / f"{about['Name']} {about['Version']}" / text.name)
    (target / "Python").mkdir(parents=True)
    (target / "Python" / "LICENSE.txt").write_bytes(runtime)
    for text in sorted(_OWN.rglob("*.txt")):
        count += 1
        _copy(text, target / text.relative_to(_OWN))
    return count + 1


def _is_licence(path: Path) -> bool:
    folders = {part.lower() for part in path.parts[-3:-1]}
    return path.name.lower().startswith(_NAMES) or bool(folders & {"licenses", "licences"})


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while target.exists():  # two of one name, of a package's parts
        number += 1
        target = target.with_stem(f"{target.stem} ({number})")
    shutil.copyfile(source, target)
