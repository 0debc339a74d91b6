"""Byte code in the place of sources: half as many files to install, to scan for viruses, and to open at a start.

Run by itself, this file is the worker: a process of the Python that will read the byte code, with a fixed hash seed and
a fixed list, as the bytes that it writes depend on both.
"""

from __future__ import annotations

import json
import py_compile
import sys
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the worker's Python knows nothing of this build
    from installer.interpreter import Interpreter

_WORKERS = 2


def compile_all(folder: Path, python: Interpreter, *, shown_in: str = "") -> None:
    """Replace every `.py` below `folder` by a `.pyc` of the same name, as `python` writes it.

    Tracebacks name the files relative to `folder`, below `shown_in`. Raises `BuildFailed` where one does not compile.
    """
    sources = sorted(folder.rglob("*.py"))
    _compile(sources, folder, python, shown_in, beside=False)
    for path in sources:
        path.unlink()


def compile_beside(folder: Path, python: Interpreter, *, shown_in: str = "") -> None:
    """Put byte code beside every `.py` below `folder`, where `python` looks for it, and keep the source."""
    _compile(sorted(folder.rglob("*.py")), folder, python, shown_in, beside=True)


def _compile(sources: list[Path], folder: Path, python: Interpreter, shown_in: str, *, beside: bool) -> None:
    jobs = [
        (python.named(path), "/".join(filter(None, (shown_in, path.relative_to(folder).as_posix()))))
        for path in sources
    ]
    parts = [json.dumps({"beside": beside, "jobs": jobs[first::_WORKERS]}) for first in range(_WORKERS)]
    python.run(Path(__file__), *parts)


def _work() -> None:
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # installed files change together or not at all
    asked = json.load(sys.stdin)
    for source, shown in asked["jobs"]:
        target = cache_from_source(source) if asked["beside"] else f"{source}c"
        py_compile.compile(source, target, shown, doraise=True, optimize=0, invalidation_mode=mode)


if __name__ == "__main__":
    _work()
