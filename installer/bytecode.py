"""Byte code in the place of sources: half as many files to install, to scan for viruses, and to open at a start.

Run by itself, this file is the worker: a process with a fixed hash seed and a fixed list, as the bytes that it writes
depend on both.
"""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import cache_from_source
from pathlib import Path

_WORKERS = 2


def compile_all(folder: Path, *, shown_in: str = "") -> None:
    """Replace every `.py` below `folder` by a `.pyc` of the same name.

    Tracebacks name the files relative to `folder`, below `shown_in`. Raises `subprocess.CalledProcessError` where one
    does not compile.
    """
    sources = sorted(folder.rglob("*.py"))
    _compile([(path, path.with_suffix(".pyc")) for path in sources], folder, shown_in)
    for path in sources:
        path.unlink()


def compile_beside(folder: Path, *, shown_in: str = "") -> None:
    """Put byte code beside every `.py` below `folder`, where Python looks for it, and keep the source."""
    _compile([(path, Path(cache_from_source(path))) for path in sorted(folder.rglob("*.py"))], folder, shown_in)


def _compile(pairs: Sequence[tuple[Path, Path]], folder: Path, shown_in: str) -> None:
    jobs = [
        (str(source), str(target), "/".join(filter(None, (shown_in, source.relative_to(folder).as_posix()))))
        for source, target in pairs
    ]
    workers = [
        subprocess.Popen(  # noqa: S603 - this file, by this Python
            [sys.executable, __file__], stdin=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": "0"}, text=True
        )
        for _ in range(_WORKERS)
    ]
    for first, worker in enumerate(workers):
        assert worker.stdin is not None  # noqa: S101 - it was asked for
        worker.stdin.write(json.dumps(jobs[first::_WORKERS]))
        worker.stdin.close()
    for worker in workers:
        if worker.wait():
            raise subprocess.CalledProcessError(worker.returncode, worker.args)


def _work() -> None:
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # installed files change together or not at all
    for source, target, shown in json.load(sys.stdin):
        py_compile.compile(source, target, shown, doraise=True, optimize=0, invalidation_mode=mode)


if __name__ == "__main__":
    _work()
