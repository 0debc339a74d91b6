"""The programs that people and Windows start: small ones over the runtime's library, with icon, version and manifest.

`outtray.exe` has no console: the tray, autostart, the Start menu. `outtray.com` is its twin with a console: at a prompt
Windows takes .COM before .EXE, so that `outtray doctor` is this one and every sentence that says "run outtray" holds.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from installer.runtime import LIBRARY
from installer.tools import TRIPLET, fresh, run

_SOURCES = Path(__file__).parent / "launcher"
_EXPORTS = f"LIBRARY {LIBRARY}\nEXPORTS\nPy_Main\n"


@dataclass(frozen=True)
class Launcher:
    """One program: its file name, what Task Manager calls it, and how it is compiled."""

    name: str
    description: str
    options: tuple[str, ...] = ()


WINDOWED = Launcher("outtray.exe", "OutTray", ("-mwindows", "-DWINDOWED"))
CONSOLE = Launcher("outtray.com", "OutTray (command line)")


def build_launcher(launcher: Launcher, target: Path, version: str, work: Path, icon: Path | None = None) -> Path:
    """Compile a launcher into the folder `target`. `version` has up to four numbers. Raises `BuildFailed`."""
    folder = fresh(work / launcher.name)
    for source in _SOURCES.iterdir():
        shutil.copyfile(source, folder / source.name)
    numbers = ",".join((version.split(".") + ["0"] * 4)[:4])
    words = {"VERSION_NUMBERS": numbers, "VERSION_TEXT": f'"{version}"', "FILE_NAME": f'"{launcher.name}"'}
    words["DESCRIPTION"] = f'"{launcher.description}"'
    if icon is not None:
        shutil.copyfile(icon, folder / "outtray.ico")
        words["WITH_ICON"] = "1"
    header = "".join(f"#define {name} {value}\n" for name, value in words.items())
    resource = folder / "launcher.rc"
    resource.write_text(header + resource.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "python.def").write_text(_EXPORTS, encoding="ascii")
    run([f"{TRIPLET}-dlltool", "-d", "python.def", "-l", "libpython.a"], cwd=folder)
    run([f"{TRIPLET}-windres", "-O", "coff", "launcher.rc", "resource.o"], cwd=folder)
    compiler = [f"{TRIPLET}-gcc", "-Wall", "-Os", "-s", "-municode", "-Wl,--no-insert-timestamp"]
    built = folder / "built.exe"
    run([*compiler, *launcher.options, "launcher.c", "resource.o", "libpython.a", "-o", built.name], cwd=folder)
    return Path(shutil.move(built, target / launcher.name))
