"""Telling that something has changed: not with every step of a busy moment, and never in the way of the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent.delivery.state import State
from agent.log import log, where

TELL_APART = 0.5  # seconds between two snapshots
TELL_SHARE = 20  # snapshots take at most this part of the time, however many packets there are


class Telling:
    """Calls `changed` with the state. Belongs to the control thread."""

    def __init__(self, state: State, changed: Callable[[State], None]) -> None:
        self._state = state
        self._changed = changed
        self._next = float("-inf")
        self._is_left = False  # something has changed that was not told

    def tell(self, *, at_once: bool = False) -> None:
        """Tell that something may have changed, or leave it for later. Raises nothing."""
        try:
            begun = self._state.clock.steady()
            self._is_left = not at_once and begun < self._next
            if not self._is_left:
                self._next = begun + TELL_APART
                self._changed(self._state)
                ended = self._state.clock.steady()
                self._next = max(self._next, ended + (ended - begun) * TELL_SHARE)
        except Exception as trouble:  # noqa: BLE001 - who is told what the agent does must not keep it from doing it
            log.error("the state could not be told", extra={"trouble": where(trouble)})
            self._is_left = True

    def due(self) -> Iterator[float]:
        """Yield when, in steady seconds, what was left is to be told."""
        if self._is_left:
            yield self._next
