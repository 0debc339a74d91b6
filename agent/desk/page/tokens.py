"""Opaque names for what stands in an address, a title or an element's id: a browser keeps and synchronises those.

A file's name often is a patient's. A plain digest of it could be guessed by trying names, so a key that nobody else has
goes in. It lives as long as the agent runs, as the sessions do.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

_KEY = secrets.token_bytes(32)


def token(*parts: str) -> str:
    """Return what stands for these texts until the agent ends: 20 hexadecimal digits that tell nothing of them."""
    said = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, key=_KEY, digest_size=10).hexdigest()


def file_token(lane: str, file: str) -> str:
    """Return what stands in an address for a file of a lane (or of one of its packets), by its name."""
    return token("file", lane, file)


def meant(asked: str, lane: str, files: Iterable[str]) -> str | None:
    """Return which of a lane's files a token stands for; None where it stands for none of them."""
    return next((file for file in files if file_token(lane, file) == asked), None)
