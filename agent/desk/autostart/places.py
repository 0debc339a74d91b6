"""Where autostart is turned on, off, and looked at, on each system."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.desk.autostart import files

NAME = "OutTray"


@dataclass(frozen=True)
class Autostart:
    """How it is. `where` is the file or key; `command` what is started; `by_it`: set for everyone, not by this user."""

    on: bool
    how: str
    where: str = ""
    command: str = ""
    by_it: bool = False
    held_back: bool = False  # it is there, and switched off in the system's own settings


class Place(Protocol):
    """One system's place. Everything raises OSError where it cannot be read or written."""

    def turn_on(self, command: Sequence[str]) -> None:
        """Start this command at every logon."""

    def turn_off(self) -> None:
        """Start nothing any more. No trouble where nothing was started."""

    def look(self) -> Autostart:
        """Return how it is."""


@dataclass(frozen=True)
class OneFile:
    """A place that is one file. `link` is what enables it, where a file alone does not."""

    how: str
    path: Path
    kind: str  # desktop | systemd | launchd
    icon: str = ""
    link: Path | None = None

    def turn_on(self, command: Sequence[str]) -> None:
        """Write the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self._content(command))
        if self.link is not None:
            self.link.parent.mkdir(parents=True, exist_ok=True)
            self.link.unlink(missing_ok=True)
            self.link.symlink_to(os.path.relpath(self.path, self.link.parent))

    def turn_off(self) -> None:
        """Take the file away."""
        if self.link is not None:
            self.link.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def look(self) -> Autostart:
        """Read the file."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Autostart(False, self.how)
        off = self.kind == "desktop" and any(
            line.strip() in ("Hidden=true", "X-GNOME-Autostart-enabled=false") for line in text.splitlines()
        )
        off = off or (self.link is not None and not self.link.exists())
        return Autostart(not off, self.how, str(self.path), _started(text), held_back=off)

    def _content(self, command: Sequence[str]) -> bytes:
        if self.kind == "desktop":
            return files.desktop_entry(command, self.icon).encode()
        return files.systemd_unit(command).encode() if self.kind == "systemd" else files.launch_agent(command)


def _started(text: str) -> str:
    begins = ("Exec=", "ExecStart=")
    return next((line.partition("=")[2] for line in text.splitlines() if line.startswith(begins)), "")


def place(*, systemd: bool = False, platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Place:
    """Return this system's place; `systemd`: the user's service manager instead of the desktop."""
    if platform == "win32":
        return WindowsRunKey()
    home = Path(environment.get("HOME") or Path.home())
    if platform == "darwin":
        return OneFile("a launch agent", home / "Library/LaunchAgents" / f"{files.LABEL}.plist", "launchd")
    named = environment.get("XDG_CONFIG_HOME", "")
    config = Path(named) if named.startswith("/") else home / ".config"  # relative paths are to be ignored (XDG)
    if systemd:
        units = config / "systemd/user"
        link = units / "default.target.wants/outtray.service"  # what `systemctl --user enable` makes
        return OneFile("a systemd user unit", units / "outtray.service", "systemd", link=link)
    from agent.desk.tray.pictures import FOLDER

    icon = str(FOLDER / "on-light" / "app-128.png")
    return OneFile("the desktop's autostart", config / "autostart/outtray.desktop", "desktop", icon=icon)


def state(*, platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Autostart:
    """Return how it is, wherever it was turned on; raises OSError where that cannot be read."""
    ways = [place(platform=platform, environment=environment)]
    if platform not in ("win32", "darwin"):
        ways.append(place(systemd=True, platform=platform, environment=environment))
    found = [way.look() for way in ways]
    return next((one for one in found if one.on), next((one for one in found if one.held_back), found[0]))


class WindowsRunKey:
    """The Run key of the registry: this user's, beside the one that the installer may have set for everyone.

    Task Manager and Settings switch entries off in `StartupApproved\\Run`: an odd first byte means off.
    """

    _RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
    _APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
    _HOW = "Windows' Run key"

    def turn_on(self, command: Sequence[str]) -> None:
        """Write the value, and take back what Task Manager may have switched off."""
        if sys.platform == "win32":
            import winreg

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, self._RUN) as key:
                winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, subprocess.list2cmdline(command))
            self._forget(self._APPROVED)

    def turn_off(self) -> None:
        """Take the value away."""
        self._forget(self._RUN)

    def look(self) -> Autostart:
        """Read both values."""
        if sys.platform != "win32":
            return Autostart(False, self._HOW)
        import winreg

        for hive, name, by_it in (
            (winreg.HKEY_CURRENT_USER, "HKCU", False),
            (winreg.HKEY_LOCAL_MACHINE, "HKLM", True),
        ):
            command = _value(hive, self._RUN)
            if isinstance(command, str):
                approved = _value(hive, self._APPROVED)
                off = isinstance(approved, bytes) and bool(approved) and approved[0] % 2 == 1
                return Autostart(not off, self._HOW, f"{name}\\{self._RUN}\\{NAME}", command, by_it, held_back=off)
        return Autostart(False, self._HOW)

    def _forget(self, path: str) -> None:
        if sys.platform == "win32":
            import winreg

            with (
                contextlib.suppress(FileNotFoundError),
                winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, 0, winreg.KEY_SET_VALUE) as key,
            ):
                winreg.DeleteValue(key, NAME)


def _value(hive: int, path: str) -> object:
    """Return a value of the registry, or None."""
    if sys.platform == "win32":
        import winreg

        with contextlib.suppress(FileNotFoundError), winreg.OpenKey(hive, path) as key:
            return winreg.QueryValueEx(key, NAME)[0]
    return None
