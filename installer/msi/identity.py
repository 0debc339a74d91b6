"""The names by which Windows Installer knows things. All are made of what they name, so that they are ever the same."""

from __future__ import annotations

import hashlib
import re
import uuid

_NAMESPACE = uuid.UUID("6c1e8f5e-0b43-4e0b-9b52-5e3e0a0f7d11")
_SHORT = re.compile(r"[A-Z0-9_-]{1,8}(\.[A-Z0-9_-]{1,3})?")


def guid(kind: str, name: str) -> str:
    """Return the GUID of something: a component by its path, a product by its version, a package by its content."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{name.lower()}")).upper()


def key(kind: str, path: str) -> str:
    """Return the key of a row: letters and digits, and shorter than the 72 characters that there are."""
    return f"{kind}{hashlib.sha256(path.encode()).hexdigest()[:32]}"


def with_short_name(name: str, path: str) -> str:
    """Return a name as tables want it: `SHORT|long`, or the name alone where it is short. `path` tells it from others.

    The short name is what a disk with 8.3 names shows; nobody reads it.
    """
    if _SHORT.fullmatch(name.upper()):
        return name
    stem = hashlib.sha256(path.encode()).hexdigest()[:8].upper()
    ending = re.sub(r"[^A-Z0-9]", "", name.rpartition(".")[2].upper())[:3] if "." in name.lstrip(".") else ""
    return f"{stem}.{ending}|{name}" if ending else f"{stem}|{name}"
