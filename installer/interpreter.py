"""The runtime's own Python at work during the build: byte code is written by the one that will read it.

On Windows it runs as it is, elsewhere under Wine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from installer.runtime import TAG, unpack_runtime
from installer.tools import BuildFailed, fresh

PREFIX_VARIABLE = "OUTTRAY_WINEPREFIX"
"""The variable that names a folder of Wine's to use, which nothing else uses meanwhile; else one is made each time."""

_QUIET = {"WINEARCH": "win64", "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml=", "DISPLAY": ""}
_SAME_EVERY_TIME = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class Interpreter:
    """A Python to run scripts with: by default the one that runs the build."""

    command: tuple[str, ...] = (sys.executable,)
    environment: Mapping[str, str] = field(default_factory=dict)
    drive: str = ""

    def named(self, path: Path) -> str:
        """Return how this Python names a file."""
        return self.drive + path.resolve().as_posix()

    def run(self, script: Path, *given: str) -> list[str]:
        """Run a script once for each text in `given`, all at the same time. Returns what each run printed.

        A text goes to the standard input. Raises `BuildFailed` where one ends with another code than 0.
        """
        environment = {**os.environ, **self.environment, **_SAME_EVERY_TIME}
        words, pipe = [*self.command, self.named(script)], subprocess.PIPE
        running = [
            subprocess.Popen(words, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)  # noqa: S603
            for _ in given
        ]
        with ThreadPoolExecutor() as pool:
            printed = list(pool.map(lambda one, text: one.communicate(text), running, given))
        for process, (_, told) in zip(running, printed, strict=True):
            if process.returncode:
                raise BuildFailed(f"{script.name} ended with {process.returncode} and said:\n{told.strip()}")
        return [told for told, _ in printed]


@contextmanager
def interpreter_of(runtime: Path, work: Path) -> Iterator[Interpreter]:
    """Give the Python of a runtime, unpacked in `work`."""
    folder = fresh(work / "interpreter")
    unpack_runtime(runtime, folder, interpreter=True)
    (folder / f"python{TAG}._pth").unlink()  # with that it would not heed the hash seed
    program = str(folder / "python.exe")
    if sys.platform == "win32":
        yield Interpreter((program,))
        return
    given = os.environ.get(PREFIX_VARIABLE, "")
    environment = {**_QUIET, "WINEPREFIX": given or str(work.resolve() / "wine")}
    # Windows' services are started first, by themselves: they would keep the pipes of whoever starts them.
    _wine(environment, "wineserver", "-p")
    _wine(environment, "wineboot")
    try:
        yield Interpreter(("wine", program), environment, "Z:")
    finally:
        _wine(environment, "wineserver", "-k")
        _wine(environment, "wineserver", "-w")


def _wine(environment: Mapping[str, str], program: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise BuildFailed(f"{program} is not installed. installer/README.md lists what the build needs.")
    quiet = subprocess.DEVNULL
    subprocess.run(  # noqa: S603 - Wine's own programs
        [program, *arguments],
        env={**os.environ, **environment},
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        check=False,
    )
