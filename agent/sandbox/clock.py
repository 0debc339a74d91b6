"""The sandbox's own clock: another clock, moved ahead at will."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from agent.clock import SystemClock


class WallClock(Protocol):
    """Whatever tells the wall time; every clock of the agent does."""

    def now(self) -> datetime:
        """Return the wall time, in UTC."""
        ...


class SandboxClock:
    """What tokens expire by and what the 24-hour rule of file names reads."""

    def __init__(self, inner: WallClock | None = None) -> None:
        self._inner = inner or SystemClock()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the wall time of the sandbox, in UTC."""
        return self._inner.now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock ahead by `seconds`, or back where they are negative. Nothing waits meanwhile."""
        self._ahead += timedelta(seconds=seconds)
