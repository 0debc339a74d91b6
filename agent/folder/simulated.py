"""The file-system seam in memory: the same rules as the real side, the same every time, with faults on demand.

Beside what the seam asks for, it has what people and programs do to a folder (`put`, `append`, `hold_open` ...), what
shares do (`share_vanishes`, `unmount` ...), and `fail`, which is asked before each step of OutTray's own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import BinaryIO, Literal

from agent.clock import Clock
from agent.folder.copying import aside_of
from agent.folder.errors import problem_of
from agent.folder.filesystem import Entry, Exists, FileSystemProblem, InTheWay, Missing, Opened
from agent.folder.names import name_key
from agent.model import Identity

Fail = Callable[[str, Path], FileSystemProblem | None]
"""Asked with the step's name and path before the step; what it returns is raised. It may raise a crash of its own.

Steps: the seam's methods by name, and inside them `write.place`, `move.copy`, `move.place`, `move.delete`.
"""

# What the systems report (winerror.h, errno.h); `errors.py` makes of it what the rest of OutTray sees.
SHARING_VIOLATION = (32, errno.EBUSY)
ACCESS_DENIED = (5, errno.EACCES)
DISK_FULL = (112, errno.ENOSPC)
NETWORK_NAME_DELETED = (64, errno.ESTALE)
BAD_NETWORK_PATH = (53, errno.EHOSTDOWN)
DATA_ERROR = (23, errno.EIO)
ALREADY_EXISTS = (183, errno.EEXIST)


def reported(what: tuple[int, int], path: Path, *, windows: bool) -> FileSystemProblem:
    """Return the seam's problem for what the system would report: on Windows by its `winerror`, all the same class."""
    winerror, number = what
    if not windows:
        return problem_of(OSError(number, os.strerror(number)), path)
    error = PermissionError(errno.EACCES, "Access is denied", None, winerror)
    error.__dict__["winerror"] = winerror  # where it is run on another system, which leaves the fourth out
    return problem_of(error, path)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class OpenFile:
    """A file that someone else has open. It stays the same file wherever it is moved."""

    _system: SimulatedFileSystem
    _node: _Node
    writing: bool
    exclusive: bool

    def append(self, data: bytes) -> None:
        """Write on at the end."""
        self._node.data += data
        self._node.mtime_ns = self._system.file_time()

    def close(self) -> None:
        """Let go of it."""
        if self in self._node.holders:
            self._node.holders.remove(self)


@dataclass
class _Node:
    """One name's thing; `path` as it is spelled on the disk."""

    path: Path
    kind: Literal["file", "folder", "other"]
    number: int
    data: bytes = b""
    mtime_ns: int = 0
    holders: list[OpenFile] = field(default_factory=list)


@dataclass
class _SimulatedOpen:
    stream: BinaryIO
    _system: SimulatedFileSystem
    _node: _Node

    def identity(self) -> Identity:
        return self._system.identity_of(self._node)


@dataclass
class _Volume:
    root: Path
    remote: bool = False
    room: int | None = None
    reachable: bool = True
    shadowed: list[_Node] = field(default_factory=list)  # what stood there before the share was unmounted


