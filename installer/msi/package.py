"""One MSI of one folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
from pathlib import Path

import olefile

from installer.msi.files import file_key, files_source
from installer.msi.finish import finish
from installer.msi.identity import guid
from installer.msi.properties import properties_source
from installer.tools import fresh, run, source_date

_PRODUCT = Path(__file__).parent / "product.wxs"
_COMMAND = "outtray.com"
_SUMMARY = "\x05SummaryInformation"
_REVISION_NUMBER = 9
_FILETIME = 64
_UNIX_EPOCH = 116_444_736_000_000_000  # as a FILETIME: 100 ns since 1601


def build_msi(folder: Path, version: str, icon: Path, target: Path, work: Path) -> None:
    """Make the MSI `target` of all files in `folder`. `work` is for scratch files. Raises `BuildFailed`."""
    place = fresh(work / "msi")
    shutil.copyfile(icon, place / "outtray.ico")
    shutil.copyfile(_PRODUCT, place / "product.wxs")
    sources = {"files.wxs": files_source(folder, os.path.relpath(folder, place)), "properties.wxi": properties_source()}
    for name, text in sources.items():
        (place / name).write_text(text, encoding="utf-8")
    variables = {
        "Version": version,
        "ProductCode": guid("product", version),
        "CommandFile": file_key(_COMMAND),
        "Win64": "yes",
    }
    defined = [word for name, value in variables.items() for word in ("-D", f"{name}={value}")]
    target.unlink(missing_ok=True)
    command: list[str | Path] = ["wixl", "-a", "x64", *defined, "-o", target.resolve(), "product.wxs", "files.wxs"]
    run(command, cwd=place, environment={"TZ": "UTC"})
    finish(target, folder)
    _settle_summary(target, guid("package", f"{version}:{_digest(folder)}"))


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _settle_summary(msi: Path, package_code: str) -> None:
    """Write over what wixl makes anew in every build: the package's code, and the times ([MS-OLEPS], property sets)."""
    date = struct.pack("<Q", source_date() * 10_000_000 + _UNIX_EPOCH)
    code = f"{{{package_code}}}".encode()
    with olefile.OleFileIO(str(msi), write_mode=True) as file:
        data = bytearray(file.openstream(_SUMMARY).read())
        (section,) = struct.unpack_from("<I", data, 44)
        (count,) = struct.unpack_from("<I", data, section + 4)
        for number in range(count):
            name, offset = struct.unpack_from("<II", data, section + 8 + 8 * number)
            at = section + offset
            if struct.unpack_from("<I", data, at)[0] == _FILETIME:
                data[at + 4 : at + 12] = date
            elif name == _REVISION_NUMBER:
                data[at + 8 : at + 8 + len(code)] = code
        file.write_stream(_SUMMARY, bytes(data))
