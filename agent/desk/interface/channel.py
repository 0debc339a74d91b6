"""The channel's two ends, whatever the system: one question and one answer a connection, in bytes."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent import own_files

MOST_BYTES = 64_000_000
"""In an answer: a snapshot of very many packets."""

MOST_ASKED = 1_000_000
"""In a question."""


@dataclass(frozen=True)
class Peer:
    """Who is at the other end, by the system's word. `pid`: the process's number, 0 where it is not told.

    `is_own`: this process's user, or one who may do everything on this PC anyway.
    """

    user: str
    pid: int
    is_own: bool


class Stranger(Exception):
    """Another account's program answers where the agent should, or could have put itself there."""


class Connection(Protocol):
    """One connection, of either side."""

    def read(self, most: int, seconds: float) -> bytes:
        """Return what the other side has to say. Raises OSError: TimeoutError after `seconds`, and for too much."""

    def write(self, data: bytes) -> None:
        """Say it all: nothing can be said after it. Raises OSError."""

    @property
    def peer(self) -> Peer:
        """Return who is at the other end. On the server's side, once something was read. Raises OSError."""

    def close(self) -> None:
        """End it."""


class Listener(Protocol):
    """The server's end."""

    def accept(self) -> Connection:
        """Wait for the next connection. Raises OSError."""

    def wake(self) -> None:
        """Have an `accept` of another thread return, with a connection that says nothing."""

    def close(self) -> None:
        """Take it away."""


def listen(data: Path) -> Listener:
    """Open the channel of the agent that works with a data folder. Raises OSError."""
    _take_away_keys(data)
    if sys.platform == "win32":
        from agent.desk.interface import on_windows

        return on_windows.listen(data)
    from agent.desk.interface import on_posix

    return on_posix.listen(data)


def connect(data: Path) -> Connection | None:
    """Reach the agent that works with a data folder; None where none listens, or not to this user. Raises Stranger."""
    if sys.platform == "win32":
        from agent.desk.interface import on_windows

        return on_windows.connect(data)
    from agent.desk.interface import on_posix

    return on_posix.connect(data)


def _take_away_keys(data: Path) -> None:
    """Remove what older versions had to be asked with."""
    for old in (data / "interface.json", *data.glob("private-*/interface.key")):
        with suppress(OSError):
            if old.parent == data or not own_files.is_link(old.parent):
                old.unlink(missing_ok=True)
