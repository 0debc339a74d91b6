"""Where the control thread leaves its latest snapshot for every other thread: the tray, the notices, the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Condition

from agent.delivery.snapshot import Snapshot
from agent.log import log, where


class Board:
    """Holds the latest snapshot. `version` counts changes, so that a reader can wait for the next one."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._latest: Snapshot | None = None
        self._version = 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def latest(self) -> Snapshot | None:
        """Return the snapshot that was left last; None before the first."""
        with self._changed:
            return self._latest

    @property
    def version(self) -> int:
        """Return how often what stands here has changed."""
        with self._changed:
            return self._version

    def put(self, snapshot: Snapshot) -> None:
        """Leave a snapshot. It counts as a change only when more than its time is new."""
        with self._changed:
            if self._latest is None or replace(self._latest, at=snapshot.at) != snapshot:
                self._version += 1
                self._changed.notify_all()
                told = list(self._listeners)
            else:
                told = []
            self._latest = snapshot
        for listener in told:
            try:
                listener()
            except Exception as trouble:  # noqa: BLE001 - who listens must not keep the others from being told
                log.error("a listener broke down", extra={"trouble": where(trouble)})

    def end(self) -> None:
        """Say that the control thread has ended: nothing newer comes, and nothing here is so any more."""
        self.put(replace(self.latest or Snapshot("", False, 0, (), (), 0), running=False))

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` with every change, in the thread that brings it: it may only post. Return what ends that."""
        with self._changed:
            self._listeners.append(listener)

        def end() -> None:
            with self._changed:
                self._listeners.remove(listener)

        return end

    def wait(self, version: int, seconds: float) -> int:
        """Wait until there is a newer version than this one, at most so long; return the version that stands then."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, seconds)
            return self._version
