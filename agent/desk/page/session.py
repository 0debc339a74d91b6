"""Who may see the page: one-time links that become sessions, and sessions that lock themselves.

A link is worth nothing once it was opened or a minute has passed, so that what stands in a browser's history opens
nothing. A session that nobody has used for a while is locked: it shows nothing more, and opening the page anew from the
tray is what unlocks it. Everything here is in memory: a new start of the agent knows no session.

What people search for is kept with their session, under a token: an address goes into the browser's history, and from
there to wherever that is synchronised. It is forgotten once the session is locked.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Any

from agent.clock import Clock

LINK_SECONDS = 60.0
MOST_LINKS = 32
MOST_SESSIONS = 32
MOST_KEPT = 64
MOST_SEEN = 10_000
DEFAULT_LOCK_MINUTES = 15.0


class Standing(StrEnum):
    """What a cookie is worth."""

    OPEN = "open"
    LOCKED = "locked"
    UNKNOWN = "unknown"


@dataclass
class _Link:
    path: str
    until: float


class Sessions:
    """Links and sessions of one server. May be used from any thread."""

    def __init__(self, clock: Clock, lock_minutes: float = DEFAULT_LOCK_MINUTES) -> None:
        self.lock_seconds = lock_minutes * 60
        self._clock = clock
        self._guarded = Lock()
        self._links: OrderedDict[str, _Link] = OrderedDict()
        self._used_at: OrderedDict[str, float] = OrderedDict()
        self._locked: OrderedDict[str, None] = OrderedDict()
        self._kept: dict[str, OrderedDict[str, Any]] = {}
        self._seen: dict[str, set[Hashable]] = {}

    def link(self, path: str = "/") -> str:
        """Return a new link's token; whoever opens it within a minute, once, comes to `path`.

        A path that would lead away from the page leads to its first view.
        """
        inside = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
        token = secrets.token_urlsafe(32)
        with self._guarded:
            self._links[token] = _Link(path if inside else "/", self._clock.steady() + LINK_SECONDS)
            _drop_oldest(self._links, MOST_LINKS)
        return token

    def open(self, token: str) -> tuple[str, str] | None:
        """Use a link up; return the new session's cookie and the path to go to, or None where it opens nothing."""
        with self._guarded:
            link = self._links.pop(token, None)
            if link is None or link.until < self._clock.steady():
                return None
            session = secrets.token_urlsafe(32)
            self._used_at[session] = self._clock.steady()
            while len(self._used_at) > MOST_SESSIONS:
                self._lock(next(iter(self._used_at)))
            return session, link.path

    def standing(self, session: str, *, used: bool = False) -> Standing:
        """Tell what a cookie is worth; `used`: a person has done something, so that the idle time begins anew."""
        with self._guarded:
            if session not in self._used_at:
                return Standing.LOCKED if session in self._locked else Standing.UNKNOWN
            if self._clock.steady() >= self._used_at[session] + self.lock_seconds:
                self._lock(session)
                return Standing.LOCKED
            if used:
                self._used_at[session] = self._clock.steady()
                self._used_at.move_to_end(session)
            return Standing.OPEN

    def seconds_left(self, session: str) -> float:
        """Return in how many seconds the session locks itself, if nobody uses it; 0 for one that is not open."""
        with self._guarded:
            used_at = self._used_at.get(session)
            return 0.0 if used_at is None else max(0.0, used_at + self.lock_seconds - self._clock.steady())

    def lock(self, session: str) -> None:
        """Lock a session before its time."""
        with self._guarded:
            self._lock(session)

    def keep(self, session: str, value: Any) -> str:
        """Keep what an open session has asked for; return the token that stands for it, one for equal values."""
        with self._guarded:
            kept = self._kept.setdefault(session, OrderedDict()) if session in self._used_at else OrderedDict()
            token = next((token for token, known in kept.items() if known == value), None) or secrets.token_urlsafe(12)
            kept[token] = value
            kept.move_to_end(token)
            _drop_oldest(kept, MOST_KEPT)
            return token

    def kept(self, session: str, token: str) -> Any:
        """Return what a token stands for in this session; None where it stands for nothing (any more)."""
        with self._guarded:
            kept = self._kept.get(session)
            return None if kept is None else kept.get(token)

    def sees_first(self, session: str, what: Hashable) -> bool:
        """Tell whether an open session sees this for the first time, and remember that it has."""
        with self._guarded:
            seen = self._seen.setdefault(session, set()) if session in self._used_at else set()
            if len(seen) >= MOST_SEEN:
                seen.clear()
            is_first = what not in seen
            seen.add(what)
            return is_first

    def _lock(self, session: str) -> None:
        self._kept.pop(session, None)
        self._seen.pop(session, None)
        if self._used_at.pop(session, None) is not None:
            self._locked[session] = None
            _drop_oldest(self._locked, MOST_SESSIONS)


def _drop_oldest(entries: OrderedDict[str, Any], most: int) -> None:
    while len(entries) > most:
        entries.popitem(last=False)
