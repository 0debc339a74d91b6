"""The folder that is installed: runtime, packages, OutTray, launchers, licences, put together and made small."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from installer.application import install_application
from installer.bytecode import compile_all, compile_beside
from installer.dependencies import LOCK, install_locked
from installer.interpreter import interpreter_of
from installer.launchers import CONSOLE, WINDOWED, build_launcher
from installer.libraries import linked_libraries
from installer.licences import gather_licences
from installer.pruning import prune, size_of
from installer.runtime import Source, licence_of, unpack_runtime
from installer.sbom import write_sbom
from installer.tools import ROOT, fresh, source_date

PACKAGES = Path("Lib", "site-packages")
SBOM = "outtray.cdx.json"
ICON = ROOT / "agent/desk/tray/icons/on-light/app.ico"


@dataclass(frozen=True)
class Payload:
    """What was put together. Sizes are in bytes."""

    folder: Path
    runtime: Source
    files: int
    size: int
    pruned: int


def build_payload(runtime: Path, folder: Path, work: Path, version: str) -> Payload:
    """Fill `folder` with all that is installed; `work` is for scratch files. Raises `BuildFailed`."""
    packages = fresh(folder) / PACKAGES
    source = unpack_runtime(runtime, folder)
    install_locked(LOCK, packages)
    gather_licences(packages, folder / "licences", licence_of(runtime))
    linked = linked_libraries(packages)
    pruned = prune(packages)
    with interpreter_of(runtime, work) as python:
        compile_all(packages, python)
        install_application(packages, work)
        compile_beside(packages / "agent", python, shown_in="agent")
    for launcher in (WINDOWED, CONSOLE):
        build_launcher(launcher, folder, version, work, ICON)
    write_sbom(folder / SBOM, folder, packages, linked, version)
    _date_all(folder)
    return Payload(folder, source, sum(1 for path in folder.rglob("*") if path.is_file()), size_of(folder), pruned)


def _date_all(folder: Path) -> None:
    """Give every file the commit's time: archives keep it, and two builds are to be the same."""
    date = source_date()
    for path in folder.rglob("*"):
        os.utime(path, (date, date))
