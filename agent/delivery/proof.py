"""Whose bytes: before each try a packet's files have to be just those that were checked.

The ledger has each file's identity as it was taken, and the digest that the check read. A digest decides: a copy of the
same bytes, a share that numbers its files anew and a file system whose times jump with the season change nothing. Where
there is none (files that are too large to be read twice), the identity has to be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

from agent.folder.carrying import same_content
from agent.folder.digest import digest_of_open
from agent.folder.errors import translated
from agent.folder.filesystem import Changed, FileSystem, FileSystemProblem, Missing, Opened
from agent.ledger.records import PacketFile, PacketRecord
from agent.model import Identity, LaneKind, Proof


def prove(
    fs: FileSystem,
    root: Path,
    place: Path,
    packet: PacketRecord,
    *,
    read: Literal["sources", "all", "what differs"] = "sources",
) -> dict[str, Proof]:
    """Return each file's proof, by its name. `root`: the folder above `place` below which no link is followed.

    Read through is a file whose identity is another's now, and one from which the request was made without being sent
    itself (`read`: nothing but the former, or all). Raises `Changed` for a file that is not the one that was checked,
    `Missing` for one that is gone, and other `FileSystemProblem`s.
    """
    proofs = {}
    for file in packet.files:
        is_source = file.role == "sidecar" or packet.lane.kind is LaneKind.STATEMENTS
        path = place / file.name
        with _opened(fs, root, path) as (opened, stream):
            through = read == "all" or (read == "sources" and is_source)
            identity = _proved(opened, stream, path, file, read=through)
        proofs[file.name] = Proof(root, identity, file.sha256)
    return proofs


class ProvenFiles:
    """A packet's files for a check of what stands on the shelf: each as it was taken, and opened by no link.

    A sidecar, which is what says whose the packet is, is given only as the bytes that were checked.
    """

    def __init__(self, fs: FileSystem, root: Path, place: Path, packet: PacketRecord) -> None:
        self._fs = fs
        self._root = root
        self._files = {place / file.name: file for file in packet.files}

    def identify(self, path: Path) -> Identity:
        """Return the identity of the file at `path`."""
        return self._fs.identify(path)

    def open(self, path: Path) -> BinaryIO:
        """Open one of the packet's files. Raises `Changed` where it is not the one that was checked."""
        opened = self._fs.open_within(self._root, path)
        file = self._files[path]
        try:
            if file.role == "sidecar":
                with opened.stream, translated(path):
                    data = opened.stream.read(file.identity.size + 1)
                    _proved(opened, BytesIO(data), path, file, read=True)
                return BytesIO(data)
            _proved(opened, opened.stream, path, file, read=False)
        except FileSystemProblem:
            opened.stream.close()
            raise
        opened.stream.seek(0)
        return opened.stream


def _proved(opened: Opened, stream: BinaryIO, path: Path, file: PacketFile, *, read: bool) -> Identity:
    """Return the open file's identity. Raise `Changed` unless it is the file that was checked."""
    identity = opened.identity()
    is_same = identity == file.identity
    if file.sha256 and (read or not is_same):
        with translated(path):
            is_same = identity.size == file.identity.size and digest_of_open(stream) == file.sha256
    elif not is_same:
        is_same = _is_a_copy(identity, file.identity)
    if not is_same or opened.identity() != identity:
        raise Changed(path, "it is not the file that was checked")
    return identity


def _is_a_copy(moved: Identity, taken: Identity) -> bool:
    """Tell whether a file can be what was carried to another volume, by whose file numbers it is known now."""
    volumes = {identity.file_id.partition("-")[0] for identity in (moved, taken)}
    return same_content(moved, taken) and (len(volumes) == 2 or not moved.file_id)


@contextmanager
def _opened(fs: FileSystem, root: Path, path: Path) -> Iterator[tuple[Opened, BinaryIO]]:
    try:
        opened = fs.open_within(root, path)
    except Missing as problem:
        if _something_stands(fs, path):
            raise Changed(path, "something else stands in its place") from problem
        raise
    with opened.stream as stream:
        yield opened, stream


def _something_stands(fs: FileSystem, path: Path) -> bool:
    """Tell whether the name is used, by a link say: that is no file that people took away."""
    try:
        return path.name in fs.names(path.parent)
    except FileSystemProblem:
        return False
