"""Rights of Windows: whose something is, who may do what with it, and who asks. They are spelled as SDDL."""

from __future__ import annotations

import ctypes
import errno
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes
from pathlib import Path

from agent import sddl

assert sys.platform == "win32"  # noqa: S101 - it tells the type checker, too, which system this module is for

_OWNER_SECURITY_INFORMATION, _DACL_SECURITY_INFORMATION = 0x1, 0x4
_PROTECTED_DACL_SECURITY_INFORMATION, _UNPROTECTED_DACL_SECURITY_INFORMATION = 0x80000000, 0x20000000
_DRIVE_REMOTE = 4
_SDDL_REVISION_1 = 1
_ERROR_ALREADY_EXISTS, _ERROR_NONE_MAPPED = 183, 1332
_SE_FILE_OBJECT, _SE_KERNEL_OBJECT, _TOKEN_QUERY, _TOKEN_USER = 1, 6, 0x8, 1


class SecurityAttributes(ctypes.Structure):
    """What something is made with: its size, a descriptor's address, and whether children of a process inherit it."""

    _fields_ = (("size", wintypes.DWORD), ("descriptor", wintypes.LPVOID), ("inherit", wintypes.BOOL))


_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel32.LocalFree.argtypes = (wintypes.LPVOID,)
_kernel32.CreateDirectoryW.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(SecurityAttributes))
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
_advapi32.GetSecurityInfo.argtypes = (wintypes.HANDLE, *_advapi32.GetNamedSecurityInfoW.argtypes[1:])
_advapi32.GetSecurityInfo.restype = wintypes.DWORD
_advapi32.LookupAccountSidW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.LPVOID,
    wintypes.LPWSTR,
    ctypes.POINTER(wintypes.DWORD),
    wintypes.LPWSTR,
    ctypes.POINTER(wintypes.DWORD),
    ctypes.POINTER(wintypes.DWORD),
)
_advapi32.GetSecurityDescriptorDacl.argtypes = (
    wintypes.LPVOID,
    ctypes.POINTER(wintypes.BOOL),
    ctypes.POINTER(wintypes.LPVOID),
    ctypes.POINTER(wintypes.BOOL),
)
_advapi32.SetNamedSecurityInfoW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.LPVOID,
    wintypes.LPVOID,
    wintypes.LPVOID,
    wintypes.LPVOID,
)
_advapi32.SetNamedSecurityInfoW.restype = wintypes.DWORD
_kernel32.GetDriveTypeW.argtypes = (wintypes.LPCWSTR,)
_advapi32.CheckTokenMembership.argtypes = (wintypes.HANDLE, wintypes.LPVOID, ctypes.POINTER(wintypes.BOOL))


def make_own_folder(folder: Path) -> None:
    """Make a folder of ours, or close one that stands: the system's, administrators' and this very account's alone.

    Whom somebody has let in by name stays in. What is in it gets the same rights, so a folder in a closed one only
    inherits. One of administrators' or the system's is left as they have made it, and one on a share to its server.
    `Path.mkdir(mode=...)` makes no such folder before Python 3.11.10. Raises `OSError`: PermissionError for a folder of
    another account's.
    """
    if _is_remote(folder) or _is_closed(folder.parent):
        folder.mkdir(exist_ok=True)
        return
    own, kept = own_sid(), list[sddl.Entry]()
    if folder.is_dir():
        if (owner := owner_of(folder)) != own:
            if owner in _THE_SYSTEMS:
                return
            raise PermissionError(errno.EPERM, "it belongs to another account")
        standing = sddl.entries(rights_of(folder))
        kept = [
            one for one in standing if one.who in sddl.shared_with(rights_of(folder), own) and "ID" not in one.flags
        ]
    make_folder(folder, sddl.of_folder(own, kept))


def inherit(path: Path) -> None:
    """Let something have the rights of the folder that it stands in, and none of its own. Raises `OSError`."""
    with described("D:") as descriptor:
        _set(path, descriptor, _UNPROTECTED_DACL_SECURITY_INFORMATION)


def _is_closed(folder: Path) -> bool:
    try:
        rights = rights_of(folder)
    except OSError:
        return False
    return sddl.is_protected(rights) and not sddl.open_to(rights)


def _is_remote(folder: Path) -> bool:
    return bool(_kernel32.GetDriveTypeW(folder.absolute().anchor) == _DRIVE_REMOTE)


def _set(path: Path, descriptor: wintypes.LPVOID, inheritance: int) -> None:
    """Give a path the access list of a descriptor; what is below inherits anew. Raises `OSError`."""
    there, given, dacl = wintypes.BOOL(), wintypes.BOOL(), wintypes.LPVOID()
    if not _advapi32.GetSecurityDescriptorDacl(
        descriptor, ctypes.byref(there), ctypes.byref(dacl), ctypes.byref(given)
    ):
        raise ctypes.WinError(ctypes.get_last_error())
    wanted = _DACL_SECURITY_INFORMATION | inheritance
    if error := _advapi32.SetNamedSecurityInfoW(str(path), _SE_FILE_OBJECT, wanted, None, None, dacl, None):
        raise ctypes.WinError(error)


def rights_of(place: Path | int) -> str:
    """Return the access list (SDDL) of a file or folder, or of what a handle stands for. Raises `OSError`."""
    text = wintypes.LPVOID()
    with _security(place) as (_owner, descriptor):
        convert = _advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW
        if not convert(descriptor, _SDDL_REVISION_1, _DACL_SECURITY_INFORMATION, ctypes.byref(text), None):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            return ctypes.wstring_at(text.value or 0)
        finally:
            _kernel32.LocalFree(text)


