"""The channel's two ends, whatever the system: one question and one answer a connection, in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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
