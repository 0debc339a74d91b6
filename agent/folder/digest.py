"""A file's digest, read through the file-system seam."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from agent.folder.errors import problem_of
from agent.folder.filesystem import FileSystem

_CHUNK = 1 << 20


def digest_of(fs: FileSystem, path: Path) -> str:
    """Return the SHA-256 (hex) of the file at `path`. Raises `FileSystemProblem`."""
    with fs.open(path) as file:
        try:
            return digest_of_open(file)
        except OSError as error:
            raise problem_of(error, path) from error


def digest_of_open(file: BinaryIO) -> str:
    """Return the SHA-256 (hex) of an open file from where it stands. Raises what reading raises."""
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
