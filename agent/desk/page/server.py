"""The page, served by HTTP on loopback in a thread of its own, and the channel for other programs beside it.

with page_server(desk) as server:
    webbrowser.open(server.link("/"))
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.desk.browser import open_in_browser
from agent.desk.desk import Desk
from agent.desk.interface.answering import Channel
from agent.desk.interface.api import NotDone, answer_to
from agent.desk.interface.channel import Peer
from agent.desk.page.session import Sessions
from agent.log import log, where
from agent.settings.locations import data_folder

if TYPE_CHECKING:
    from agent.desk.page.serving import Served

HOST = "127.0.0.1"
START_SECONDS = 20.0
STOP_SECONDS = 5.0


class NotServed(NotDone):
    """There is no page: it is switched off, or its server did not start."""


class PageServer:
    """Serves one desk until it is stopped. Where that cannot be, the agent works on without a page, and logs it."""

    def __init__(self, desk: Desk, *, with_pages: bool = True) -> None:
        self._desk = desk
        self._with_pages = with_pages and desk.settings.agent.page.enabled
        self._sessions = Sessions(desk.clock, desk.settings.agent.page.lock_minutes)
        self._channel = Channel(data_folder(desk.settings.agent), self._answer)
        self._ready = threading.Event()
        self._port = 0
        self._guarded = threading.Lock()
        self._ending = False
        self._served: Served | None = None
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)

    def start(self) -> None:
        """Begin to serve. Returns at once; `link` waits until requests are answered."""
        self._channel.start()
        if self._with_pages:
            self._thread.start()

    def stop(self) -> None:
        """Give the last answers, end every stream, and be gone."""
        with self._guarded:
            self._ending = True
            served = self._served
        if served is not None:
            served.stop()
        if self._with_pages:
            self._thread.join(STOP_SECONDS)
        self._channel.stop()

    def wait(self, seconds: float = START_SECONDS) -> bool:
        """Wait until browsers, and commands, are answered; tell whether they are."""
        return self._channel.wait(seconds) and (not self._with_pages or self._has_begun(seconds))

    @property
    def url(self) -> str:
        """Return the address, without any right to see something there. Raises NotServed."""
        if not self._with_pages:
            raise NotServed("The activity page is switched off in the settings ([agent.page] enabled = false).")
        if not self._has_begun(START_SECONDS):
            raise NotServed("The activity page did not start. OutTray's log tells IT more.")
        return f"http://{HOST}:{self._port}"

    def link(self, path: str = "/") -> str:
        """Return an address that opens the page at `path`, once, within a minute. Raises NotServed."""
        return f"{self.url}/open/{self._sessions.link(path)}"

    def open(self, path: str = "/") -> None:
        """Open the page at `path` in this user's browser. What keeps it from that is logged."""
        try:
            link = self.link(path)
        except NotServed:
            log.warning("there is no page to open")
            return
        if not open_in_browser(link):
            log.warning("no browser was found for the page")

    def _serve(self) -> None:
        try:
            listener = listen(self._desk.settings.agent.page.port)
        except OSError as trouble:
            log.error("the page has no port", extra={"trouble": where(trouble)})
            self._ready.set()
            return
        from agent.desk.page.serving import Served, configured  # here: the agent's own start does not wait for it

        port = listener.getsockname()[1]

        def begun() -> None:
            self._port = port
            self._ready.set()

        try:
            served = Served(configured(self._desk, self._sessions, port), begun)
            with self._guarded:
                self._served = served
                if self._ending:
                    return
            served.serve_on(listener)
        except Exception as trouble:  # noqa: BLE001 - this thread's last place: the agent works on without a page
            log.error("the page's server has ended", extra={"trouble": where(trouble)})
        finally:
            listener.close()
            self._ready.set()

    def _has_begun(self, seconds: float) -> bool:
        return self._ready.wait(seconds) and self._port != 0

    def _answer(self, question: bytes, peer: Peer) -> bytes:
        return answer_to(question, peer, self._desk, self.link)


@contextmanager
def page_server(desk: Desk, *, with_pages: bool = True) -> Iterator[PageServer]:
    """Serve a desk for as long as the block runs; without pages, the interface for other programs alone."""
    server = PageServer(desk, with_pages=with_pages)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback, at any free port where this one is taken. Raises OSError."""
    try:
        return _listen(port)
    except OSError:
        if port == 0:
            raise
        log.warning("the page's port is taken, and another is used", extra={"port": port})
        return _listen(0)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":  # nobody else may listen at the same port beside us
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener
