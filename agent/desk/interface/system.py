"""The channel as this system has it: a Unix socket, or a named pipe of Windows."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from agent import own_files
from agent.desk.interface.channel import Connection, Listener

if sys.platform == "win32":
    from agent.desk.interface import on_windows as system
else:
    from agent.desk.interface import on_posix as system


def listen(data: Path) -> Listener:
    """Open the channel of the agent that works with a data folder. Raises OSError."""
    _take_away_keys(data)
    return system.listen(data)


def connect(data: Path) -> Connection | None:
    """Reach the agent that works with a data folder; None where none listens, or not to this user. Raises Stranger."""
    return system.connect(data)


def _take_away_keys(data: Path) -> None:
    """Remove what older versions had to be asked with."""
    for old in (data / "interface.json", *data.glob("private-*/interface.key")):
        with suppress(OSError):
            if old.parent == data or not own_files.is_link(old.parent):
                old.unlink(missing_ok=True)
