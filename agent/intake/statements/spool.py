"""The body on its way to disk: written aside, synced, and only then given its name."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from agent import own_files
from agent.crashpoints import here
from agent.intake.statements import wire
from agent.intake.statements.content import Content
from agent.log import log, where

_BUFFER = 64 * 1024  # what is larger goes past it


class SpoolFull(Exception):
    """The body has grown beyond what one request may have."""


class Spool:
    """Writes one request's JSON. Nothing stands at `path` unless `finish` was reached; `OSError` is let through.

    Without a path the body is only measured: what nobody is going to send must not stand on a disk, where nobody would
    remove it after the program was ended.
    """

    def __init__(self, path: Path | None, filename: str, most_bytes: int) -> None:
        self._path = path
        self._most = most_bytes
        self._head = wire.head(filename)
        self._file: BinaryIO | None = None
        self._separator = ""
        self._content = Content()
        self.size = 0

    @property
    def content(self) -> str:
        """The digest (hex) of the statements so far; the file's name, its encoding and its order are no part of it."""
        return self._content.hexdigest()

    def __enter__(self) -> Self:
        if self._path is None:
            self._file = io.BytesIO()
        else:
            own_files.make_folder(self._path.parent)
            self._file = own_files.open_new(_aside(self._path), _BUFFER)
        self._write(self._head)
        return self

    def add(self, statements: str) -> None:
        """Write statements that are joined by commas already. Raises `SpoolFull`."""
        self._write(self._separator)
        self._write(statements)
        self._content.add(statements)
        self._separator = ","
        here("spooling")
        if self.size > self._most:
            raise SpoolFull

    def finish(self) -> None:
        """Close the body, sync it to the disk, and give it its name."""
        self._write(wire.TAIL)
        file = self._opened()
        if self._path is not None:
            file.flush()
            os.fsync(file.fileno())
            file.close()
            here("spool-not-named")
            _aside(self._path).replace(self._path)
            here("spool-written")
        self._file = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            try:
                self._file.close()  # on a full disk this fails once more
            finally:
                if self._path is not None:
                    _aside(self._path).unlink(missing_ok=True)
                    self._path.unlink(missing_ok=True)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise RuntimeError("The spool is not open")
        return self._file

    def _write(self, text: str) -> None:
        data = text.encode("ascii")
        self.size += len(data)
        file = self._opened()
        if self._path is not None:
            file.write(data)


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def empty_spool(folder: Path) -> None:
    """Make the spool folder, and remove the bodies that an agent left which was killed: each is made again at need.

    One that another program holds goes when it is free (`Lane.tidy_spool`); no packet asks for it again.
    """
    own_files.make_folder(folder)
    for pattern in ("*.json", "*.part"):
        for left in folder.glob(pattern):
            try:
                left.unlink(missing_ok=True)
            except OSError as trouble:
                log.warning("the spool has to wait", extra={"trouble": where(trouble)})
