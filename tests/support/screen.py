"""A virtual screen with a real tray on it, and the hands that click there. Skips with a word where one is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import Xlib.display
import Xlib.error
import Xlib.X
from PIL import Image

from tests.support.waiting import until

PROGRAMS = ("Xvfb", "trayer", "xdotool", "import")
HEIGHT = 32
_TRIES = 3
_SYSTEM_GI = Path("/usr/lib/python3/dist-packages/gi")


@dataclass
class Screen:
    """A screen. `environment` is what a program needs to draw on it."""

    display: str
    folder: Path
    environment: dict[str, str]
    _tray: subprocess.Popen[bytes] | None = None
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_tray(self) -> None:
        """Start a tray in the left upper corner, and wait until it has the screen's tray for itself."""
        options = ["--edge", "top", "--align", "left", "--widthtype", "request", "--height", str(HEIGHT)]
        options += ["--tint", "0x808080", "--alpha", "0", "--transparent", "true", "--SetDockType", "false"]
        for _ in range(_TRIES):  # it does not always come up on a busy machine
            self._tray = subprocess.Popen(["trayer", *options], env=self.environment, stderr=subprocess.DEVNULL)
            self._running.append(self._tray)
            try:
                return until(self.has_tray, "the tray did not start", 30)
            except AssertionError:
                self._tray.kill()
        return pytest.fail("no tray could be started")

    def has_tray(self) -> bool:
        """Tell whether a program holds the screen's tray."""
        display = Xlib.display.Display(self.display)
        try:
            return bool(display.get_selection_owner(display.intern_atom("_NET_SYSTEM_TRAY_S0")))
        finally:
            display.close()

    def stop_tray(self) -> None:
        """End the tray, as a desktop's bar does when it is started anew."""
        assert self._tray is not None
        self._tray.terminate()
        self._tray.wait(60)

    def picture(self) -> Image.Image:
        """What stands in the tray's place."""
        path = self.folder / "screen.png"
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True, timeout=120)
        with Image.open(path) as file:
            return file.convert("RGB").crop((0, 0, HEIGHT, HEIGHT))

    def has_menu(self) -> bool:
        """Tell whether a menu is open: a window that says of itself that it is one. It has the keyboard by then."""
        display = Xlib.display.Display(self.display)
        try:
            kind, menu = (display.intern_atom(f"_NET_WM_WINDOW_TYPE{name}") for name in ("", "_POPUP_MENU"))
            for window in display.screen().root.query_tree().children:
                with suppress(Xlib.error.BadWindow):  # it has gone meanwhile
                    is_shown = window.get_attributes().map_state == Xlib.X.IsViewable
                    said = window.get_full_property(kind, Xlib.X.AnyPropertyType)
                    if is_shown and said is not None and menu in said.value:
                        return True
            return False
        finally:
            display.close()

    def do(self, *words: str) -> str:
        """Move the mouse, click or type, with xdotool."""
        done = subprocess.run(["xdotool", *words], env=self.environment, capture_output=True, text=True, timeout=120)
        return done.stdout.strip()

    def click(self, button: int = 1) -> None:
        """Click on the icon."""
        self.do("mousemove", str(HEIGHT // 2), str(HEIGHT // 2), "click", str(button))

    def end(self) -> None:
        for process in self._running:
            process.terminate()
            process.wait(60)


@contextmanager
def virtual_screen(folder: Path, *, tray: bool = True) -> Iterator[Screen]:
    """Start a screen, with a tray on it."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (Debian: xvfb trayer xdotool imagemagick)")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            display = f":{told.readline().strip()}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WAYLAND", "DBUS_SESSION"))}
        screen = Screen(display, folder, kept | {"DISPLAY": display, "NO_AT_BRIDGE": "1"})
        try:
            if tray:
                screen.start_tray()
            yield screen
        finally:
            screen.end()
    finally:
        server.terminate()
        server.wait(60)


def gtk_for_this_python(folder: Path) -> str:
    """Return a path for PYTHONPATH with the system's binding to GTK. Skips where it is not for this Python."""
    version = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    typelibs = list(Path("/usr/lib").glob("*/girepository-1.0/Gtk-3.0.typelib"))
    if not list(_SYSTEM_GI.glob(f"_gi.{version}*")) or not typelibs:
        pytest.skip("needs GTK for this Python (Debian: python3-gi gir1.2-gtk-3.0)")
    place = folder / "gtk"
    place.mkdir(exist_ok=True)
    (place / "gi").symlink_to(_SYSTEM_GI)
    return str(place)
