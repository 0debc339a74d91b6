"""The page for tests: a desk over a real ledger in a folder of its own, and a browser that is signed in.

with desk_in(tmp_path) as practice:
    with practice.ledger.transaction() as tx: ...
    practice.board.put(snapshot)
    client = signed_in(practice.desk)
    client.get("/").text
    practice.asked  # the requests that were filed
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from agent.clock import Clock, SystemClock
from agent.delivery.board import Board
from agent.delivery.requests import Answer, Request
from agent.desk.desk import Desk
from agent.desk.page.app import page_app
from agent.desk.page.page import Page
from agent.folder.real import RealFileSystem
from agent.ledger.ledger import Ledger
from agent.ledger.opening import open_ledger
from agent.settings.locations import ledger_file
from agent.settings.schema import Settings
from tests.support import desk as practices
from tests.support.practice import new_ledger

PORT = 8080
ORIGIN = f"http://127.0.0.1:{PORT}"


@dataclass
class DeskPractice:
    """A desk, and the strings behind it: what is changed here is what the page sees.

    `asked` are the requests that were filed; each is answered with `answer`. `sending` is the progress.
    """

    settings: Settings
    ledger: Ledger
    clock: Clock
    board: Board = field(default_factory=Board)
    asked: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Answer] = lambda request: Answer((*request.packets, *request.lanes))
    sending: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    alive: bool = True
    stopped: int = 0

    @property
    def desk(self) -> Desk:
        """The desk over all of this."""
        return Desk(
            settings=self.settings,
            clock=self.clock,
            files=RealFileSystem(),
            ledger=self.ledger,
            board=self.board,
            ask=self._ask,
            progress=lambda: dict(self.sending),
            is_alive=lambda: self.alive,
            stop=self._stop,
        )

    def _ask(self, request: Request) -> Future[Answer]:
        self.asked.append(request)
        answered: Future[Answer] = Future()
        answered.set_result(self.answer(request))
        return answered

    def _stop(self) -> None:
        self.stopped += 1


@contextmanager
def desk_in(folder: Path, *, clock: Clock | None = None, **changes: str) -> Iterator[DeskPractice]:
    """Make a practice with both lanes below `folder`; changes as of `tests.support.desk.practice`."""
    settings = practices.practice(folder, **changes)
    path = ledger_file(settings.agent)
    new_ledger(path.parent)
    ledger = Ledger(open_ledger(path, datetime.now(UTC)).engine)
    try:
        yield DeskPractice(settings, ledger, clock or SystemClock())
    finally:
        ledger.close()


class Browser(httpx.Client):
    """A browser at the page's address, in this process: no socket. It has a session once it is signed in.

    Requests look as the page's own do; headers of a request's own replace theirs. Not for `/events`, which has no end.
    """

    def __init__(self, app: Starlette) -> None:
        usual = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        super().__init__(transport=_InProcess(app), base_url=ORIGIN, headers=usual)
        self.app = app
        self.page: Page = app.state.page

    def sign_in(self, path: str = "/") -> httpx.Response:
        """Open a one-time link; return the answer."""
        link = self.page.sessions.link(path)
        return self.get(f"/open/{link}", headers={"Sec-Fetch-Site": "none"})


class _InProcess(httpx.BaseTransport):
    def __init__(self, app: Starlette) -> None:
        self._inner = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = httpx.ByteStream(request.read())
        whole = httpx.Request(request.method, request.url, headers=request.headers, stream=body)
        return asyncio.run(self._answer(whole))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answered = await self._inner.handle_async_request(request)
        body = await answered.aread()
        return httpx.Response(answered.status_code, headers=answered.headers, content=body, request=request)


def browser(desk: Desk, **options: Any) -> Browser:
    """A browser without a session; options as of `page_app`."""
    return Browser(page_app(desk, port=PORT, **options))


def signed_in(desk: Desk, **options: Any) -> Browser:
    """A browser with a session. `client.page` is the `Page`."""
    client = browser(desk, **options)
    assert client.sign_in().status_code == 200
    return client
