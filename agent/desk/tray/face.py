"""The seam between what the tray shows and the system that draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent.delivery.glance import Icon
from agent.desk.notices.notice import Notice
from agent.desk.tray.view import Entry, TrayView

LONGEST_LINE = 127
"""What Windows has room for beside an icon (NOTIFYICONDATA.szTip: 128 characters with the ending zero)."""


class NoTray(Exception):
    """There is no tray to show an icon in; the text says why."""


class Face(Protocol):
    """The icon on the screen. Everything but `run` may be called from any thread, also before and after it."""

    def show(self, icon: Icon) -> None:
        """Show a picture."""

    def tell(self, line: str) -> None:
        """Show a line beside the picture, when the mouse rests on it."""

    def offer(self, menu: tuple[Entry, ...]) -> None:
        """Offer a menu."""

    def say(self, notice: Notice) -> None:
        """Show a notice, without taking the keyboard from whoever types."""

    def run(self, seen: Callable[[bool], None]) -> None:
        """Be on the screen until `close`. `seen` is told once whether a tray took the icon. Called in the main thread.

        It also returns when the screen went away.
        """

    def close(self) -> None:
        """Leave the screen, and let `run` return."""


def bring_up_to_date(face: Face, before: TrayView | None, fresh: TrayView) -> None:
    """Show what is new since `before`, and nothing else: every call costs the system a redrawing."""
    if before is None or fresh.icon != before.icon:
        face.show(fresh.icon)
    if before is None or fresh.line != before.line:
        face.tell(fresh.line)
    if before is None or fresh.menu != before.menu:
        face.offer(fresh.menu)