def owner_of(place: Path | int) -> str:
    """Return the SID of whose a file or folder is, or what a handle stands for. Raises `OSError`."""
    with _security(place) as (owner, _descriptor):
        return _spelled(owner)


@contextmanager
def _security(place: Path | int) -> Iterator[tuple[wintypes.LPVOID, wintypes.LPVOID]]:
    owner, descriptor = wintypes.LPVOID(), wintypes.LPVOID()
    wanted = _OWNER_SECURITY_INFORMATION | _DACL_SECURITY_INFORMATION
    told = (wanted, ctypes.byref(owner), None, None, None, ctypes.byref(descriptor))
    if isinstance(place, Path):
        error = _advapi32.GetNamedSecurityInfoW(str(place), _SE_FILE_OBJECT, *told)
    else:
        error = _advapi32.GetSecurityInfo(place, _SE_KERNEL_OBJECT, *told)
    if error:
        raise ctypes.WinError(error)
    try:
        yield owner, descriptor
    finally:
        _kernel32.LocalFree(descriptor)


def make_folder(folder: Path, rights: str) -> None:
    """Make a folder with these rights, or give them to one that stands there. Raises `OSError`, also for a link."""
    with described(rights) as descriptor:
        attributes = SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor, False)
        if _kernel32.CreateDirectoryW(str(folder), attributes):
            return
        if (error := ctypes.get_last_error()) != _ERROR_ALREADY_EXISTS:
            raise ctypes.WinError(error)
        if folder.lstat().st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT:
            raise FileExistsError(_ERROR_ALREADY_EXISTS, "a link stands where the folder should be")
        _set(folder, descriptor, _PROTECTED_DACL_SECURITY_INFORMATION)  # what is in it, too
        wanted = _OWNER_SECURITY_INFORMATION | _DACL_SECURITY_INFORMATION | _PROTECTED_DACL_SECURITY_INFORMATION
        if not _advapi32.SetFileSecurityW(str(folder), wanted, descriptor):
            raise ctypes.WinError(ctypes.get_last_error())


SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"
_THE_SYSTEMS = (
    SYSTEM,
    ADMINISTRATORS,
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",  # Windows' own installer
)


def is_of_the_system(path: Path) -> bool:
    """Tell whether a file or folder is the system's, administrators' or this very account's own. Raises `OSError`.

    Everybody may make folders in ProgramData, and who makes one owns it, whatever access list it gets.
    """
    return owner_of(path) in (*_THE_SYSTEMS, own_sid())


def own_sid() -> str:
    """Return the SID of the account that this process runs under. Raises `OSError`."""
    token = wintypes.HANDLE()
    if not _advapi32.OpenProcessToken(_kernel32.GetCurrentProcess(), _TOKEN_QUERY, ctypes.byref(token)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return user_of(token)
    finally:
        _kernel32.CloseHandle(token)


def user_of(token: wintypes.HANDLE) -> str:
    """Return the SID of whose token this is. Raises `OSError`."""
    told, size = ctypes.create_string_buffer(512), wintypes.DWORD()
    if not _advapi32.GetTokenInformation(token, _TOKEN_USER, told, len(told), ctypes.byref(size)):
        raise ctypes.WinError(ctypes.get_last_error())
    return _spelled(wintypes.LPVOID.from_buffer(told))  # TOKEN_USER begins with the SID's address


def is_administrators(token: wintypes.HANDLE) -> bool:
    """Tell whether administrators' rights are in use with a client's token. Raises `OSError`."""
    is_member = wintypes.BOOL()
    with _sid(ADMINISTRATORS) as sid:
        if not _advapi32.CheckTokenMembership(token, sid, ctypes.byref(is_member)):
            raise ctypes.WinError(ctypes.get_last_error())
    return bool(is_member)


def account_of(sid: str) -> str:
    """Return an account's name; the SID where the system knows none."""
    name, domain = ctypes.create_unicode_buffer(257), ctypes.create_unicode_buffer(257)
    sizes, kind = (wintypes.DWORD(257), wintypes.DWORD(257)), wintypes.DWORD()
    with _sid(sid) as known:
        found = _advapi32.LookupAccountSidW(
            None, known, name, ctypes.byref(sizes[0]), domain, ctypes.byref(sizes[1]), ctypes.byref(kind)
        )
    return name.value if found else sid


@contextmanager
def _sid(spelled: str) -> Iterator[wintypes.LPVOID]:
    sid = wintypes.LPVOID()
    if not _advapi32.ConvertStringSidToSidW(spelled, ctypes.byref(sid)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        yield sid
    finally:
        _kernel32.LocalFree(sid)


def _spelled(sid: object) -> str:
    text = wintypes.LPVOID()
    if not _advapi32.ConvertSidToStringSidW(sid, ctypes.byref(text)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return ctypes.wstring_at(text.value or 0)
    finally:
        _kernel32.LocalFree(text)


@contextmanager
def described(rights: str) -> Iterator[wintypes.LPVOID]:
    """Yield the security descriptor that is spelled so (SDDL). Raises `OSError`."""
    descriptor = wintypes.LPVOID()
    convert = _advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW
    if not convert(rights, _SDDL_REVISION_1, ctypes.byref(descriptor), None):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        yield descriptor
    finally:
        _kernel32.LocalFree(descriptor)


def sid_of(account: str) -> str:
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
