"""Opens the page in the person's browser, where there is a screen to show it on."""

from __future__ import annotations

import os
import sys
import webbrowser


def has_display() -> bool:
    """Tell whether this process could show something: Windows and macOS always, others where a display is named."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_in_browser(url: str) -> bool:
    """Open an address in the browser; tell whether one was started."""
    if not has_display():
        return False
    try:
        return webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False
