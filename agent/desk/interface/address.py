"""Where the running agent is reached, and with which keys: files in the data folder, for as long as it runs.

- `interface.json` tells the port, and the key that opens the counts of the tray and nothing else. Whoever may read the
  data folder may read it: the trays of other users of this PC.
- `private-<user>/interface.key` is the key to everything else, for the user whose agent it is. The folder is that
  user's alone (mode 0700; on Windows by an access list of its own), and the file has mode 0600.
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

from agent import own_files
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
    if sys.platform == "win32":
        from agent.settings.on_windows import make_own_folder

        make_own_folder(private)
    else:
        own_files.make_folder(private)
    _write(private / KEY, keys.private)
    address = Address(port, os.getpid(), user_name(), user_mark(), keys.state)
    _write(folder / ADDRESS, json.dumps(asdict(address)))


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


def owner_of(folder: Path) -> int | None:
    """Return the number of the user whose address and key stand in a data folder; None where they may be anyone's.

    They are one user's where that user owns the folder and what is in it, and nobody else may write there: this user,
    and for root whoever has started the agent. On Windows, where access lists decide, it is always 0.
    """
    if sys.platform == "win32":
        return 0
    try:
        owner = folder.stat().st_uid
        keys = list(folder.glob(f"{PRIVATE}{owner}/{KEY}"))
        found = [folder.stat(), *(path.lstat() for path in (folder / ADDRESS, *(path.parent for path in keys), *keys))]
    except OSError:
        return None
    private = all(one.st_uid == owner and not one.st_mode & 0o022 and not stat.S_ISLNK(one.st_mode) for one in found)
    return owner if private and os.geteuid() in (0, owner) else None


def private_key(folder: Path, address: Address) -> str | None:
    """Return the key to everything, or None where this user may not have it."""
    if Path(address.owner).name != address.owner:
        return None
    try:
        return (folder / f"{PRIVATE}{address.owner}" / KEY).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _write(path: Path, text: str) -> None:
    """Write a file that is whole from its first moment, and that nobody could have opened before it had its mode."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    with own_files.open_new(temporary) as file:
        file.write(text.encode())
    temporary.replace(path)
