"""A request's body, streamed from disk: hashed once as it really goes out, and cut short when a file changes.

The length is known before the first byte, so a body that is cut short can never look whole to the service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from agent.crashpoints import here
from agent.destinations.limiter import UploadLimiter
from agent.destinations.network import Cancelled
from agent.destinations.protocol import Progress
from agent.folder.errors import translated
from agent.folder.filesystem import Changed, FileSystem
from agent.model import Identity, SentFile


@dataclass(frozen=True)
class FilePart:
    """A file of the body. `identity` is what it was when its length was promised to the service."""

    name: str
    path: Path
    identity: Identity


Part = bytes | FilePart


class Body:
    """The parts of one request, in order. Iterate once; what happened can be asked afterwards."""

    def __init__(
        self,
        parts: Sequence[Part],
        files: FileSystem,
        limiter: UploadLimiter,
        progress: Progress,
        cancel: Event,
    ) -> None:
        self.length = sum(len(part) if isinstance(part, bytes) else part.identity.size for part in parts)
        self.sent = 0  # bytes taken by the transport
        self.started = False
        self.finished = False  # every byte was taken by the transport: the service may have it all
        self._parts = parts
        self._files = files
        self._limiter = limiter
        self._progress = progress
        self._cancel = cancel
        self._open = ExitStack()
        self._hashed: list[SentFile] = []

    @property
    def sent_files(self) -> tuple[SentFile, ...]:
        """Return the files as they went out; empty unless every byte did."""
        return tuple(self._hashed) if self.finished else ()

    def __iter__(self) -> Iterator[bytes]:
        """Give the body in pieces. Raise FileSystemProblem (`Changed`, too), or Cancelled between two pieces."""
        for part in self._parts:
            for piece in (part,) if isinstance(part, bytes) else self._read(part):
                self._allow(len(piece))
                self.started = True
                # Whoever takes the piece comes back only when the system has it: a failed write leaves it uncounted.
                yield piece
                here("piece-sent")
                self.sent += len(piece)
                self._progress(self.sent, self.length)
        self.finished = True
        here("body-sent")

    def close(self) -> None:
        """Close a file that a broken connection left open: the shelves cannot move an open one on Windows."""
        self._open.close()

    def _allow(self, count: int) -> None:
        if self._cancel.is_set():
            raise Cancelled
        self._limiter.take(count, self._cancel)

    def _read(self, part: FilePart) -> Iterator[bytes]:
        """Give the file's bytes. Its last piece is held back until the file has proved to be unchanged."""
        digest = hashlib.sha256()
        left = part.identity.size
        with self._open:
            handle = self._open.enter_context(self._files.open(part.path))
            piece = b""
            while left:
                if piece:
                    yield piece
                with translated(part.path):
                    piece = handle.read(min(self._limiter.piece, left))
                if not piece:
                    raise Changed(part.path)
                digest.update(piece)
                left -= len(piece)
            if handle.read(1) or self._files.identify(part.path) != part.identity:
                raise Changed(part.path)
        self._hashed.append(SentFile(part.name, part.identity.size, digest.hexdigest()))
        if piece:
            yield piece
        here("file-sent")


def file_part(files: FileSystem, path: Path, name: str) -> FilePart:
    """Return the file at `path` as it is now. Raise FileSystemProblem."""
    return FilePart(name, path, files.identify(path))
