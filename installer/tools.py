"""Runs the programs that the build needs, and believes none that grumbles."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRIPLET = "x86_64-w64-mingw32"
"""What the compiler's programs for Windows begin with."""


class BuildFailed(Exception):
    """The package cannot be built: the text says what is in the way."""


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    given: str | None = None,
    may_grumble: bool = False,
) -> str:
    """Return what a program printed. `given` goes to its standard input.

    Raises `BuildFailed` where it is missing, ends with another code than 0, or writes anything to standard error: some
    of these programs only warn of what they leave out, and end with 0. `may_grumble` is for those that talk there.
    """
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        raise BuildFailed(f"{words[0]} is not installed. installer/README.md lists what the build needs.")
    done = subprocess.run(  # noqa: S603 - the build's own tools, by name
        words,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or (done.stderr.strip() and not may_grumble):
        told = (done.stderr or done.stdout).strip()
        raise BuildFailed(f"{Path(words[0]).name} ended with {done.returncode} and said:\n{told}")
    return done.stdout


def source_date() -> int:
    """Return the time that every file of the package bears: `SOURCE_DATE_EPOCH`, else that of the commit (Unix, s)."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(given or run(["git", "log", "-1", "--format=%ct"], cwd=ROOT))


def fresh(folder: Path) -> Path:
    """Return the folder, made and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
