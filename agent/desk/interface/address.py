"""Where the running agent is reached, and with which keys: files in the data folder, for as long as it runs.

- `interface.json` tells the port, and the key that opens the counts of the tray and nothing else. Whoever may read the
  data folder may read it: the trays of other users of this PC.
- `private-<user>/interface.key` is the key to everything else, for the user whose agent it is. The folder is that
  user's alone (mode 0700, which Python on Windows takes for an access list), and the file has mode 0600.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from agent.desk.users import user_mark, user_name

ADDRESS, PRIVATE, KEY = "interface.json", "private-", "interface.key"


@dataclass(frozen=True)
class Address:
    """What everybody may know of a running agent. `owner` is its user's mark, `user` the name."""

    port: int
    pid: int
    user: str
    owner: str
    state_key: str


@dataclass(frozen=True)
class Keys:
    """One run's keys: `private` opens everything, `state` the counts. New with every start of the agent."""

    private: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))


def publish(folder: Path, port: int, keys: Keys) -> None:
    """Write down where this process is reached. Raises OSError, also for a private folder that is not this user's."""
    private = folder / f"{PRIVATE}{user_mark()}"
    private.mkdir(mode=0o700, exist_ok=True)
    _make_own(private)
    _write(private / KEY, keys.private, 0o600)
    address = Address(port, os.getpid(), user_name(), user_mark(), keys.state)
    _write(folder / ADDRESS, json.dumps(asdict(address)), 0o644)


def withdraw(folder: Path) -> None:
    """Take the files away that this process, or one that was killed, has left."""
    with suppress(OSError):
        (folder / ADDRESS).unlink(missing_ok=True)
    with suppress(OSError):
        (folder / f"{PRIVATE}{user_mark()}" / KEY).unlink(missing_ok=True)


def address_in(folder: Path) -> Address | None:
    """Return where the agent of a data folder says that it is reached; None where none says so."""
    try:
        found = json.loads((folder / ADDRESS).read_text(encoding="utf-8"))
        return Address(
            port=int(found["port"]),
            pid=int(found["pid"]),
            user=str(found["user"]),
            owner=str(found["owner"]),
            state_key=str(found["state_key"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def private_key(folder: Path, address: Address) -> str | None:
    """Return the key to everything, or None where this user may not have it."""
    if Path(address.owner).name != address.owner:
        return None
    try:
        return (folder / f"{PRIVATE}{address.owner}" / KEY).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _make_own(folder: Path) -> None:
    if sys.platform == "win32":
        return
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"The folder {folder.name} is not this user's")
    folder.chmod(0o700)


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file that is whole from its first moment, and that nobody could have opened before it had its mode."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.chmod(mode)  # whatever the umask says
    temporary.replace(path)
