"""How many connections may wait, and for how long: none of them keeps the owner of the page from it.

A connection costs its sender nothing. One that never says what it wants (half a request, or nothing after one) has some
seconds for it, and only so many may wait at a time: beyond that, those of other users of this PC go first, then those
that have shown no session and no key, the oldest before the others. Whoever asks at once, as browsers and commands do,
always finds room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import cached_property
from itertools import count
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from agent.desk.page.page import ADMITTED
from agent.desk.page.peer import is_own_user

HEAD_SECONDS = 5.0
"""Within which a request's head has to be there to its end, from the connection's or from its first byte."""

MOST_WAITING = 32
"""Connections at a time that are not being answered."""


_numbers = count()


class Connection(H11Protocol):
    """One connection. All of them are used in the server's thread alone."""

    _waits: asyncio.TimerHandle | None = None
    _number = 0

    def connection_made(self, transport: Any) -> None:
        """Take the connection, and make room for it."""
        super().connection_made(transport)
        self._number = next(_numbers)
        self._watch()
        make_room(one for one in self.connections if isinstance(one, Connection))

    def data_received(self, data: bytes) -> None:
        """Take what has come; a head that is not there to its end is waited for."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._watch_no_more()
        super().connection_lost(exc)

    @property
    def is_waiting(self) -> bool:
        """Tell whether nothing of it is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @cached_property
    def is_own(self) -> bool:
        """Tell whether this user's program is at the other end, as far as the system tells."""
        return is_own_user({"client": self.client, "server": self.server})

    @property
    def is_admitted(self) -> bool:
        """Tell whether what it asked last had a session or a key: a browser that may ask again at any moment."""
        return self.cycle is not None and bool(self.cycle.scope.get(ADMITTED))

    def give_up(self) -> None:
        """End it without a word."""
        self._watch_no_more()
        self.connections.discard(self)
        self.transport.abort()

    def _watch(self) -> None:
        if not self.is_waiting:
            self._watch_no_more()
        elif self._waits is None and not self.transport.is_closing():
            self._waits = self.loop.call_later(HEAD_SECONDS, self.give_up)

    def _watch_no_more(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None


def make_room(connections: Iterable[Connection], most: int = MOST_WAITING) -> None:
    """Give up connections that wait, until `most` are left: other users' first, admitted ones last, older first."""
    waiting = [one for one in connections if one.is_waiting]
    if len(waiting) > most:
        waiting.sort(key=lambda one: (one.is_admitted, one.is_own, one._number))
        for one in waiting[: len(waiting) - most]:
            one.give_up()
