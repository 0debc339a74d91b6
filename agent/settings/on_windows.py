"""What Windows does for settings and secrets: DPAPI, and files that are born with their rights."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

import msvcrt  # noqa: E402 - behind the check

_CRYPTPROTECT_UI_FORBIDDEN, _CRYPTPROTECT_LOCAL_MACHINE = 0x1, 0x4
_GENERIC_WRITE, _CREATE_NEW, _WRITE_THROUGH = 0x40000000, 1, 0x80000000
_OWNER_SECURITY_INFORMATION, _DACL_SECURITY_INFORMATION = 0x1, 0x4
_PROTECTED_DACL_SECURITY_INFORMATION = 0x80000000
_SDDL_REVISION_1 = 1
_ERROR_ALREADY_EXISTS, _ERROR_NONE_MAPPED = 183, 1332
_SE_FILE_OBJECT, _TOKEN_QUERY, _TOKEN_USER = 1, 0x8, 1
_INVALID_HANDLE = wintypes.HANDLE(-1).value

# Security descriptors (SDDL), owned by administrators and inheriting nothing. SY: the system, BA: administrators, BU:
# everybody who can sign in on this PC.
_PRIVATE = "O:BAD:P(A;{inherit};FA;;;SY)(A;{inherit};FA;;;BA)"
_FOR_ALL_TO_READ = "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;BU)"


class _Blob(ctypes.Structure):
    _fields_ = (("size", wintypes.DWORD), ("data", ctypes.POINTER(ctypes.c_char)))


class _SecurityAttributes(ctypes.Structure):
    _fields_ = (("size", wintypes.DWORD), ("descriptor", wintypes.LPVOID), ("inherit", wintypes.BOOL))


_crypt32 = ctypes.WinDLL("crypt32", use_last_error=True)
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_blobs = (ctypes.POINTER(_Blob), wintypes.LPVOID, ctypes.POINTER(_Blob), wintypes.LPVOID, wintypes.LPVOID)
_crypt32.CryptProtectData.argtypes = (*_blobs, wintypes.DWORD, ctypes.POINTER(_Blob))
_crypt32.CryptUnprotectData.argtypes = (*_blobs, wintypes.DWORD, ctypes.POINTER(_Blob))
_kernel32.LocalFree.argtypes = (wintypes.LPVOID,)
_kernel32.CreateDirectoryW.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(_SecurityAttributes))
_kernel32.CreateFileW.restype = wintypes.HANDLE
_kernel32.CreateFileW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.POINTER(_SecurityAttributes),
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.HANDLE,
)
_advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    ctypes.POINTER(wintypes.LPVOID),
    wintypes.LPVOID,
)
_advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW.argtypes = (
    wintypes.LPVOID,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.POINTER(wintypes.LPVOID),
    wintypes.LPVOID,
)
_advapi32.SetFileSecurityW.argtypes = (wintypes.LPCWSTR, wintypes.DWORD, wintypes.LPVOID)
_advapi32.LookupAccountNameW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.LPCWSTR,
    wintypes.LPVOID,
    ctypes.POINTER(wintypes.DWORD),
    wintypes.LPWSTR,
    ctypes.POINTER(wintypes.DWORD),
    ctypes.POINTER(wintypes.DWORD),
)
_advapi32.ConvertSidToStringSidW.argtypes = (wintypes.LPVOID, ctypes.POINTER(wintypes.LPVOID))
_kernel32.GetCurrentProcess.restype = wintypes.HANDLE
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_advapi32.OpenProcessToken.argtypes = (wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE))
_advapi32.GetTokenInformation.argtypes = (
    wintypes.HANDLE,
    wintypes.DWORD,
    wintypes.LPVOID,
    wintypes.DWORD,
    ctypes.POINTER(wintypes.DWORD),
)
_advapi32.GetNamedSecurityInfoW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.POINTER(wintypes.LPVOID),
    wintypes.LPVOID,
    wintypes.LPVOID,
    wintypes.LPVOID,
    ctypes.POINTER(wintypes.LPVOID),
)
_advapi32.GetNamedSecurityInfoW.restype = wintypes.DWORD
_advapi32.ConvertStringSidToSidW.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(wintypes.LPVOID))


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
    grants = "".join(f"(A;;FR;;;{_sid_of(reader)})" for reader in readers)
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
        with _descriptor(rights) as descriptor:
            attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, False)
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


def make_own_folder(folder: Path) -> None:
    """Make a folder that only the system, administrators and this very account may look into, or close one so.

    What is in it gets the same rights. `Path.mkdir(mode=...)` makes no such folder before Python 3.11.10. Raises
    `OSError`, also for a link and for a folder of another account's.
    """
    own = _own_sid()
    _make_folder(folder, f"O:{own}D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{own})")


def rights_of(path: Path) -> str:
    """Return a file's or folder's access list (SDDL). Raises `OSError`."""
    descriptor, text = wintypes.LPVOID(), wintypes.LPVOID()
    error = _advapi32.GetNamedSecurityInfoW(
        str(path), _SE_FILE_OBJECT, _DACL_SECURITY_INFORMATION, None, None, None, None, ctypes.byref(descriptor)
    )
    if error:
        raise ctypes.WinError(error)
    try:
        convert = _advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW
        if not convert(descriptor, _SDDL_REVISION_1, _DACL_SECURITY_INFORMATION, ctypes.byref(text), None):
            raise ctypes.WinError(ctypes.get_last_error())
        return ctypes.wstring_at(text.value or 0)
    finally:
        _kernel32.LocalFree(text)
        _kernel32.LocalFree(descriptor)


def _make_private_folder(folder: Path) -> None:
    """Make the folder, or take over one that stands there: everybody may make folders in ProgramData."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _make_folder(folder, _PRIVATE.format(inherit="OICI"))


