"""The body on its way to disk: written aside, synced, and only then given its name."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from agent.intake.statements import wire

_BUFFER = 1 << 20


class SpoolFull(Exception):
    """The body has grown beyond what one request may have."""


class Spool:
    """Writes one request's JSON. Nothing stands at `path` unless `finish` was reached; `OSError` is let through."""

    def __init__(self, path: Path, filename: str, most_bytes: int) -> None:
        self._path = path
        self._aside = path.with_name(path.name + ".part")
        self._most = most_bytes
        self._head = wire.head(filename)
        self._file: BinaryIO | None = None
        self._separator = ""
        self.size = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._aside.open("wb", _BUFFER)
        self._write(self._head)
        return self

    def add(self, statements: str) -> None:
        """Write statements that are joined by commas already. Raises `SpoolFull`."""
        self._write(self._separator + statements)
        self._separator = ","
        if self.size > self._most:
            raise SpoolFull

    def finish(self) -> None:
        """Close the body, sync it to the disk, and give it its name."""
        self._write(wire.TAIL)
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self._aside.replace(self._path)
        self._file = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._aside.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise RuntimeError("The spool is not open")
        return self._file

    def _write(self, text: str) -> None:
        data = text.encode("ascii")
        self.size += len(data)
        self._opened().write(data)
