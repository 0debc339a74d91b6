"""Who has a file open for writing, by what /proc tells of running programs: where no lease can tell.

Of programs of other users nothing is told but to root, and of other machines nothing at all.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_MOST_DESCRIPTORS = 10_000  # that one walk looks at, in about a tenth of a second
_GOOD_FOR = 1.0  # seconds that a walk answers for: a backlog of a thousand files is no thousand walks


class OpenFiles:
    """The descriptors of all programs that may be seen, by the names of their files."""

    def __init__(self, proc: Path = Path("/proc"), steady: Callable[[], float] = time.monotonic) -> None:
        self._proc, self._steady = proc, steady
        self._by_name: dict[str, list[str]] = {}
        self._until = float("-inf")

    def written_by_someone(self, path: Path) -> bool:
        """Tell whether a program that may be seen has the file open for writing; False where nobody can tell."""
        try:
            status = path.lstat()
        except OSError:
            return False
        if self._steady() >= self._until:
            self._by_name = self._walked()
            self._until = self._steady() + _GOOD_FOR
        return any(_writes(Path(descriptor), status) for descriptor in self._by_name.get(path.name, ()))

    def _walked(self) -> dict[str, list[str]]:
        """Return who has which name open: by its link alone, which no dead share can keep waiting."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        left = _MOST_DESCRIPTORS
        for process in _names(f"{self._proc}"):
            if not process.isdecimal():
                continue
            folder = f"{self._proc}/{process}/fd"
            for number in _names(folder):
                left -= 1
                if left < 0:
                    return found
                with suppress(OSError):
                    target = os.readlink(f"{folder}/{number}")  # noqa: PTH115 - a Path each costs five times as much
                    if target.startswith("/"):  # else a pipe, a socket and the like
                        found[target.rpartition("/")[2]].append(f"{folder}/{number}")
        return found


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - as above
    except OSError:  # it has ended, or is another user's
        return []


def _writes(descriptor: Path, status: os.stat_result) -> bool:
    """Tell whether an open descriptor writes to that file: it is the same one, and its flags say so (proc(5))."""
    try:
        there = descriptor.stat()
        if (there.st_dev, there.st_ino) != (status.st_dev, status.st_ino):
            return False
        info = (descriptor.parents[1] / "fdinfo" / descriptor.name).read_text(encoding="ascii", errors="replace")
        flags = next(line.split()[1] for line in info.splitlines() if line.startswith("flags:"))
        return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
    except (OSError, StopIteration, ValueError, IndexError):
        return False
