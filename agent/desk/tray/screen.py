"""Finds the tray that this session has."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from agent.desk.tray.face import Face, NoTray
from agent.desk.tray.view import Entry
from agent.log import log, where

_CHOICE = "PYSTRAY_BACKEND"
_ON_LINUX = ("appindicator", "gtk", "xorg")


def face_on_screen(choose: Callable[[Entry], None]) -> Face:
    """Return an icon for this session's tray; `choose` is called with the menu entry that someone chose.

    Raises NoTray: on a server without a screen, or where the system's part for it is missing.
    """
    on_linux = sys.platform not in ("win32", "darwin")
    if on_linux and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise NoTray("There is no screen to show an icon on.")
    asked_for = os.environ.get(_CHOICE)
    os.environ[_CHOICE] = "dummy"  # pystray chooses at its import, and an incomplete desktop would end that
    from agent.desk.tray.on_pystray import PystrayFace

    makers = {"win32": _windows, "darwin": _macos, "appindicator": _gtk, "gtk": _gtk, "xorg": _x11}
    wanted = [asked_for] if asked_for in makers else [sys.platform] if not on_linux else list(_ON_LINUX)
    for one in wanted:
        try:
            return PystrayFace(makers[one](one), choose)
        except Exception as trouble:  # noqa: BLE001 - a missing library, display or bus: each raises its own kind
            log.info("a kind of tray is not here", extra={"tray": one, "trouble": where(trouble)})
    raise NoTray("This desktop has no tray that OutTray knows.")


def _windows(_name: str) -> Any:
    if sys.platform == "win32":
        from agent.desk.tray.on_windows import WindowsIcon

        return WindowsIcon
    raise NoTray("This is not Windows.")


def _macos(_name: str) -> Any:
    from agent.desk.tray.on_macos import macos_icon

    return macos_icon()


def _gtk(name: str) -> Any:
    original = import_module(f"pystray._{name}").Icon
    from agent.desk.tray.on_gtk import gtk_icon

    return gtk_icon(original)


def _x11(_name: str) -> Any:
    from agent.desk.tray.on_x11 import X11Icon

    return X11Icon
