"""A request's body, streamed from disk: hashed once as it really goes out, and cut short when a file changes.

The length is known before the first byte, so a body that is cut short can never look whole to the service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
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
from agent.model import BodySent, Identity, Proof, SentFile


@dataclass(frozen=True)
class FilePart:
    """A file of the body. `identity` is what it was when its length was promised to the service.

    It is opened below `root` by no link. `sha256` (hex) is what its bytes have to come to, where that is known.
    """

    name: str
    path: Path
    identity: Identity
    root: Path
    sha256: str = ""


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
        *,
        before_the_last: Callable[[], None] = lambda: None,
    ) -> None:
        """`before_the_last` is called before the last piece is handed over: from then on the service may have all."""
        self._before_the_last = before_the_last
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
    def sent_so_far(self) -> BodySent:
        """Return how much of the body the transport has taken."""
        if self.finished:
            return BodySent.WHOLE
        return BodySent.PART if self.started else BodySent.NONE

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
                if self.sent + len(piece) >= self.length:
                    self._before_the_last()
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
        """Give the file's bytes. Its last piece is held back until the file has proved to be unchanged.

        What is read is the file whose identity was looked at while it was open: whatever takes its name, or the place
        of a folder on the way, changes no byte of it, and shows at the end.
        """
        digest = hashlib.sha256()
        left = part.identity.size
        with self._open:
            opened = self._files.open_within(part.root, part.path)
            handle = self._open.enter_context(opened.stream)
            if opened.identity() != part.identity:
                raise Changed(part.path)
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
            is_same = opened.identity() == self._files.identify(part.path) == part.identity
            if handle.read(1) or not is_same or part.sha256 not in ("", digest.hexdigest()):
                raise Changed(part.path)
        self._hashed.append(SentFile(part.name, part.identity.size, digest.hexdigest()))
        if piece:
            yield piece
        here("file-sent")


def file_part(files: FileSystem, path: Path, name: str, proof: Proof | None = None) -> FilePart:
    """Return the file at `path` as it was proved to be; without a proof, as it is now. Raise FileSystemProblem."""
    if proof is None:
        return FilePart(name, path, files.identify(path), path.parent)
    return FilePart(name, path, proof.identity, proof.root, proof.sha256)
