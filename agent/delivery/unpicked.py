"""What lies in a lane's folder and is never picked up: worth a word once it has lain there for an hour.

Programs leave unfinished files for a moment, people put something down on the way elsewhere: neither is anyone's
concern. What stays was meant to go, and nobody would ever learn that it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from agent.folder.looking import PassedOver
from agent.folder.problems import NEVER, UNPICKED
from agent.model import Fault, Problem

LONG = timedelta(hours=1)
REMEMBERED_AFTER = timedelta(minutes=5)
"""What is younger is kept in mind alone: most is gone by then, and the ledger is written to for each."""
MOST = 100  # a lane: of an archive that someone has put there a few names say enough
MARK = "never picked up"  # in place of an identity: a file that goes on changing still lies there

Waits = Mapping[tuple[str, str], datetime]
"""Since when files wait, by name and identity, as the ledger has it."""


class Unpicked:
    """What of it is there, and since when."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}
        self._long: tuple[PassedOver, ...] = ()
        self._more = 0

    def meet(self, seen: Sequence[PassedOver], waits: Waits, now: datetime) -> Waits:
        """Take over what a look has seen; return what of it the ledger is to remember."""
        told = seen[:MOST]
        self._since = {one.name: waits.get((one.name, MARK)) or self._since.get(one.name, now) for one in told}
        self._long = tuple(one for one in told if now - self._since[one.name] >= LONG)
        self._more = len(seen) - len(told)
        return {
            (one.name, MARK): self._since[one.name]
            for one in told
            if (one.name, MARK) in waits or _is_old(one, self._since[one.name], now)
        }

    def forget(self) -> None:
        """Begin anew: the clock was set, or the folder was away."""
        self._since = {}

    def problem(self, folder: Path) -> Problem | None:
        """Return what people are told; None where nothing has lain there for long."""
        return _problem(self._long, self._more, folder)


def remembered(waits: Waits, folder: Path, now: datetime) -> Problem | None:
    """Return what people are told where no agent runs and only the ledger knows."""
    names = sorted(name for (name, mark), since in waits.items() if mark == MARK and now - since >= LONG)
    return _problem([PassedOver(name, NEVER) for name in names], 0, folder)


def _problem(long: Sequence[PassedOver], more: int, folder: Path) -> Problem | None:
    if not long:
        return None
    first, others = long[0], len(long) - 1 + more
    names = f"{first.name} and {others} more" if others else first.name
    details = [Fault(one.name, "", f"{one.reason[:1].upper()}{one.reason[1:]}.") for one in long]
    have = "have" if others else "has"
    return UNPICKED.problem(details, names=names, have=have, folder=folder, reason=first.reason)


def _is_old(one: PassedOver, since: datetime, now: datetime) -> bool:
    """Tell whether it is here to stay, by the file's own time too: a pass for a scheduler lasts but a moment."""
    changed = datetime.fromtimestamp(one.identity.mtime_ns / 1e9, now.tzinfo) if one.identity is not None else since
    return one.identity is None or now - min(since, changed) >= REMEMBERED_AFTER