class SimulatedFileSystem:
    """A file system in memory (`FileSystem`).

    `windows`: names differ by more than case, and files that others have open can be neither moved nor removed.
    `granularity_ns`: what the times of files are cut to; FAT has 2 seconds.
    """

    def __init__(self, clock: Clock, *, windows: bool = False, granularity_ns: int = 100) -> None:
        self.windows = windows
        self.fail: Fail = lambda _step, _path: None
        self._clock = clock
        self._granularity_ns = granularity_ns
        self._numbers = count(1)
        self._nodes: dict[str, _Node] = {}
        self._children: dict[str, dict[str, _Node]] = {}  # the same, by the keys of the folders they are in
        self._volumes = [_Volume(Path("/"))]
        self._volume_of: dict[Path, _Volume] = {}
        self._key_of: dict[Path, str] = {}

    # --- the seam ---------------------------------------------------------------------------------------------------

    def list(self, folder: Path) -> list[Entry]:
        """Return what stands in `folder`, by name."""
        self._step("list", folder)
        self._folder(folder)
        found = sorted(self._inside(folder).values(), key=lambda node: node.path.name)
        return [Entry(node.path.name, node.kind, self._identity(node)) for node in found]

    def names(self, folder: Path) -> Sequence[str]:
        """Return the names in `folder`, sorted."""
        self._step("names", folder)
        self._folder(folder)
        return sorted(node.path.name for node in self._inside(folder).values())

    def identify(self, path: Path) -> Identity:
        """Return the identity of the regular file at `path`."""
        self._step("identify", path)
        node = self._file(path)
        return Identity(len(node.data), node.mtime_ns, self._file_id(node))

    def open(self, path: Path) -> BinaryIO:
        """Open the file as it is at this moment."""
        self._step("open", path)
        node = self._file(path)
        if self.windows and any(holder.exclusive for holder in node.holders):
            raise self._reported(SHARING_VIOLATION, path)
        return BytesIO(node.data)

    def open_within(self, root: Path, path: Path) -> Opened:
        """Open the file as it is at this moment, where no link stands on the way."""
        self._step("open_within", path)
        if not path.is_relative_to(root):
            raise Missing(path)
        for folder in path.parents:
            node = self._nodes.get(self._key(folder))
            if folder == root:
                break
            if node is None or node.kind != "folder":
                raise Missing(path)
        node = self._file(path)
        if self.windows and any(holder.exclusive for holder in node.holders):
            raise self._reported(SHARING_VIOLATION, path)
        return _SimulatedOpen(BytesIO(node.data), self, node)

    def in_use(self, path: Path) -> bool:
        """Tell whether someone has the file open for writing; on POSIX nobody can tell, and it is False."""
        self._step("in_use", path)
        node = self._file(path)
        return self.windows and any(holder.writing or holder.exclusive for holder in node.holders)

    def move(self, source: Path, target: Path) -> None:
        """Move a file, never overwriting."""
        self._step("move", source)
        self._reach(target)
        node = self._file(source)
        self._folder(target.parent)
        across = self._volume(source) is not self._volume(target)
        standing = self._nodes.get(self._key(target))
        if standing is not None and standing is not node:
            if not across or standing.kind != "file" or standing.data != node.data:
                self.delete(self._aside(target))
                raise self._reported(ALREADY_EXISTS, target)
            self._delete_source(source)
        elif self.windows and node.holders and not across:
            raise self._reported(SHARING_VIOLATION, source)
        elif across:
            self._copy(node, target)
            self._delete_source(source)
        else:
            self._rename(node, target)

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file, whole or not at all."""
        self._step("write", path)
        self._folder(path.parent)
        if self._key(path) in self._nodes:
            raise Exists(path)
        self._need_room(path, len(data))
        aside = self._aside(path)
        self.put(aside, data)
        self._place(aside, path, "write.place")

    def remove(self, path: Path) -> None:
        """Remove a file."""
        self._step("remove", path)
        node = self._nodes.get(self._key(path))
        if node is None:
            return
        if node.kind == "folder":
            raise FileSystemProblem(path, "a folder")
        if self.windows and node.holders:
            raise self._reported(SHARING_VIOLATION, path)
        self._drop(node)

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it."""
        self._step("make_folder", path)
        for folder in (*reversed(path.parents), path):
            node = self._nodes.get(self._key(folder))
            if node is None and folder.name:
                self._add(_Node(folder, "folder", next(self._numbers)))
            elif node is not None and node.kind != "folder":
                raise InTheWay(folder)

    def remove_folder(self, path: Path) -> None:
        """Remove a folder if it is empty."""
        self._step("remove_folder", path)
        node = self._nodes.get(self._key(path))
        if node is not None and node.kind == "folder" and not self._inside(path):
            self._drop(node)

    def free_bytes(self, folder: Path) -> int:
        """Return the room that is left on the volume."""
        self._step("free_bytes", folder)
        volume = self._volume(folder)
        if volume.room is None:
            return 1 << 40
        used = sum(len(node.data) for node in self._nodes.values() if self._volume(node.path) is volume)
        return volume.room - used

    def is_remote(self, folder: Path) -> bool:
        """Tell whether the volume was made a share."""
        self._step("is_remote", folder)
        return self._volume(folder).remote

    # --- what people and programs do --------------------------------------------------------------------------------

    def put(self, path: Path, data: bytes, *, mtime: datetime | None = None) -> None:
        """Make a file, or write one anew in its place (it stays the same file, as the file systems count).

        `mtime`: as after a copy that keeps the times.
        """
        self._make_way(path)
        node = self._nodes.get(self._key(path)) or self._add(_Node(path, "file", next(self._numbers)))
        node.data = data
        node.mtime_ns = self.file_time(mtime)

    def append(self, path: Path, data: bytes) -> None:
        """Write on at the end of a file."""
        node = self._file(path)
        node.data += data
        node.mtime_ns = self.file_time()

    def delete(self, path: Path) -> None:
        """Delete a file, or a folder with all that is in it."""
        key = self._key(path)
        for each in [each for each in self._nodes if each == key or each.startswith(key + "/")]:
            self._drop(self._nodes[each])

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file or a folder; a file that stands at `target` is replaced."""
        replaced = self._nodes.get(self._key(target))
        if replaced is not None:
            self._drop(replaced)
        for node in [node for node in self._nodes.values() if node.path == source or source in node.path.parents]:
            self._rename(node, target / node.path.relative_to(source))

    def link(self, path: Path) -> None:
        """Make a symbolic link, or a device, or a pipe: something that is neither file nor folder."""
        self._make_way(path)
        self._add(_Node(path, "other", next(self._numbers)))

    def hold_open(self, path: Path, *, writing: bool = True, exclusive: bool = False) -> OpenFile:
        """Have a file open until it is closed or released; `exclusive`: nobody else may even read it (Windows)."""
        node = self._file(path)
        holder = OpenFile(self, node, writing, exclusive)
        node.holders.append(holder)
        return holder

    def release(self, path: Path) -> None:
        """Close the file everywhere."""
        self._file(path).holders.clear()

    def files(self, folder: Path) -> dict[str, bytes]:
        """Return every file below `folder` with its bytes, by its name relative to it."""
        start = len(folder.as_posix().rstrip("/")) + 1
        below = (node for node in self._below(folder) if node.kind == "file")
        return dict(sorted((node.path.as_posix()[start:], node.data) for node in below))

    def folders(self, folder: Path) -> tuple[str, ...]:
        """Return every folder below `folder`, by its name relative to it."""
        below = (node for node in self._below(folder) if node.kind == "folder")
        return tuple(sorted(node.path.relative_to(folder).as_posix() for node in below))

    # --- what disks and shares do -----------------------------------------------------------------------------------

    def add_volume(self, root: Path, *, remote: bool = False, room: int | None = None) -> None:
        """Put everything below `root` on a volume of its own; `room` is its size in bytes."""
        self.make_folder(root)
        self._volumes.append(_Volume(root, remote, room))
        self._volume_of.clear()

    def share_vanishes(self, root: Path) -> None:
        """Let every step on the volume at `root` fail as a share does that no longer answers."""
        self._volume(root).reachable = False

    def share_returns(self, root: Path) -> None:
        """Let the volume at `root` answer again, with what it held and what others have put there meanwhile."""
        self._volume(root).reachable = True

    def unmount(self, root: Path) -> None:
        """Leave an empty folder where the volume was."""
        volume = self._volume(root)
        volume.shadowed = [node for node in self._nodes.values() if root in node.path.parents]
        for node in volume.shadowed:
            self._drop(node)

    def mount(self, root: Path) -> None:
        """Bring the volume back; what was put into the empty folder meanwhile is out of sight."""
        volume = self._volume(root)
        self.delete(root)
        self.make_folder(root)
        for node in volume.shadowed:
            self._add(node)
        volume.shadowed = []

    def file_time(self, moment: datetime | None = None) -> int:
        """Return a file's time in nanoseconds, cut as this file system does it: of `moment`, or of now."""
        nanoseconds = ((moment or self._clock.now()) - _EPOCH) // timedelta(microseconds=1) * 1000
        return nanoseconds - nanoseconds % self._granularity_ns

    # --- inside -----------------------------------------------------------------------------------------------------

    def _step(self, step: str, path: Path) -> None:
        problem = self.fail(step, path)
        if problem is not None:
            raise problem
        self._reach(path)

    def _reach(self, path: Path) -> None:
        if not self._volume(path).reachable:
            raise self._reported(BAD_NETWORK_PATH if self._volume(path).remote else NETWORK_NAME_DELETED, path)

    def _reported(self, what: tuple[int, int], path: Path) -> FileSystemProblem:
        return reported(what, path, windows=self.windows)

    def _volume(self, path: Path) -> _Volume:
        if path not in self._volume_of:
            around = [volume for volume in self._volumes if volume.root == path or volume.root in path.parents]
            self._volume_of[path] = max(around, key=lambda volume: len(volume.root.parts), default=self._volumes[0])
        return self._volume_of[path]

    def _key(self, path: Path) -> str:
        if path not in self._key_of:
            text = path.as_posix()
            self._key_of[path] = name_key(text) if self.windows else text
        return self._key_of[path]

    def _inside(self, folder: Path) -> dict[str, _Node]:
        return self._children.get(self._key(folder).rstrip("/"), {})

    def _below(self, folder: Path) -> Iterator[_Node]:
        for node in self._inside(folder).values():
            yield node
            if node.kind == "folder":
                yield from self._below(node.path)

    def _add(self, node: _Node) -> _Node:
        key = self._key(node.path)
        self._nodes[key] = node
        self._children.setdefault(key.rpartition("/")[0], {})[key] = node
        return node

    def _make_way(self, path: Path) -> None:
        if self._key(path.parent) not in self._nodes:
            for folder in reversed(path.parents):
                if folder.name and self._key(folder) not in self._nodes:
                    self._add(_Node(folder, "folder", next(self._numbers)))

    def _drop(self, node: _Node) -> None:
        key = self._key(node.path)
        del self._nodes[key]
        del self._children[key.rpartition("/")[0]][key]

    def _file(self, path: Path) -> _Node:
        node = self._nodes.get(self._key(path))
        if node is None or node.kind != "file":
            raise Missing(path)
        return node

    def _folder(self, path: Path) -> None:
        node = self._nodes.get(self._key(path))
        if path.name and (node is None or node.kind != "folder"):
            raise Missing(path)

    def _identity(self, node: _Node) -> Identity | None:
        return Identity(len(node.data), node.mtime_ns, self._file_id(node)) if node.kind == "file" else None

    def identity_of(self, node: _Node) -> Identity:
        """Return a file's identity, whatever it is called by now."""
        return Identity(len(node.data), node.mtime_ns, self._file_id(node))

    def _file_id(self, node: _Node) -> str:
        return f"{self._volumes.index(self._volume(node.path)):x}-{node.number:x}"

    def _rename(self, node: _Node, target: Path) -> None:
        self._drop(node)
        node.path = target
        self._add(node)

    def _need_room(self, path: Path, size: int) -> None:
        volume = self._volume(path)
        if volume.room is not None:
            used = sum(len(node.data) for node in self._nodes.values() if self._volume(node.path) is volume)
            if used + size > volume.room:
                raise self._reported(DISK_FULL, path)

    def _aside(self, path: Path) -> Path:
        return aside_of(path)

    def _copy(self, node: _Node, target: Path) -> None:
        self._step("move.copy", node.path)
        if self.windows and node.holders:
            raise self._reported(SHARING_VIOLATION, node.path)
        self._need_room(target, len(node.data))
        aside = self._aside(target)
        self.put(aside, node.data)
        self._file(aside).mtime_ns = node.mtime_ns - node.mtime_ns % self._granularity_ns
        self._place(aside, target, "move.place")

    def _place(self, aside: Path, target: Path, step: str) -> None:
        try:
            self._step(step, target)
        except FileSystemProblem:
            self.delete(aside)
            raise
        self._rename(self._file(aside), target)

    def _delete_source(self, source: Path) -> None:
        self._step("move.delete", source)
        node = self._file(source)
        if self.windows and node.holders:
            raise self._reported(SHARING_VIOLATION, source)
        self._drop(node)
