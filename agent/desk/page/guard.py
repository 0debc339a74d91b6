"""Stands before everything that the server answers: who may ask, and what a browser may do with the answer.

- The Host is ours by name and port: a name of somebody's own that leads to this PC (DNS rebinding) gets nothing.
- What a page of another site, or of another port, makes a browser fetch or post is refused (Sec-Fetch-Site, Origin).
- Pages want a session: a cookie that only a one-time link gives.
- Where the system tells whose program is at the other end, it has to be this user's: cookies know no ports, so a server
  of another user on this PC could be shown one.
- A body is read before the handler runs, and is never larger than `MOST_BYTES`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.desk.page.page import ADMITTED, ASKER, BODY, LIVE, SESSION, Page
from agent.desk.page.session import Standing
from agent.log import log, where

HOSTS = ("127.0.0.1", "localhost")
MOST_BYTES = 1_000_000
BODY_SECONDS = 20.0
SAFE = ("GET", "HEAD")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # not no-referrer: a form's Origin would be null then
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

STATIC, OPEN, EVENTS = "/static/", "/open/", "/events"
_ANOTHERS = "This page belongs to another user of this PC."

LOCKED = (
    "Locked",
    "No one used this page for {minutes}, so it hides patient data. OutTray itself carries on.",
    "Open it again from the tray: Open activity.",
)
NO_SESSION = (
    "Open this page from the tray",
    "It shows patient data, so it opens only for the person who is signed in to this PC.",
    "Click the tray icon and choose Open activity, or run: outtray open",
)


_CLOSED = "outtray.closed"  # there is, in the ASGI scope, once a request was turned away for want of a session
_HOLDS_WORK = re.compile(r"/(packet|scan|mappings)/.+").fullmatch  # the forms that people type into


def own_user(_scope: Scope) -> bool:
    """Believe that it is this user's program that asks: for where the system does not tell."""
    return True


class Guard:
    """The middleware."""

    def __init__(
        self,
        app: ASGIApp,
        page: Page,
        port: int,
        of_own_user: Callable[[Scope], bool] = own_user,
        who_asks: Callable[[Scope], str] = lambda _scope: "",
    ) -> None:
        self._app = app
        self._page = page
        self._hosts = {f"{host}:{port}" for host in HOSTS}
        self._cookie = cookie_name(port)
        self._of_own_user = of_own_user
        self._who_asks = who_asks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the request in."""
        if scope["type"] != "http":
            raise RuntimeError("The page speaks HTTP only")
        request = Request(scope)
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        refusal = self._refusal(request)
        if refusal is not None:
            if scope.get(_CLOSED) is not None and request.method == "POST" and _HOLDS_WORK(scope["path"]):
                refusal = await self._with_what_was_typed(request, receive) or refusal
            await refusal(scope, receive, send_guarded)
            return
        try:
            body = await asyncio.wait_for(_body(request, receive), BODY_SECONDS)
        except (_TooLarge, TimeoutError):
            await _refused(413, "This is more than the page takes at once.")(scope, receive, send_guarded)
            return
        if body is None:
            return
        scope[BODY] = body
        ASKER.set(self._who_asks(scope))
        try:
            await self._app(scope, _replay(body, receive), send_guarded)
        except Exception as trouble:  # noqa: BLE001 - the last place of a request: logged, and told to the person
            log.error("the page could not answer", extra={"trouble": where(trouble)})
            if not begun:
                words = "OutTray could not put this page together. Nothing is lost; its log tells IT more."
                await _refused(500, words)(scope, receive, send_guarded)

    async def _with_what_was_typed(self, request: Request, receive: Receive) -> Response | None:
        """Return the closed page with what a form holds, for the browser that sent it; None where that is no form."""
        try:
            body = await asyncio.wait_for(_body(request, receive), BODY_SECONDS)
            request.scope[BODY] = body or b""
            typed = self._page.form(request).multi_items()
        except (_TooLarge, TimeoutError, HTTPException):
            return None
        return closed_page(self._page, request, request.scope[_CLOSED], tuple(typed))

    def _refusal(self, request: Request) -> Response | None:
        headers, path, method = request.headers, request.scope["path"], request.method
        if len(headers.getlist("host")) != 1 or headers["host"].lower() not in self._hosts:
            return _refused(421, "This is not the address of the page.")
        origins = headers.getlist("origin")
        if any(not self._is_ours(origin, headers["host"]) for origin in origins):
            return _refused(403, "Another site asked for this.")
        if not self._of_own_user(request.scope):
            return _refused(403, _ANOTHERS)
        site, mode = headers.get("sec-fetch-site", ""), headers.get("sec-fetch-mode", "")
        if path.startswith(OPEN):
            fetched = mode not in ("", "navigate") or headers.get("sec-purpose", "").startswith("prefetch")
            if fetched or method not in SAFE:
                return _refused(403, "This link is for opening, not for fetching.")
            return None
        if site not in ("", "none", "same-origin"):
            return _refused(403, "Another site asked for this.")
        if path.startswith(STATIC):
            return None if method in SAFE else _refused(405, "There is nothing to change here.")
        if method not in SAFE and not origins and site != "same-origin":
            return _refused(403, "It is not told which page asks for this.")
        return self._without_session(request)

    def _is_ours(self, origin: str, host: str) -> bool:
        return origin.lower() == f"http://{host.lower()}"

    def _without_session(self, request: Request) -> Response | None:
        session = request.cookies.get(self._cookie, "")
        used = request.scope["path"] != EVENTS and LIVE not in request.headers
        standing = self._page.sessions.standing(session, used=used)
        if standing is Standing.OPEN:
            request.scope[SESSION], request.scope[ADMITTED] = session, True
            return None
        request.scope[_CLOSED] = standing
        return closed_page(self._page, request, standing)


def closed_page(page: Page, request: Request, standing: Standing, typed: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return what stands in place of everything for who has no session, or a locked one.

    `typed`: what a form held that was sent too late. It goes back to the tab that it came from, and nowhere else.
    """
    minutes = round(page.sessions.lock_seconds / 60)
    heading, *sentences = LOCKED if standing is Standing.LOCKED else NO_SESSION
    told = [sentence.format(minutes=f"{minutes} minute{'s' * (minutes != 1)}") for sentence in sentences]
    return page.render(request, "locked.html", status=403, heading=heading, sentences=told, typed=typed)


def cookie_name(port: int) -> str:
    """Return the session's cookie: cookies know no ports, so that its name has to."""
    return f"outtray-{port}"


def _add_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    # Style and icons hold nothing of anybody's: the browser may keep them, and asks whether they are still the same.
    headers["cache-control"] = "no-cache" if path.startswith(STATIC) else "no-store"


def _refused(status: int, sentence: str) -> PlainTextResponse:
    return PlainTextResponse(f"{sentence}\n", status)


class _TooLarge(Exception):
    """The body is larger than it may be."""


async def _body(request: Request, receive: Receive) -> bytes | None:
    """Read the whole body; None where whoever asked has gone. That of a GET says nothing, and is not waited for."""
    if request.method in SAFE:
        return b""
    headers = request.headers
    told = headers.get("content-length", "0")
    if not told.isdigit() or int(told) > MOST_BYTES:
        raise _TooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise _TooLarge
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> MutableMapping[str, Any]:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
