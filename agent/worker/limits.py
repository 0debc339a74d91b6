"""How much a child may take. On POSIX it binds itself before each file; on Windows a job object binds it."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Basic(ctypes.Structure):
        _fields_ = (
            ("process_time", ctypes.c_int64),
            ("job_time", ctypes.c_int64),
            ("flags", wintypes.DWORD),
            ("smallest", ctypes.c_size_t),
            ("largest", ctypes.c_size_t),
            ("processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority", wintypes.DWORD),
            ("scheduling", wintypes.DWORD),
        )

    class _Extended(ctypes.Structure):
        _fields_ = (
            ("basic", _Basic),
            ("io", ctypes.c_uint64 * 6),
            ("process_memory", ctypes.c_size_t),
            ("job_memory", ctypes.c_size_t),
            ("peak_process", ctypes.c_size_t),
            ("peak_job", ctypes.c_size_t),
        )


_PROCESS_MEMORY, _ONE_PROCESS, _DIES_ON_FAULT, _ENDS_WITH_US = 0x100, 0x8, 0x400, 0x2000
_EXTENDED_LIMITS = 9


@dataclass(frozen=True)
class Limits:
    """What one answer may cost."""

    memory: int = 512 << 20  # bytes of address space (POSIX) or of committed memory (Windows)
    seconds: float = 60.0  # on the wall, until the answer
    answer: int = 16 << 20  # bytes


def bind(limits: Limits) -> None:
    """Bind this process (POSIX) for one file: memory, and twice the wall's seconds of the processor's time."""
    if sys.platform == "win32":
        return
    import resource

    with suppress(ValueError, OSError):  # macOS has no limit of address space; a stricter one of the system's stays
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, hard))
    with suppress(ValueError, OSError):
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        spent = int(used.ru_utime + used.ru_stime)
        resource.setrlimit(resource.RLIMIT_CPU, (spent + 2 * int(limits.seconds) + 1, hard))


def without_dumps() -> None:
    """Leave no memory image behind: a patient's document would be in it."""
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetErrorMode(0x8003)  # no window, no report
        return
    import resource

    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def peak_bytes() -> int:
    """Return the most resident memory that this program has had; 0 where nobody tells.

    Linux' `ru_maxrss` goes on from the process that started it: its own count of the program is in /proc.
    """
    if sys.platform == "win32":
        return 0
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Leash:
    """Windows: the job object that a child runs in. It ends when this process does. Elsewhere nothing."""

    def __init__(self, handle: int, memory: int) -> None:
        self._job: int | None = None
        if sys.platform == "win32":
            kernel = ctypes.windll.kernel32
            kernel.CreateJobObjectW.restype = wintypes.HANDLE
            job = kernel.CreateJobObjectW(None, None)
            if not job:
                return
            wanted = _Extended()
            wanted.basic.flags = _PROCESS_MEMORY | _ONE_PROCESS | _DIES_ON_FAULT | _ENDS_WITH_US
            wanted.basic.processes = 1
            wanted.process_memory = memory
            place = wintypes.HANDLE(job)
            kernel.SetInformationJobObject(place, _EXTENDED_LIMITS, ctypes.byref(wanted), ctypes.sizeof(wanted))
            kernel.AssignProcessToJobObject(place, wintypes.HANDLE(handle))
            self._job = job

    def close(self) -> None:
        """Let go of it: what runs in it ends."""
        if sys.platform == "win32" and self._job is not None:
            ctypes.windll.kernel32.CloseHandle(wintypes.HANDLE(self._job))
            self._job = None
