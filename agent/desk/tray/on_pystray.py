"""A face drawn by pystray: what all systems have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import pystray

from agent.delivery.glance import Icon
from agent.desk.notices.notice import Notice
from agent.desk.tray.face import LONGEST_LINE
from agent.desk.tray.pictures import Picture, bar
from agent.desk.tray.view import Entry

_DOCKING_SECONDS = 3.0
_LARGEST = 64
_SHORTEST_WAIT = 0.1


class TendedIcon(Protocol):
    """A pystray icon of ours, and what it adds to the original."""

    picture: Picture
    icon: Any
    title: str
    menu: pystray.Menu
    visible: bool

    def run(self, setup: Callable[[Any], None]) -> None:
        """Draw until `stop`."""

    def stop(self) -> None:
        """End `run`."""

    @property
    def docked(self) -> bool:
        """Tell whether a tray has taken the icon."""

    def say(self, notice: Notice) -> None:
        """Show a notice."""


class PystrayFace:
    """An icon of pystray. `choose` is called, in the system's thread, with the menu entry that someone chose."""

    def __init__(self, make: Callable[..., TendedIcon], choose: Callable[[Entry], None]) -> None:
        self._choose = choose
        self._shown = Icon.NOT_RUNNING
        self._closing = threading.Event()
        picture = Picture(bar(), self._shown)
        self._icon = make("OutTray", picture=picture, repaint=self._repaint, opened=self._open)

    def show(self, icon: Icon) -> None:
        """Show a picture."""
        self._shown = icon
        self._repaint()

    def tell(self, line: str) -> None:
        """Show a line beside the picture."""
        self._icon.title = line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"

    def offer(self, menu: tuple[Entry, ...]) -> None:
        """Offer a menu."""
        self._icon.menu = pystray.Menu(*(self._item(entry) for entry in menu))

    def say(self, notice: Notice) -> None:
        """Show a notice."""
        self._icon.say(notice)

    def run(self, seen: Callable[[bool], None]) -> None:
        """Be on the screen until `close`."""

        def begin(_icon: object) -> None:
            if self._closing.is_set():
                self._icon.stop()
                return
            self._icon.visible = True
            waited = 0.0
            while not self._icon.docked and waited < _DOCKING_SECONDS and not self._closing.wait(_SHORTEST_WAIT):
                waited += _SHORTEST_WAIT
            if not self._closing.is_set():
                seen(self._icon.docked)

        if not self._closing.is_set():
            self._icon.run(begin)

    def close(self) -> None:
        """Leave the screen."""
        self._closing.set()
        self._icon.stop()

    def _repaint(self) -> None:
        """Show the picture that fits the bar as it is now."""
        picture = Picture(bar(), self._shown)
        if picture != self._icon.picture:
            self._icon.picture = picture
            self._icon.icon = picture.image(_LARGEST)

    def _item(self, entry: Entry) -> pystray.MenuItem:
        inside = pystray.Menu(*(self._item(one) for one in entry.inside)) if entry.inside else None
        return pystray.MenuItem(
            entry.text, inside or (lambda: self._choose(entry)), default=entry.main, enabled=entry.enabled
        )

    def _open(self, target: str) -> None:
        from agent.desk.tray.view import Act

        self._choose(Entry("", Act.OPEN, target))
