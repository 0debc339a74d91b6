"""The icon in macOS' menu bar."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from agent.desk.notices.notice import Notice
from agent.desk.tray.pictures import Picture


def macos_icon() -> Any:
    """Return pystray's icon for macOS; it can be imported only there."""
    original: Any = import_module("pystray._darwin").Icon

    class MacIcon(original):  # type: ignore[misc]  # known only where it can be imported
        docked = True

        def __init__(
            self, name: str, *, picture: Picture, repaint: Callable[[], None], opened: Callable[[str], None]
        ) -> None:
            del repaint, opened
            self.picture = picture
            super().__init__(name, icon=picture.image(64), title=name)

        def say(self, notice: Notice) -> None:
            """Show a notice."""
            self.notify(notice.text, notice.title)

    return MacIcon
