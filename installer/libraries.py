"""What is in the binaries: the runtime's libraries, read off its files, and what wheels were linked with."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from installer.pe import file_version, product_version
from installer.runtime import LIBRARY, TAG
from installer.tools import BuildFailed

DATE = "outtray:date"
"""The property of a component that holds the day its version is from, or was built on."""

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_BUILT = re.compile(rf"\0({'|'.join(_MONTHS)}) ([ \d]\d) (20\d\d)\0".encode())  # as compilers write __DATE__


@dataclass(frozen=True)
class Library:
    """A library, its version, its licence by SPDX, and the day that it is of, where one is known."""

    name: str
    version: str
    licence: str = ""
    day: date | None = None
    kind: str = "generic"

    def component(self) -> dict[str, Any]:
        """Return it as CycloneDX has it."""
        link = f"pkg:{self.kind}/{self.name.lower().replace(' ', '-')}@{self.version}"
        component: dict[str, Any] = {"type": "library", "name": self.name, "version": self.version, "purl": link}
        component["bom-ref"] = link
        if self.licence:
            component["licenses"] = [{"license": {"id": self.licence}}]
        if self.day:
            component["properties"] = [{"name": DATE, "value": self.day.isoformat()}]
        return component


def runtime_libraries(folder: Path) -> list[Library]:
    """Return what the runtime in `folder` is made of. Raises `BuildFailed` where a version is not to be found."""
    files = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
    built, sqlite = _build_day(files[LIBRARY]), files["sqlite3.dll"]
    standard = f"python{TAG}.zip"
    return [
        Library("Python", product_version(files[LIBRARY]), "PSF-2.0", built),
        # The library of forwarders comes with the standard library; the archive's entries say when.
        Library("Python standard library", product_version(files["python3.dll"]), "PSF-2.0", _newest(files[standard])),
        Library("OpenSSL", _said(files["libcrypto-3.dll"], rb"OpenSSL (\d+\.\d+\.\d+) "), "Apache-2.0", built),
        Library("SQLite", product_version(sqlite).removesuffix(".0"), "blessing", _sqlite_day(sqlite)),
        Library("expat", _said(files["pyexpat.pyd"], rb"expat_(\d+\.\d+\.\d+)"), "MIT", built),
        Library("zlib", _said(files[LIBRARY], rb"\0(1\.[23]\.\d+[\w.-]*)\0"), "Zlib", built),
        Library("bzip2", _said(files["_bz2.pyd"], rb"(\d+\.\d+\.\d+), \d+-\w{3}-\d{4}"), "bzip2-1.0.6", built),
        Library("mpdecimal", _said(files["_decimal.pyd"], rb"\0(\d+\.\d+\.\d+)\0"), "BSD-2-Clause", built),
        Library("Microsoft Visual C++ runtime", file_version(files["vcruntime140.dll"]).removesuffix(".0")),
    ]


def linked_libraries(packages: Path) -> dict[str, list[Library]]:
    """Return what the wheels in `packages` were linked with, by the package's folder of information.

    Most say so themselves (PEP 770: bills of materials of their own); for the others it is read off the files.
    """
    found: dict[str, list[Library]] = {}
    for bill in sorted(packages.glob("*.dist-info/sboms/*.json")):
        components = json.loads(bill.read_text(encoding="utf-8")).get("components", ())
        found.setdefault(bill.parent.parent.name, []).extend(_foreign(components))
    for library, (package, pattern, says) in _READ_OFF.items():
        for file in packages.glob(pattern):
            (information,) = packages.glob(f"{package}-*.dist-info")
            found.setdefault(information.name, []).append(Library(library, _said(file, says)))
    return {name: sorted(set(libraries), key=lambda one: one.name.lower()) for name, libraries in found.items()}


_READ_OFF: dict[str, tuple[str, str, bytes]] = {
    "qpdf": ("pikepdf", "pikepdf.libs/qpdf*.dll", rb"\0(\d\d\.\d+\.\d+)\0"),
    "zlib": ("pikepdf", "pikepdf.libs/qpdf*.dll", rb" deflate (\S+) Copyright"),
    "libjpeg-turbo": ("pikepdf", "pikepdf.libs/qpdf*.dll", rb"libjpeg-turbo version (\S+)"),
}


def _foreign(components: list[dict[str, Any]]) -> Iterator[Library]:
    for one in components:
        link = one.get("purl") or ""
        if one.get("version") and not link.startswith("pkg:pypi/"):  # its own parts
            yield Library(one["name"], one["version"], kind="cargo" if link.startswith("pkg:cargo/") else "generic")


def _said(file: Path, pattern: bytes) -> str:
    if not (found := re.search(pattern, file.read_bytes())):
        raise BuildFailed(f"{file.name} does not say its version where installer/libraries.py looks for it.")
    return found.group(1).decode()


def _day(file: Path, pattern: re.Pattern[bytes], read: Callable[[re.Match[bytes]], date]) -> date:
    if not (found := pattern.search(file.read_bytes())):
        raise BuildFailed(f"{file.name} does not say its day where installer/libraries.py looks for it.")
    return read(found)


def _build_day(file: Path) -> date:
    return _day(file, _BUILT, lambda one: date(int(one[3]), _MONTHS.index(one[1].decode()) + 1, int(one[2])))


def _sqlite_day(file: Path) -> date:
    form = re.compile(rb"\0(20\d\d-\d\d-\d\d) \d\d:\d\d:\d\d [0-9a-f]{64}")
    return _day(file, form, lambda one: date.fromisoformat(one.group(1).decode()))


def _newest(archive: Path) -> date:
    with zipfile.ZipFile(archive) as opened:
        return max(date(*entry.date_time[:3]) for entry in opened.infolist())
