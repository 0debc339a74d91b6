"""The icon of a Linux desktop with GTK: an AppIndicator where the desktop knows them, else a status icon; with a menu.

What is added to pystray's: Ctrl+C stays ours, no message bus is needed, and the pictures are the shipped files instead
of a new temporary file for every change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pystray._util.gtk import mainloop

from agent.desk.notices.notice import Notice
from agent.desk.tray.on_linux_notices import say
from agent.desk.tray.pictures import Picture

_STATUS_SIZE = 48


def gtk_icon(original: Any) -> Any:
    """Return pystray's AppIndicator or status icon with what it lacks."""

    class GtkIcon(original):  # type: ignore[misc]  # which of the two it is, is known at run time
        def __init__(
            self, name: str, *, picture: Picture, repaint: Callable[[], None], opened: Callable[[str], None]
        ) -> None:
            del repaint, opened
            self.picture = picture
            super().__init__(name, icon=picture.image(64), title=name)

        @property
        def docked(self) -> bool:
            """Tell whether a tray has taken the icon."""
            status_icon = getattr(self, "_status_icon", None)
            return True if status_icon is None else bool(status_icon.is_embedded())

        def say(self, notice: Notice) -> None:
            """Show a notice."""
            say(notice, self.picture)

        def _initialize(self) -> None:
            self._mark_ready()

        def _finalize(self) -> None:
            """Leave nothing to clear: the pictures are the shipped files."""

        def _remove_fs_icon(self) -> None:
            self._icon_valid = False

        def _update_fs_icon(self) -> None:
            self._icon_path = str(self.picture.png(_STATUS_SIZE))
            self._icon_valid = True

        @mainloop  # type: ignore[untyped-decorator]  # pystray has no types
        def _update_title(self) -> None:
            if hasattr(self, "_status_icon"):
                self._status_icon.set_title(self.title)
                self._status_icon.set_tooltip_text(self.title)

    return GtkIcon
