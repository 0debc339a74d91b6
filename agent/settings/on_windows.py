"""What Windows does for settings and secrets: DPAPI, and files that are born with their rights."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

import msvcrt  # noqa: E402 - behind the check

from agent import windows_rights  # noqa: E402
from agent.windows_rights import SecurityAttributes  # noqa: E402

_CRYPTPROTECT_UI_FORBIDDEN, _CRYPTPROTECT_LOCAL_MACHINE = 0x1, 0x4
_GENERIC_WRITE, _CREATE_NEW, _WRITE_THROUGH = 0x40000000, 1, 0x80000000
_INVALID_HANDLE = wintypes.HANDLE(-1).value

# Security descriptors (SDDL), owned by administrators and inheriting nothing. SY: the system, BA: administrators, BU:
# everybody who can sign in on this PC.
_PRIVATE = "O:BAD:P(A;{inherit};FA;;;SY)(A;{inherit};FA;;;BA)"
_FOR_ALL_TO_READ = "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;BU)"


class _Blob(ctypes.Structure):
    _fields_ = (("size", wintypes.DWORD), ("data", ctypes.POINTER(ctypes.c_char)))


_crypt32 = ctypes.WinDLL("crypt32", use_last_error=True)
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_blobs = (ctypes.POINTER(_Blob), wintypes.LPVOID, ctypes.POINTER(_Blob), wintypes.LPVOID, wintypes.LPVOID)
_crypt32.CryptProtectData.argtypes = (*_blobs, wintypes.DWORD, ctypes.POINTER(_Blob))
_crypt32.CryptUnprotectData.argtypes = (*_blobs, wintypes.DWORD, ctypes.POINTER(_Blob))
_kernel32.LocalFree.argtypes = (wintypes.LPVOID,)
_kernel32.CreateFileW.restype = wintypes.HANDLE
_kernel32.CreateFileW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.POINTER(SecurityAttributes),
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.HANDLE,
)


# --- DPAPI ----------------------------------------------------------------------------------------------------------


def seal(data: bytes, purpose: str) -> bytes:
    """Encrypt for this PC: any account of it can decrypt, and no other PC. Raises `OSError`."""
    flags = _CRYPTPROTECT_LOCAL_MACHINE | _CRYPTPROTECT_UI_FORBIDDEN
    sealed = _Blob()
    if not _crypt32.CryptProtectData(_blob(data), None, _blob(purpose.encode()), None, None, flags, sealed):
        raise ctypes.WinError(ctypes.get_last_error())
    return _taken(sealed)


def unseal(data: bytes, purpose: str) -> bytes:
    """Decrypt what `seal` made on this PC for the same purpose. Raises `ValueError` for anything else."""
    plain = _Blob()
    flags = _CRYPTPROTECT_UI_FORBIDDEN
    if not _crypt32.CryptUnprotectData(_blob(data), None, _blob(purpose.encode()), None, None, flags, plain):
        raise ValueError(f"not sealed on this PC, or damaged (winerror {ctypes.get_last_error()})")
    return _taken(plain)


def _blob(data: bytes) -> _Blob:
    return _Blob(len(data), ctypes.cast(ctypes.create_string_buffer(data, len(data)), ctypes.POINTER(ctypes.c_char)))


def _taken(blob: _Blob) -> bytes:
    try:
        return ctypes.string_at(blob.data, blob.size)
    finally:
        _kernel32.LocalFree(blob.data)


# --- Files with rights ----------------------------------------------------------------------------------------------


def write_private(path: Path, data: bytes, readers: Sequence[str] = ()) -> None:
    """Write a file that only the system, administrators and `readers` may read, into a folder that is as private.

    Raises `OSError`, and `LookupError` for a reader that does not exist.
    """
    grants = "".join(f"(A;;FR;;;{windows_rights.sid_of(reader)})" for reader in readers)
    _make_private_folder(path.parent)
    _write(path, data, _PRIVATE.format(inherit="") + grants)


def write_for_all(path: Path, data: bytes) -> None:
    """Write a file that everybody on this PC may read, and only the system and administrators may change.

    Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, data, _FOR_ALL_TO_READ)


def _write(path: Path, data: bytes, rights: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    try:
        with windows_rights.described(rights) as descriptor:
            attributes = SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor, False)
            handle = _kernel32.CreateFileW(str(fresh), _GENERIC_WRITE, 0, attributes, _CREATE_NEW, _WRITE_THROUGH, None)
        if handle is None or handle == _INVALID_HANDLE:
            raise ctypes.WinError(ctypes.get_last_error())
        with os.fdopen(msvcrt.open_osfhandle(handle, os.O_WRONLY | os.O_BINARY | os.O_NOINHERIT), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _make_private_folder(folder: Path) -> None:
    """Make the folder, or take over one that stands there: everybody may make folders in ProgramData."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    windows_rights.make_folder(folder, _PRIVATE.format(inherit="OICI"))
