"""The icon in a tray of X11, without a menu: pystray can show none there, so a click opens the page.

What is added to pystray's: it hears clicks (the original does not ask for them), it comes into a tray that starts after
it (at logon the bar is often the later one), it is drawn from the size that fits, and one thread alone uses its
connection: python-xlib loses replies where two do, and waits for them for ever.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import Xlib.display
import Xlib.X
from PIL import Image
from pystray import _xorg

from agent.desk.notices.notice import Notice
from agent.desk.tray.on_linux_notices import say
from agent.desk.tray.pictures import Picture
from agent.log import log, where

_EVENTS = Xlib.X.ExposureMask | Xlib.X.StructureNotifyMask | Xlib.X.ButtonPressMask
_IN_THE_LOOP = ("_show", "_hide", "_update_icon", "_update_title", "_stop")


class X11Icon(_xorg.Icon):  # type: ignore[misc]  # pystray has no types
    """`opened` would be called with the target of a clicked notice: here a click on the icon does."""

    def __init__(
        self, name: str, *, picture: Picture, repaint: Callable[[], None], opened: Callable[[str], None]
    ) -> None:
        del repaint, opened
        self.picture = picture
        super().__init__(name, icon=picture.image(64), title=name)
        self._systray_manager: Any
        self._icon_data: Any
        self._window.change_attributes(event_mask=_EVENTS)
        # What X refuses (the window or the tray is gone just now) would else be printed on the console.
        self._display.set_error_handler(
            lambda trouble, _request: log.info("x11", extra={"kind": type(trouble).__name__})
        )
        self._manager = self._display.intern_atom("MANAGER")
        self._wish = self._display.intern_atom("_OUTTRAY_WISH")
        self._display.screen().root.change_attributes(event_mask=Xlib.X.StructureNotifyMask)
        self._message_handlers[Xlib.X.ClientMessage] = self._on_message
        self._thread: threading.Thread | None = None
        self._wishes: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._other = Xlib.display.Display()  # for the threads that wish for something
        self._other_lock = threading.Lock()
        self._doorbell = self._other.create_resource_object("window", self._window.id)
        for method in _IN_THE_LOOP:
            setattr(self, method, partial(self._wish_for, partial(getattr(_xorg.Icon, method), self)))

    @property
    def docked(self) -> bool:
        """Tell whether a tray has taken the icon."""
        return self._systray_manager is not None

    def say(self, notice: Notice) -> None:
        """Show a notice."""
        say(notice, self.picture)

    def _run(self) -> None:
        self._thread = threading.current_thread()
        try:
            super()._run()
        finally:
            self._running = False

    def _wish_for(self, work: Callable[[], None]) -> None:
        """Have something done by the thread of the loop, soon."""
        if threading.current_thread() is self._thread:
            work()
            return
        self._wishes.put(work)
        message = Xlib.display.event.ClientMessage(
            window=self._window.id, client_type=self._wish, data=(32, (0, 0, 0, 0, 0))
        )
        with self._other_lock:
            self._doorbell.send_event(message, event_mask=Xlib.X.NoEventMask)
            self._other.flush()

    def _on_message(self, event: Any) -> None:
        if event.client_type == self._manager and event.data[1][1] == self._net_system_tray_sx:
            self._dock_window()
        while event.client_type == self._wish and not self._wishes.empty():
            try:
                self._wishes.get()()
            except Exception as trouble:  # noqa: BLE001 - one thing that could not be drawn must not end the loop
                log.warning("the icon could not be drawn", extra={"trouble": where(trouble)})

    def _on_destroy_notify(self, event: Any) -> None:
        if self._systray_manager is not None and event.window.id == self._systray_manager.id:
            self._systray_manager = None  # the next tray announces itself

    def _assert_docked(self) -> None:
        if self._systray_manager is None:
            self._dock_window()

    def _assert_icon_data(self, width: int, height: int) -> None:
        if self._icon_data and self._icon_data.size == (width, height):
            return
        drawn = self.picture.image(min(width, height))
        fitting = drawn if drawn.size == (width, height) else drawn.resize((width, height), Image.Resampling.LANCZOS)
        self._icon_data = Image.new("RGB", (width, height))
        self._icon_data.paste(fitting, mask=fitting)
