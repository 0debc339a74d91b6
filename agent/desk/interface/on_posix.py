"""The channel as a Unix socket, in a folder that is its user's alone (0700).

It stands in the data folder; where that file system knows no sockets (a share), or its path is too long for one, in the
user's own folder for data. Each side asks the system for the other's user: no file tells anything that is believed.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

from agent import own_files
from agent.desk.interface.channel import Connection, Listener, Peer, Stranger
from agent.desk.users import name_of

PRIVATE, SOCKET = "private-", "agent.sock"
_WAITING = 32
_WRITE_SECONDS = 30.0
_OTHERS_WRITE = 0o022
_LOCAL_PEERCRED, _LOCAL_PEERPID = 1, 2  # macOS (sys/un.h)
_DESCRIPTORS = "/proc/self/fd"


def places(data: Path, uid: int) -> Iterator[tuple[Path, str]]:
    """Yield where the socket of a user's agent may stand, the first that works first: a folder, and a name in it."""
    yield data / f"{PRIVATE}{uid}", SOCKET
    if uid == os.geteuid():  # nobody knows another user's folders
        digest = hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:16]
        yield platformdirs.user_data_path("OutTray", appauthor=False) / f"{PRIVATE}{uid}", f"{digest}.sock"


def listen(data: Path) -> Listener:
    """Open the socket, in place of one that a killed agent has left. Raises OSError."""
    troubles = []
    for folder, name in places(data, os.geteuid()):
        try:
            own_files.make_folder(folder)
            return _Listener(folder, name)
        except OSError as trouble:
            troubles.append(trouble)
    raise troubles[0]


def connect(data: Path) -> Connection | None:
    """Reach the agent of the data folder: this user's, and for root whoever's it is. Raises Stranger."""
    try:
        uid = os.geteuid() or data.stat().st_uid
    except OSError:
        return None
    is_strange = False
    for folder, name in places(data, uid):
        try:
            return _connected(folder, name, uid)
        except OSError:
            continue
        except Stranger:
            is_strange = True
    if is_strange:
        raise Stranger
    return None


def _connected(folder: Path, name: str, uid: int) -> Connection:
    with _folder_of(folder, uid) as descriptor:
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            one.connect(_address(descriptor, folder, name))
            if _who(one)[0] != uid:
                raise Stranger
        except (OSError, Stranger):
            one.close()
            raise
    return _Connection(one)


@contextmanager
def _folder_of(folder: Path, uid: int) -> Iterator[int]:
    """Open the folder that the socket stands in. Raises OSError where none is, Stranger where it is not the user's."""
    if own_files.is_link(folder):
        raise Stranger
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != uid or stat.S_IMODE(found.st_mode) & _OTHERS_WRITE:
            raise Stranger
        yield descriptor
    finally:
        os.close(descriptor)


def _address(descriptor: int, folder: Path, name: str) -> str:
    """Return the socket's address: on Linux by the folder that is open, so that it is short, and the one looked at."""
    if sys.platform.startswith("linux") and Path(_DESCRIPTORS).is_dir():
        return f"{_DESCRIPTORS}/{descriptor}/{name}"
    return str(folder / name)


class _Listener:
    def __init__(self, folder: Path, name: str) -> None:
        self._place, self._folder = folder, os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._unlink()
            self._socket.bind(_address(self._folder, folder, name))
            os.chmod(name, own_files.FILE, dir_fd=self._folder)
            self._socket.listen(_WAITING)
        except OSError:
            self.close()
            raise

    def accept(self) -> Connection:
        return _Connection(self._socket.accept()[0])

    def wake(self) -> None:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
            one.connect(_address(self._folder, self._place, self._name))

    def close(self) -> None:
        self._socket.close()
        with suppress(OSError):
            self._unlink()
        os.close(self._folder)

    def _unlink(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._folder)


class _Connection:
    def __init__(self, one: socket.socket) -> None:
        self._socket = one
        one.settimeout(_WRITE_SECONDS)

    def read(self, most: int, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        said = bytearray()
        while len(said) <= most:
            if (left := deadline - time.monotonic()) <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            if not (more := self._socket.recv(65536)):
                return bytes(said)
            said += more
        raise OSError("more than may be said")

    def write(self, data: bytes) -> None:
        self._socket.settimeout(_WRITE_SECONDS)
        self._socket.sendall(data)
        self._socket.shutdown(socket.SHUT_WR)

    @property
    def peer(self) -> Peer:
        uid, pid = _who(self._socket)
        return Peer(name_of(uid), pid, uid in (0, os.geteuid()))

    def close(self) -> None:
        self._socket.close()


def _who(one: socket.socket) -> tuple[int, int]:
    """Return the user and the process at the other end, as they were when it was opened."""
    if sys.platform.startswith("linux"):
        pid, uid, _gid = struct.unpack("iII", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return uid, pid
    _version, uid = struct.unpack_from("II", one.getsockopt(0, _LOCAL_PEERCRED, 76))
    (pid,) = struct.unpack("i", one.getsockopt(0, _LOCAL_PEERPID, 4))
    return uid, pid
