"""The Python that the package carries: CPython for Windows, x64, as the vendor's embeddable package has it.

Which packages are taken stands in `runtimes.txt`, each by its SHA-256: a release takes the vendor's own. Where that
cannot be had, `assembled.py` puts one together of the same official files.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from installer.tools import BuildFailed

PYTHON = (3, 13)
TAG = "".join(map(str, PYTHON))
LIBRARY = f"python{TAG}.dll"
SEARCH_PATH = f"python{TAG}.zip\r\n.\r\nLib\\site-packages\r\n"
"""What `python313._pth` says. A runtime with that file heeds neither PYTHONPATH nor the registry."""
PINS = Path(__file__).parent / "runtimes.txt"

_NOT_NEEDED = {"_msi.pyd", "winsound.pyd", "python.cat", "LICENSE.txt"}
# With it `platform` asks Windows' management service, which takes a while at a start and fails under Wine 8; without it
# the answers come from the registry and from the kernel.
_NOT_NEEDED |= {"_wmi.pyd"}
_INTERPRETERS = {"python.exe", "pythonw.exe"}


@dataclass(frozen=True)
class Source:
    """A file that a runtime can be made of, known by its SHA-256."""

    name: str
    sha256: str


def pinned(text: str | None = None) -> list[Source]:
    """Return the sources that are taken. `text`: lines as sha256sum writes them; by default those of `runtimes.txt`."""
    lines = (PINS.read_text(encoding="utf-8") if text is None else text).splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [Source(name, digest.lower()) for digest, name in rows]


def known_source(path: Path) -> Source:
    """Return which source a file is. Raises `BuildFailed` for any other file, whatever its name."""
    digest = sha256_of(path)
    for source in pinned():
        if source.sha256 == digest:
            return source
    raise BuildFailed(f"{path} is none of the runtimes that are known (SHA-256 {digest}). See installer/runtimes.txt.")


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack_runtime(path: Path, target: Path, *, interpreter: bool = False) -> Source:
    """Make the runtime in `target`, of a file that is pinned. Returns which.

    `interpreter`: with `python.exe`, which the package does not carry. Raises `BuildFailed` for another file, and for
    another Python than the lock is for.
    """
    source = known_source(path)
    target.mkdir(parents=True, exist_ok=True)
    left_out = _NOT_NEEDED if interpreter else _NOT_NEEDED | _INTERPRETERS
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if LIBRARY not in names:
            raise BuildFailed(f"{path.name} is another Python than {'.'.join(map(str, PYTHON))}, as the lock has it.")
        for name in names:
            if "/" not in name and name not in left_out:
                (target / name).write_bytes(archive.read(name))
    (target / f"python{TAG}._pth").write_bytes(SEARCH_PATH.encode())
    return source


def licence_of(path: Path) -> bytes:
    """Return the licence text of a runtime."""
    with zipfile.ZipFile(path) as archive:
        return archive.read("LICENSE.txt")