def _make_folder(folder: Path, rights: str) -> None:
    with _descriptor(rights) as descriptor:
        attributes = _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, False)
        if _kernel32.CreateDirectoryW(str(folder), attributes):
            return
        if (error := ctypes.get_last_error()) != _ERROR_ALREADY_EXISTS:
            raise ctypes.WinError(error)
        if folder.lstat().st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT:
            raise FileExistsError(_ERROR_ALREADY_EXISTS, "a link stands where the folder should be")
        wanted = _OWNER_SECURITY_INFORMATION | _DACL_SECURITY_INFORMATION | _PROTECTED_DACL_SECURITY_INFORMATION
        if not _advapi32.SetFileSecurityW(str(folder), wanted, descriptor):
            raise ctypes.WinError(ctypes.get_last_error())


_THE_SYSTEMS = (
    "S-1-5-18",  # the system itself
    "S-1-5-32-544",  # administrators
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",  # Windows' own installer
)


def is_of_the_system(path: Path) -> bool:
    """Tell whether a file or folder is the system's, administrators' or this very account's own. Raises `OSError`.

    Everybody may make folders in ProgramData, and who makes one owns it, whatever access list it gets.
    """
    return _owner_of(path) in (*_THE_SYSTEMS, _own_sid())


def _owner_of(path: Path) -> str:
    owner, descriptor = wintypes.LPVOID(), wintypes.LPVOID()
    wanted = _OWNER_SECURITY_INFORMATION
    error = _advapi32.GetNamedSecurityInfoW(
        str(path), _SE_FILE_OBJECT, wanted, ctypes.byref(owner), None, None, None, ctypes.byref(descriptor)
    )
    if error:
        raise ctypes.WinError(error)
    try:
        return _spelled(owner)
    finally:
        _kernel32.LocalFree(descriptor)


def _own_sid() -> str:
    token = wintypes.HANDLE()
    if not _advapi32.OpenProcessToken(_kernel32.GetCurrentProcess(), _TOKEN_QUERY, ctypes.byref(token)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        told, size = ctypes.create_string_buffer(512), wintypes.DWORD()
        if not _advapi32.GetTokenInformation(token, _TOKEN_USER, told, len(told), ctypes.byref(size)):
            raise ctypes.WinError(ctypes.get_last_error())
        return _spelled(wintypes.LPVOID.from_buffer(told))  # TOKEN_USER begins with the SID's address
    finally:
        _kernel32.CloseHandle(token)


def _spelled(sid: object) -> str:
    text = wintypes.LPVOID()
    if not _advapi32.ConvertSidToStringSidW(sid, ctypes.byref(text)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return ctypes.wstring_at(text.value or 0)
    finally:
        _kernel32.LocalFree(text)


@contextmanager
def _descriptor(rights: str) -> Iterator[wintypes.LPVOID]:
    descriptor = wintypes.LPVOID()
    convert = _advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW
    if not convert(rights, _SDDL_REVISION_1, ctypes.byref(descriptor), None):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        yield descriptor
    finally:
        _kernel32.LocalFree(descriptor)


def _sid_of(account: str) -> str:
    """Return the SID of an account that is named, or given as a SID. Raises `LookupError` where there is none."""
    text = wintypes.LPVOID()
    if _advapi32.ConvertStringSidToSidW(account, ctypes.byref(text)):
        _kernel32.LocalFree(text)
        return account
    sid, domain = ctypes.create_string_buffer(256), ctypes.create_unicode_buffer(256)
    sizes = wintypes.DWORD(256), wintypes.DWORD(256)
    kind = wintypes.DWORD()
    found = _advapi32.LookupAccountNameW(
        None, account, sid, ctypes.byref(sizes[0]), domain, ctypes.byref(sizes[1]), ctypes.byref(kind)
    )
    if not found:
        error = ctypes.get_last_error()
        if error == _ERROR_NONE_MAPPED:
            raise LookupError(account)
        raise ctypes.WinError(error)
    return _spelled(sid)
