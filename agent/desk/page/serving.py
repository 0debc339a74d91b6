"""The HTTP server itself, for one thread: it sleeps while nobody asks anything, and ends in good order."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette

from agent.desk.desk import Desk
from agent.desk.page.app import page_app
from agent.desk.page.connections import Connection
from agent.desk.page.events import Events
from agent.desk.page.peer import is_own_user, who_asks
from agent.desk.page.session import Sessions

LAST_ANSWERS_SECONDS = 1.0
MOST_CONNECTIONS = 100
KEEP_ALIVE_SECONDS = 30


def configured(desk: Desk, sessions: Sessions, port: int) -> Starlette:
    """Return the app as it is served."""
    return page_app(desk, port=port, sessions=sessions, of_own_user=is_own_user, who_asks=who_asks)


class Served(uvicorn.Server):
    """A server that waits on an event instead of looking ten times a second whether it is to end."""

    def __init__(self, app: Starlette, begun: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
        )
        self._events: Events = app.state.events
        self._begun = begun
        self._guarded = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._stopping = False

    def serve_on(self, listener: socket.socket) -> None:
        """Answer requests in this thread until `stop`; `begun` is called once they are answered."""
        asyncio.run(self.serve(sockets=[listener]))

    def stop(self) -> None:
        """Ask the server's thread to end. May be called before it has begun, and more than once."""
        with self._guarded:
            self._stopping = True
            if self._loop is not None and self._stopped is not None:
                with suppress(RuntimeError):  # it has ended by itself
                    self._loop.call_soon_threadsafe(self._stopped.set)

    async def main_loop(self) -> None:
        """Wait for the end."""
        with self._guarded:
            self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
            if self._stopping:
                return
        self._begun()
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - the servers own them
        """Take no more requests, give the answers that are due, and cut what is left."""
        for server in self.servers:
            server.close()
        self._events.end()
        tasks = list(self.server_state.tasks)
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=LAST_ANSWERS_SECONDS)
            for task in late:
                task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.close()
