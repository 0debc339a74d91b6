"""How much memory a process has needed at most."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_mebibytes() -> float:
    """The peak of this process's resident memory.

    Linux' own count begins anew with the program; `ru_maxrss` there goes on from the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
