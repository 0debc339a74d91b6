"""The tray of somebody whose PC runs another user's agent, or the PC's own service: it shows how that one is.

It sees states and counts only, asks for nothing, and offers to start an agent of its own once the other one has gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from agent.clock import Clock
from agent.delivery.glance import Icon
from agent.delivery.snapshot import Snapshot
from agent.desk.tray.errands import Wish
from agent.desk.tray.face import bring_up_to_date
from agent.desk.tray.tray import MakeFace
from agent.desk.tray.view import Act, Entry, Record, TrayView, view

LOOKS_APART = 5.0  # seconds; the other agent sends no word by itself
_GONE = Snapshot("", False, 0, (), (), 0)
_KEPT = (Act.START, Act.QUIT)


def guest_view(snapshot: Snapshot, user: str, now: datetime) -> TrayView:
    """Return what the tray shows of the agent that `user` has started."""
    shown = view(snapshot, Record(), now, page=False)
    first, *others = shown.menu
    whose = [] if shown.icon is Icon.NOT_RUNNING else [Entry(f"Started by {user}", enabled=False)]
    return replace(shown, menu=(first, *whose, *(entry for entry in others if entry.act in _KEPT)))


class GuestTray:
    """An icon for another user's agent. `look` returns its snapshot, or None once it has gone."""

    def __init__(self, look: Callable[[], Snapshot | None], user: str, clock: Clock, make_face: MakeFace) -> None:
        self._look = look
        self._user = user
        self._clock = clock
        self._wish = Wish.QUIT
        self._closing = threading.Event()
        self._shown: TrayView | None = None
        self._face = make_face(self._choose)
        self._follower = threading.Thread(target=self._follow, name="tray", daemon=True)

    def run(self) -> Wish:
        """Be on the screen until someone quits, or wants an agent started. Called in the main thread."""
        self._follower.start()
        self._face.run(lambda _docked: None)
        self._closing.set()
        return self._wish

    def close(self) -> None:
        """Leave the screen; `run` returns."""
        self._leave(Wish.QUIT)

    def _choose(self, entry: Entry) -> None:
        if entry.act in _KEPT:
            self._leave(Wish.START if entry.act is Act.START else Wish.QUIT)

    def _leave(self, wish: Wish) -> None:
        if not self._closing.is_set():
            self._wish = wish
            self._closing.set()
            self._face.close()

    def _follow(self) -> None:
        while not self._closing.is_set():
            fresh = guest_view(self._look() or _GONE, self._user, self._clock.now().astimezone())
            bring_up_to_date(self._face, self._shown, fresh)
            self._shown = fresh
            self._closing.wait(LOOKS_APART)
