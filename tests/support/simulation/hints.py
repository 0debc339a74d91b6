"""The system's change events, as bad as they can be: lost, late, doubled, overflowing, and dead for a while."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path


class Subscription:
    """One lane's (`agent.folder.watching.Hearing`)."""

    def __init__(self, folder: Path, heard: Callable[[str], None]) -> None:
        self.folder = folder
        self.heard = heard
        self.dead = False
        self.stopped = False

    def alive(self) -> bool:
        return not self.dead

    def follow(self, folders: Iterable[Path]) -> None:
        """It hears of the whole tree."""

    def stop(self) -> None:
        self.stopped = True


class Hints:
    """Gives the events of a practice to whoever listens. `later` carries one out at a later moment."""

    def __init__(
        self,
        dice: random.Random,
        lost: float,
        later: Callable[[float, Callable[[], None]], None],
        reachable: Callable[[Path], bool],
    ) -> None:
        self.deaf = False  # no subscription can be had
        self.overflows = False  # every buffer overflows: the subscriptions live, and hear nothing
        self.lost = lost
        self._reachable = reachable
        self._dice = dice
        self._later = later
        self._subscriptions: list[Subscription] = []

    def listen(self, folder: Path, heard: Callable[[str], None]) -> Subscription:
        """Subscribe. Raises OSError while the system has no events to give."""
        if self.deaf:
            raise OSError(28, "no watches left")
        subscription = Subscription(folder, heard)
        self._subscriptions.append(subscription)
        return subscription

    def changed(self, path: Path) -> None:
        """Tell of a change, more or less."""
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            if self._dice.random() >= self.lost and not self.overflows:
                self._later(self._dice.choice((0.0, 0.0, 0.1, 3.0, 40.0)), lambda: self._deliver(path))

    def touch(self, path: Path) -> None:
        """Write to a canary: one more change, as likely to be heard as any. Raises OSError where it is out of reach."""
        if not self._reachable(path):
            raise OSError(64, "the share does not answer")
        self.changed(path)

    def die(self) -> None:
        """Let every thread that listens end without a word."""
        for subscription in self._subscriptions:
            subscription.dead = True

    def forget(self) -> None:
        """The process that listened is gone."""
        self._subscriptions.clear()

    def _deliver(self, path: Path) -> None:
        for subscription in self._subscriptions:
            if not subscription.dead and not subscription.stopped:
                subscription.heard(str(path))
