"""The channel as a named pipe with an access list: its own account, and those with whom the data folder is shared.

A pipe's name is known to everybody, so a neighbour could have made it first. Ours is only ever the first of its name,
and a client believes a pipe by its owner, whom nobody can make up. The server takes the word of the client's token.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from contextlib import suppress
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

import _winapi  # noqa: E402 - behind the check
from multiprocessing.connection import PipeConnection  # noqa: E402 - for messages as they are: nothing is unpickled

from agent import own_files, sddl, windows_rights  # noqa: E402
from agent.delivery.named_mutex import name_for  # noqa: E402
from agent.desk.interface.channel import Connection, Listener, Peer, Stranger  # noqa: E402

OWNER = "interface.json"
"""In the data folder: whose pipe it is. No secret, and only those could have written it who share the ledger."""

_FIRST, _REJECT_REMOTE = 0x80000, 0x8
_IDENTIFY_ONLY = 0x100000 | 0x10000  # SECURITY_SQOS_PRESENT, SECURITY_IDENTIFICATION: nobody acts in our name
_MESSAGES = 0x4 | 0x2  # PIPE_TYPE_MESSAGE, PIPE_READMODE_MESSAGE
_BUFFER = 65536
_BUSY, _GONE_ALREADY = 231, 232
_BUSY_SECONDS = 5.0

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel32.GetNamedPipeServerProcessId.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.ULONG))
_kernel32.GetNamedPipeClientProcessId.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.ULONG))
_kernel32.GetCurrentThread.restype = wintypes.HANDLE
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_advapi32.ImpersonateNamedPipeClient.argtypes = (wintypes.HANDLE,)
_advapi32.OpenThreadToken.argtypes = (wintypes.HANDLE, wintypes.DWORD, wintypes.BOOL, ctypes.POINTER(wintypes.HANDLE))
_TOKEN_QUERY = 0x8


def pipe_for(data: Path) -> str:
    """Return the pipe's name for a data folder, however that is spelled."""
    return "\\\\.\\pipe\\" + name_for(data).rpartition("\\")[2]


def listen(data: Path) -> Listener:
    """Open the pipe. Raises OSError, also where another program has made one of its name."""
    return _Listener(data)


def connect(data: Path) -> Connection | None:
    """Reach the agent of the data folder. Raises Stranger."""
    handle = _opened(pipe_for(data))
    if handle is None:
        return None
    try:
        owner = windows_rights.owner_of(handle)
        if owner not in (windows_rights.own_sid(), windows_rights.SYSTEM, _told_owner(data)):
            raise Stranger
        _winapi.SetNamedPipeHandleState(handle, _winapi.PIPE_READMODE_MESSAGE, None, None)
    except (OSError, Stranger) as trouble:
        _winapi.CloseHandle(handle)
        raise Stranger from trouble
    return _ToServer(handle, owner)


def _opened(name: str) -> int | None:
    deadline = time.monotonic() + _BUSY_SECONDS
    flags = _winapi.FILE_FLAG_OVERLAPPED | _IDENTIFY_ONLY
    while True:
        try:
            return _winapi.CreateFile(name, int(sddl.ASK, 16), 0, _winapi.NULL, _winapi.OPEN_EXISTING, flags, 0)
        except OSError as trouble:
            if trouble.winerror != _BUSY or time.monotonic() >= deadline:
                return None
        with suppress(OSError):
            _winapi.WaitNamedPipe(name, 1000)


def _told_owner(data: Path) -> str:
    try:
        return str(json.loads((data / OWNER).read_text(encoding="ascii"))["owner"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


class _Listener:
    def __init__(self, data: Path) -> None:
        self._name, self._told = pipe_for(data), data / OWNER
        own = windows_rights.own_sid()
        guests = sddl.shared_with(windows_rights.rights_of(data), own)
        self._rights = sddl.of_pipe(own, guests)
        self._next = self._made(_FIRST)
        try:
            self._told.unlink(missing_ok=True)
            with own_files.open_new(self._told) as file:
                file.write(json.dumps({"owner": own}).encode())
        except OSError:
            self.close()
            raise

    def accept(self) -> Connection:
        handle, self._next = self._next, self._made()
        try:
            coming = _winapi.ConnectNamedPipe(handle, overlapped=True)
        except OSError as trouble:
            if trouble.winerror != _GONE_ALREADY:
                _winapi.CloseHandle(handle)
                raise
        else:
            _winapi.WaitForMultipleObjects([coming.event], False, _winapi.INFINITE)
            coming.GetOverlappedResult(True)
        return _ToClient(handle)

    def wake(self) -> None:
        if (handle := _opened(self._name)) is not None:
            _winapi.CloseHandle(handle)

    def close(self) -> None:
        _winapi.CloseHandle(self._next)
        with suppress(OSError):
            self._told.unlink(missing_ok=True)

    def _made(self, more: int = 0) -> int:
        with windows_rights.described(self._rights) as descriptor:
            attributes = windows_rights.SecurityAttributes(
                ctypes.sizeof(windows_rights.SecurityAttributes), descriptor, 0
            )
            return _winapi.CreateNamedPipe(
                self._name,
                _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED | more,
                _MESSAGES | _REJECT_REMOTE,
                _winapi.PIPE_UNLIMITED_INSTANCES,
                _BUFFER,
                _BUFFER,
                0,
                ctypes.addressof(attributes),
            )


class _End:
    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._pipe = PipeConnection(handle)

    def read(self, most: int, seconds: float) -> bytes:
        if not self._pipe.poll(seconds):
            raise TimeoutError
        try:
            return self._pipe.recv_bytes(most)
        except EOFError:
            return b""

    def write(self, data: bytes) -> None:
        self._pipe.send_bytes(data)

    def close(self) -> None:
        self._pipe.close()


class _ToServer(_End):
    def __init__(self, handle: int, owner: str) -> None:
        super().__init__(handle)
        self._owner = owner

    @property
    def peer(self) -> Peer:
        pid = wintypes.ULONG()
        _kernel32.GetNamedPipeServerProcessId(self._handle, ctypes.byref(pid))
        return Peer(windows_rights.account_of(self._owner), pid.value, self._owner == windows_rights.own_sid())


class _ToClient(_End):
    @property
    def peer(self) -> Peer:
        pid = wintypes.ULONG()
        _kernel32.GetNamedPipeClientProcessId(self._handle, ctypes.byref(pid))
        token = self._token()
        try:
            sid = windows_rights.user_of(token)
            is_own = sid in (windows_rights.own_sid(), windows_rights.SYSTEM) or windows_rights.is_administrators(token)
        finally:
            _kernel32.CloseHandle(token)
        return Peer(windows_rights.account_of(sid), pid.value, is_own)

    def _token(self) -> wintypes.HANDLE:
        """Return the client's token. For as long as it takes, this thread is the client. Raises OSError."""
        if not _advapi32.ImpersonateNamedPipeClient(self._handle):
            raise ctypes.WinError(ctypes.get_last_error())
        token = wintypes.HANDLE()
        got = _advapi32.OpenThreadToken(_kernel32.GetCurrentThread(), _TOKEN_QUERY, True, ctypes.byref(token))
        trouble = ctypes.WinError(ctypes.get_last_error())
        if not _advapi32.RevertToSelf():
            raise SystemExit  # this thread must not go on as somebody else
        if not got:
            raise trouble
        return token
