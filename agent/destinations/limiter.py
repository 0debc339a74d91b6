"""The upload limit: so many bytes a second for all senders together, so that the practice's line stays usable."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock

from agent.destinations.network import Cancelled

LARGEST_PIECE = 256 * 1024
SMALLEST_PIECE = 4 * 1024
BURST_SECONDS = 0.25
"""How much of the rate may be saved up in a quiet moment, and the share of a second that one piece takes."""


class UploadLimiter:
    """A token bucket shared by all senders. Whoever comes books its turn at once and then waits for it."""

    def __init__(
        self,
        bytes_per_second: float | None,
        steady: Callable[[], float],
        wait: Callable[[Event, float], bool] = Event.wait,
    ) -> None:
        """`bytes_per_second`: None is no limit. `wait(cancel, seconds)` tells whether `cancel` was set."""
        self._rate = bytes_per_second
        self._steady = steady
        self._wait = wait
        self._lock = Lock()
        self._booked_until = float("-inf")

    @property
    def piece(self) -> int:
        """How many bytes to send at a time: small enough that a slow line sees an even flow."""
        if self._rate is None:
            return LARGEST_PIECE
        return int(min(LARGEST_PIECE, max(SMALLEST_PIECE, self._rate * BURST_SECONDS)))

    def take(self, count: int, cancel: Event) -> None:
        """Wait until `count` bytes may go. Raise `Cancelled` as soon as `cancel` is set."""
        if self._rate is None:
            return
        with self._lock:
            now = self._steady()
            turn = max(self._booked_until, now - BURST_SECONDS)
            self._booked_until = turn + count / self._rate
            delay = self._booked_until - now
        if delay > 0 and self._wait(cancel, delay):
            raise Cancelled
