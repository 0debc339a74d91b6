"""What a Windows program says of itself: the version that is written in it, and the libraries that it asks for."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from installer.tools import TRIPLET, run

SUFFIXES = (".exe", ".com", ".dll", ".pyd")
_FIXED_FILE_INFO = struct.pack("<I", 0xFEEF04BD)  # verrsrc.h: the signature of VS_FIXEDFILEINFO

_PRODUCT_VERSION = "ProductVersion\0".encode("utf-16-le")  # a string in VS_VERSIONINFO, and its value behind it


def file_version(path: Path) -> str:
    """Return the version as Windows compares it, such as 3.13.11150.1013; an empty text where there is none."""
    data = path.read_bytes()
    at = data.find(_FIXED_FILE_INFO)
    if at < 0:
        return ""
    high, low = struct.unpack_from("<II", data, at + 8)
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"


def product_version(path: Path) -> str:
    """Return the version as people read it, such as 3.13.11; an empty text where none is written in the file."""
    data = path.read_bytes()
    at = data.find(_PRODUCT_VERSION)
    if at < 0:
        return ""
    text = data[at + len(_PRODUCT_VERSION) : at + len(_PRODUCT_VERSION) + 200].decode("utf-16-le", "replace")
    return text.lstrip("\0").partition("\0")[0].strip()


def wanted_libraries(path: Path) -> set[str]:
    """Return the names of the libraries that a program loads with itself, in lower case."""
    return {name.lower() for name in re.findall(r"DLL Name: (\S+)", run([f"{TRIPLET}-objdump", "-p", path]))}
