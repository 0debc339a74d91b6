"""By what a PC is known again: its host name, the mark of its system, and the address of its network card.

Kept as digests, so that a file of ours gives none of them away.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

_MACHINE_ID = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_OF_A_GROUP, _NOT_THE_MAKERS = 1 << 40, 1 << 41  # bits of a card's address (IEEE 802, 8.2): made up, or given locally


@dataclass(frozen=True)
class Marks:
    """What a PC is known by; empty: not to be had there."""

    host: str = ""
    machine: str = ""
    card: str = ""

    def is_of_same_pc(self, other: Marks) -> bool:
        """Tell whether both are one PC's, renamed perhaps: where that is not certain, they are two PCs'.

        An image brings its host name and the mark of its system to every PC that it is put on: what is told apart by
        neither is told apart by nothing here, since a card can be changed. A PC that only has another name now has the
        mark and the card that it had.
        """
        if self.machine != other.machine:
            return False
        return self.host == other.host or bool(self.card and self.machine and self.card == other.card)


def marks() -> Marks:
    """Return this PC's."""
    return Marks(_digest(platform.node().casefold()), _digest(_machine()), _digest(_card()))


def _machine() -> str:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(
                winreg.HKEY_LOCAL_MACHINE,
                r"SOFTWARE\Microsoft\Cryptography",
                0,
                winreg.KEY_READ | winreg.KEY_WOW64_64KEY,
            ) as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except OSError:
            return ""
    for path in _MACHINE_ID:
        try:
            return path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
    return ""


def _card() -> str:
    address = uuid.getnode()
    return "" if address & (_OF_A_GROUP | _NOT_THE_MAKERS) else f"{address:012x}"


def _digest(text: str) -> str:
    return hashlib.sha256(f"outtray:{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32] if text else ""
