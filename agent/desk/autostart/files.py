"""The files that start a program at logon, as their systems document them. Pure: a command in, the text out.

- XDG Desktop Application Autostart Specification, and the quoting of `Exec` in the Desktop Entry Specification
- systemd.unit(5) and systemd.service(5): specifiers begin with %, variables with $
- launchd.plist(5)
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Sequence

LABEL = "local.outtray"
_NEEDS_QUOTES = re.compile(r"""[^A-Za-z0-9_@%+=:,./-]""")


def desktop_entry(command: Sequence[str], icon: str) -> str:
    """Return the file for `autostart/` of the desktop's configuration."""
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=OutTray\n"
        "Comment=Delivers scans and statements\n"
        f"Exec={' '.join(map(_exec_word, command))}\n"
        f"Icon={icon}\n"
        "Terminal=false\n"
        "Categories=Office;\n"
        "X-GNOME-Autostart-enabled=true\n"
    )


def systemd_unit(command: Sequence[str]) -> str:
    """Return the user unit. It ends with SIGTERM, upon which what is being sent is recorded."""
    return (
        "[Unit]\n"
        "Description=OutTray: delivers scans and statements\n"
        "After=network-online.target\n"
        "\n"
        "[Service]\n"
        f"ExecStart={' '.join([_unit_path(command[0]), *map(_unit_word, command[1:])])}\n"
        "Restart=on-failure\n"
        "RestartSec=30\n"
        "RestartPreventExitStatus=2\n"  # the settings want mending: starting again and again does not
        "TimeoutStopSec=60\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )


def launch_agent(command: Sequence[str]) -> bytes:
    """Return the property list for `~/Library/LaunchAgents`."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 30,
            "ProcessType": "Interactive",
        }
    )


def _exec_word(word: str) -> str:
    """Quote for `Exec`: first its own quoting, then that of every string of a desktop entry, which takes \\ twice."""
    doubled = word.replace("%", "%%")
    if not _NEEDS_QUOTES.search(word):
        return doubled
    quoted = re.sub(r'([\\"`$])', r"\\\1", doubled)
    return '"' + quoted.replace("\\", "\\\\") + '"'


def _unit_word(word: str) -> str:
    return _unit_path(word.replace("$", "$$"))


def _unit_path(word: str) -> str:
    """Quote the program itself: in its path no variables are replaced, so a $ stands for itself."""
    escaped = word.replace("%", "%%")
    if not _NEEDS_QUOTES.search(word):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'
