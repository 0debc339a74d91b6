"""What OutTray builds upon, as Windows needs it: the lock, and its packages in a folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from installer.runtime import PYTHON
from installer.tools import ROOT, run

LOCK = Path(__file__).parent / "requirements-windows.lock"
_VERSION = ".".join(map(str, PYTHON))
_UV = (sys.executable, "-m", "uv", "--quiet", "pip")
_WINDOWS = ("--python-platform", "x86_64-pc-windows-msvc", "--python-version", _VERSION, "--only-binary", ":all:")


def lock(*arguments: str | Path, target: Path = LOCK) -> None:
    """Write the lock for Windows: of pyproject.toml, or of the inputs given. Needs a package index."""
    asked = arguments or (ROOT / "pyproject.toml",)
    form = ("--generate-hashes", "--no-header", "--no-emit-index-url", "--no-annotate", "--upgrade")
    run([*_UV, "compile", *asked, *_WINDOWS, *form, "--output-file", target], cwd=ROOT)


def install_locked(lock_file: Path, target: Path) -> None:
    """Put a lock's packages into the folder `target`, each known by its hash. uv's markers are those of Windows."""
    run([*_UV, "install", *_WINDOWS, "--no-deps", "--require-hashes", "--target", target, "-r", lock_file])
    shutil.rmtree(target / "bin", ignore_errors=True)  # launchers for a Python that is not there
    (target / ".lock").unlink(missing_ok=True)
