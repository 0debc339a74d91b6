"""The drawn icons, and which of the two sets fits the bar that they stand on."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent.delivery.glance import Icon

if TYPE_CHECKING:
    from PIL.Image import Image

FOLDER = Path(__file__).parent / "icons"
SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)

_THEME = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"


class Bar(StrEnum):
    """What the icons stand on. The values are the names of the folders."""

    LIGHT = "on-light"
    DARK = "on-dark"


@dataclass(frozen=True)
class Picture:
    """One icon in every size that it was drawn in."""

    bar: Bar
    icon: Icon

    @property
    def ico(self) -> Path:
        """Return the file that holds every size, for Windows."""
        return FOLDER / self.bar / f"{self.icon}.ico"

    def png(self, size: int) -> Path:
        """Return the smallest picture that has at least this size, in pixels."""
        drawn = next((one for one in SIZES if one >= size), SIZES[-1])
        return FOLDER / self.bar / f"{self.icon}-{drawn}.png"

    def image(self, size: int) -> Image:
        """Return the picture; each is read once."""
        return _read(self.png(size))


@cache
def _read(path: Path) -> Image:
    from PIL import Image

    with Image.open(path) as file:
        return file.convert("RGBA")


def bar() -> Bar:
    """Tell what bar the icons stand on: Windows says it; elsewhere bars are mostly dark."""
    if sys.platform != "win32":
        return Bar.DARK
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _THEME) as key:
            light, _ = winreg.QueryValueEx(key, "SystemUsesLightTheme")
    except OSError:
        return Bar.DARK  # Windows before 1903: the bar is always dark
    return Bar.LIGHT if light else Bar.DARK
