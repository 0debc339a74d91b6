"""`/events`: tells open pages that something has changed, and how far what is being sent has come.

Server-sent events, each with a JSON object:

- `changed` {"version", "parts", "needs_attention", "running"}: `parts` names what is new since the last one this page
  has heard: "lanes", "packets", "needs", "notes"; all of them with the first event of a connection that has missed any.
- `progress` {packet: [bytes sent, bytes in all]}: while something is being sent, twice a second at most.
- `alive` {"running"}: every 20 seconds. A page that hears nothing for a minute has lost contact.
- `locked` {}: the session has locked itself. The stream ends, and the page shows nothing of patients any more.
- `rest` {}: too many pages listen. The stream ends; the page listens again when it is looked at.

Nothing runs here while no page listens, and a page that listens costs nothing but `alive` while nothing happens.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent.delivery.snapshot import Snapshot
from agent.desk.page.page import SESSION, Page

ALIVE_SECONDS = 20.0
PROGRESS_SECONDS = 0.5
MOST_STREAMS = 24
STREAMS_A_SESSION = 4  # a browser has six connections for all of its tabs: the page's own requests need some
PARTS = ("lanes", "packets", "needs", "notes")


@dataclass(eq=False)
class _Stream:
    """One page that listens. `version` and `snapshot` are what it has heard of."""

    session: str
    version: int
    snapshot: Snapshot | None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    resting: bool = False


class Events:
    """All pages that listen. Lives in the server's loop; `changed` and `end` may be called from any thread."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._streams: list[_Stream] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watching: asyncio.Task[None] | None = None
        self._progress: Mapping[str, tuple[int, int]] = {}
        self._ended = False
        self._forget = page.desk.board.listen(self.changed)

    @property
    def listening(self) -> int:
        """Return how many pages listen."""
        return len(self._streams)

    def changed(self) -> None:
        """Wake every page: there is a newer snapshot."""
        self._in_loop(self._wake)

    def end(self) -> None:
        """End every stream, now and from now on."""
        self._forget()
        self._ended = True
        self._in_loop(self._wake)

    def _in_loop(self, call: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has been closed: nobody listens any more
                self._loop.call_soon_threadsafe(call)

    async def stream(self, request: Request) -> Response:
        """Answer a page that wants to listen."""
        self._loop = asyncio.get_running_loop()
        known = request.headers.get("last-event-id", "")
        version = self._page.desk.board.version
        missed = known != str(version)
        stream = _Stream(
            request.scope.get(SESSION, ""), -1 if missed else version, None if missed else self._page.desk.snapshot()
        )
        return StreamingResponse(self._told(stream), media_type="text/event-stream")

    async def _told(self, stream: _Stream) -> AsyncIterator[bytes]:
        self._make_room(stream.session)
        self._streams.append(stream)
        self._wake()
        try:
            while not self._ended:
                if stream.resting:
                    yield _event("rest", {})
                    return
                if self._is_locked(stream):
                    yield _event("locked", {})
                    return
                stream.news.clear()
                for told in self._news_for(stream):
                    yield told
                if not await self._wait(stream):
                    yield _event("alive", {"running": self._page.desk.is_alive()})
        finally:
            self._streams.remove(stream)

    async def _wait(self, stream: _Stream) -> bool:
        """Wait for news, the session's end or the next sign of life; tell whether it was one of the first two."""
        left = self._page.sessions.seconds_left(stream.session) if stream.session else ALIVE_SECONDS
        patience = min(ALIVE_SECONDS, left + 0.01)
        try:
            await asyncio.wait_for(stream.news.wait(), patience)
        except TimeoutError:
            return patience < ALIVE_SECONDS
        return True

    def _is_locked(self, stream: _Stream) -> bool:
        return bool(stream.session) and self._page.sessions.seconds_left(stream.session) <= 0

    def _news_for(self, stream: _Stream) -> list[bytes]:
        desk = self._page.desk
        news = []
        version = desk.board.version
        if version != stream.version:
            snapshot = desk.snapshot()
            facts = {
                "version": version,
                "parts": parts_changed(stream.snapshot, snapshot),
                "needs_attention": snapshot.needs_attention,
                "running": snapshot.running,
            }
            stream.version, stream.snapshot = version, snapshot
            news.append(_event("changed", facts, version))
        if self._progress != stream.progress:
            stream.progress = self._progress
            news.append(_event("progress", self._progress))
        return news

    def _make_room(self, session: str) -> None:
        awake = [stream for stream in self._streams if not stream.resting]
        same = [stream for stream in awake if stream.session == session]
        too_many = max(0, len(same) + 1 - STREAMS_A_SESSION), max(0, len(awake) + 1 - MOST_STREAMS)
        for stream in (*same[: too_many[0]], *awake[: too_many[1]]):
            stream.resting = True
            stream.news.set()

    # --- What wakes them --------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        for stream in self._streams:
            stream.news.set()
        if self._streams and self._watching is None and not self._ended and self._page.desk.progress():
            self._watching = asyncio.ensure_future(self._watch_progress())

    async def _watch_progress(self) -> None:
        """Look twice a second how far what is being sent has come, for as long as there is any and someone looks."""
        try:
            while self._streams and not self._ended:
                progress = self._page.desk.progress()
                if progress != self._progress:
                    self._progress = dict(progress)
                    for stream in self._streams:
                        stream.news.set()
                if not progress:
                    return
                await asyncio.sleep(PROGRESS_SECONDS)
        finally:
            self._watching = None


def parts_changed(before: Snapshot | None, now: Snapshot) -> list[str]:
    """Return which parts of a page are no longer what they were."""
    if before is None:
        return list(PARTS)
    pairs = {
        "lanes": (before.lanes, before.running, now.lanes, now.running),
        "packets": (before.packets, now.packets),
        "needs": (_needs(before), _needs(now)),
        "notes": (before.notes, now.notes),
    }
    return [part for part, values in pairs.items() if values[: len(values) // 2] != values[len(values) // 2 :]]


def _needs(snapshot: Snapshot) -> tuple[object, ...]:
    return (
        snapshot.needs_attention,
        tuple((lane.lane, lane.state, lane.problem, lane.needs_attention) for lane in snapshot.lanes),
        tuple((packet.lane, packet.name) for packet in snapshot.packets if packet.needs_someone),
    )


def _event(name: str, facts: Mapping[str, Any], number: int | None = None) -> bytes:
    mark = "" if number is None else f"id: {number}\n"
    return f"event: {name}\n{mark}data: {json.dumps(facts, separators=(',', ':'))}\n\n".encode()
