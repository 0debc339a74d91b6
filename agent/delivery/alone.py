"""One agent a data folder: a lock that the system lets go of when its holder dies, however it dies.

Everywhere a lock file in the folder, which also keeps away another PC that has the folder on a share; on Windows a
named mutex before it, which also meets another user's agent whose files this account may not open.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

from agent.settings.locations import data_folder
from agent.settings.schema import Settings

_LOCK = "agent.lock"
_PATIENCE = 1.0  # seconds: longer than another program's `is_running` holds the lock


class AlreadyRunning(Exception):
    """Another agent works with this data folder."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the data folder's lock. Raises AlreadyRunning."""
    lock = FileLock(folder / _LOCK, timeout=_PATIENCE, mode=0o600)
    with _mutex(folder, _PATIENCE) as is_ours:
        try:
            if not is_ours:
                raise Timeout(lock.lock_file)
            lock.acquire()
        except Timeout:
            raise AlreadyRunning(f"OutTray is already running with the data folder {folder}.") from None
        try:
            yield
        finally:
            lock.release()


def is_running(settings: Settings) -> bool:
    """Tell whether an agent works with these settings' data folder at this moment."""
    folder = data_folder(settings.agent)
    with _mutex(folder, 0) as is_ours:
        if not is_ours:
            return True
        if not (folder / _LOCK).exists():
            return False
        lock = FileLock(folder / _LOCK, timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            return True
        lock.release()
        return False


def _mutex(folder: Path, patience: float) -> AbstractContextManager[bool]:
    if sys.platform == "win32":
        from agent.delivery import named_mutex

        return named_mutex.held(folder, patience)
    return nullcontext(True)
