"""One agent a data folder: a lock that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
    lock = FileLock(folder / _LOCK, timeout=_PATIENCE)
    try:
        lock.acquire()
    except Timeout:
        raise AlreadyRunning(f"OutTray is already running with the data folder {folder}.") from None
    try:
        yield
    finally:
        lock.release()


def is_running(settings: Settings) -> bool:
    """Tell whether an agent works with these settings' data folder at this moment."""
    path = data_folder(settings.agent) / _LOCK
    if not path.exists():
        return False
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False
