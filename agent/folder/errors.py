"""What the operating system reports, as the seam's own problems.

On Windows a sharing violation, a missing right and a network that refuses are all `PermissionError`: only `winerror`
tells them apart, so it is read first. Numbers: winerror.h (System Error Codes) and errno.h.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.folder.filesystem import Busy, Damaged, Denied, Exists, FileSystemProblem, Missing, NoRoom, Offline

_WINDOWS: dict[type[FileSystemProblem], tuple[int, ...]] = {
    Missing: (
        2,  # ERROR_FILE_NOT_FOUND
        3,  # ERROR_PATH_NOT_FOUND
        123,  # ERROR_INVALID_NAME: no file can have this name
        161,  # ERROR_BAD_PATHNAME
        267,  # ERROR_DIRECTORY: a file where a folder should be
    ),
    Exists: (
        80,  # ERROR_FILE_EXISTS
        145,  # ERROR_DIR_NOT_EMPTY
        183,  # ERROR_ALREADY_EXISTS
    ),
    Busy: (
        32,  # ERROR_SHARING_VIOLATION
        33,  # ERROR_LOCK_VIOLATION
        170,  # ERROR_BUSY
        303,  # ERROR_DELETE_PENDING
        1224,  # ERROR_USER_MAPPED_FILE
    ),
    Denied: (
        5,  # ERROR_ACCESS_DENIED
        19,  # ERROR_WRITE_PROTECT
        65,  # ERROR_NETWORK_ACCESS_DENIED
        86,  # ERROR_INVALID_PASSWORD
        1219,  # ERROR_SESSION_CREDENTIAL_CONFLICT
        1314,  # ERROR_PRIVILEGE_NOT_HELD
        1326,  # ERROR_LOGON_FAILURE
        1327,  # ERROR_ACCOUNT_RESTRICTION
        1330,  # ERROR_PASSWORD_EXPIRED
        1331,  # ERROR_ACCOUNT_DISABLED
        1909,  # ERROR_ACCOUNT_LOCKED_OUT
    ),
    NoRoom: (
        39,  # ERROR_HANDLE_DISK_FULL
        112,  # ERROR_DISK_FULL
        223,  # ERROR_FILE_TOO_LARGE
        1295,  # ERROR_DISK_QUOTA_EXCEEDED
        1816,  # ERROR_NOT_ENOUGH_QUOTA
    ),
    Offline: (
        15,  # ERROR_INVALID_DRIVE
        20,  # ERROR_BAD_UNIT
        21,  # ERROR_NOT_READY
        51,  # ERROR_REM_NOT_LIST
        53,  # ERROR_BAD_NETPATH
        54,  # ERROR_NETWORK_BUSY
        55,  # ERROR_DEV_NOT_EXIST
        57,  # ERROR_ADAP_HDW_ERR
        58,  # ERROR_BAD_NET_RESP
        59,  # ERROR_UNEXP_NET_ERR
        64,  # ERROR_NETNAME_DELETED
        67,  # ERROR_BAD_NET_NAME
        70,  # ERROR_SHARING_PAUSED
        71,  # ERROR_REQ_NOT_ACCEP: the share has as many visitors as it admits
        121,  # ERROR_SEM_TIMEOUT
        433,  # ERROR_NO_SUCH_DEVICE
        1006,  # ERROR_FILE_INVALID: the volume was taken out
        1167,  # ERROR_DEVICE_NOT_CONNECTED
        1200,  # ERROR_BAD_DEVICE
        1201,  # ERROR_CONNECTION_UNAVAIL
        1203,  # ERROR_NO_NET_OR_BAD_PATH
        1222,  # ERROR_NO_NETWORK
        1225,  # ERROR_CONNECTION_REFUSED
        1231,  # ERROR_NETWORK_UNREACHABLE
        1232,  # ERROR_HOST_UNREACHABLE
        1233,  # ERROR_PROTOCOL_UNREACHABLE
        1234,  # ERROR_PORT_UNREACHABLE
        1236,  # ERROR_CONNECTION_ABORTED
        1256,  # ERROR_HOST_DOWN
        1396,  # ERROR_WRONG_TARGET_NAME
        2250,  # ERROR_NOT_CONNECTED
    ),
    Damaged: (
        23,  # ERROR_CRC
        27,  # ERROR_SECTOR_NOT_FOUND
        29,  # ERROR_WRITE_FAULT
        30,  # ERROR_READ_FAULT
        483,  # ERROR_DEVICE_HARDWARE_ERROR
        1117,  # ERROR_IO_DEVICE
        1127,  # ERROR_DISK_OPERATION_FAILED
        1392,  # ERROR_FILE_CORRUPT
        1393,  # ERROR_DISK_CORRUPT
    ),
}

_POSIX: dict[type[FileSystemProblem], tuple[str, ...]] = {
    Missing: ("ENOENT", "ENOTDIR", "ELOOP"),  # ELOOP: a link where O_NOFOLLOW asks for a file
    Exists: ("EEXIST", "ENOTEMPTY"),
    Busy: ("EBUSY", "ETXTBSY", "EAGAIN", "EDEADLK", "ENOLCK"),
    Denied: ("EACCES", "EPERM", "EROFS"),
    NoRoom: ("ENOSPC", "EDQUOT", "EFBIG"),
    Offline: (
        "ENXIO",
        "ENODEV",
        "ESTALE",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETUNREACH",
        "ENOTCONN",
        "ETIMEDOUT",
        "ECONNREFUSED",
        "ECONNRESET",
        "ECONNABORTED",
        "ENOLINK",
        "EREMOTEIO",
        "ENOMEDIUM",
        "ESHUTDOWN",
        "EPIPE",
    ),
    Damaged: ("EIO", "EUCLEAN", "EBADMSG"),  # EUCLEAN: ext4 and XFS say so of a damaged structure
}

_BY_WINERROR = {number: problem for problem, numbers in _WINDOWS.items() for number in numbers}
_BY_ERRNO = {
    getattr(errno, name): problem for problem, names in _POSIX.items() for name in names if hasattr(errno, name)
}


def problem_of(error: OSError, path: Path) -> FileSystemProblem:
    """Return the seam's problem for what the system reported; the base class where the tables do not know it.

    The reason is the system's own sentence without the path: it can stand in a log.
    """
    winerror = getattr(error, "winerror", None)
    kind = _BY_WINERROR.get(winerror) if winerror else _BY_ERRNO.get(error.errno or 0)
    number = f"winerror {winerror}" if winerror else errno.errorcode.get(error.errno or 0, str(error.errno))
    return (kind or FileSystemProblem)(path, f"{error.strerror or type(error).__name__} ({number})")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what the system reports inside the block as the seam's own problem with `path`."""
    try:
        yield
    except OSError as error:
        raise problem_of(error, path) from error
    except ValueError as error:
        # A NUL inside a name, or a lone surrogate that this system cannot encode: no such file can stand there.
        raise Missing(path, "no file can have this name") from error
