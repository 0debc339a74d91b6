"""The gate in front of both services: numbers the requests and lets the fault plan have its way with them.

Mishaps before acceptance never reach the services. Mishaps after it stand in for the reply: the services work as ever,
and what they answer is dropped, delayed or spoilt on its way out.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.sandbox import connection
from agent.sandbox.bodies import drain
from agent.sandbox.faults import Mishap, PlannedFault
from agent.sandbox.others import instead_of, without
from agent.sandbox.paths import traffic_of
from agent.sandbox.replies import error_for, title_of
from agent.sandbox.state import State

HUGE_BYTES = 1024**3
_CHUNK = 64 * 1024
_NOTHING = [(b"content-length", b"0")]


class Gate:
    """ASGI middleware around the services."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        traffic = traffic_of(scope["method"], scope["path"])
        fault = None
        seen = None
        if traffic is not None:
            seen, fault = self._state.register(traffic, scope["path"])
            scope["state"]["number"] = seen.number

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["date"] = format_datetime(self._state.clock.now(), usegmt=True)
                if seen is not None:
                    seen.status = message["status"]
            await send(message)

        with suppress(ClientDisconnect):  # the client went away before its body was whole: nothing was accepted
            await self._meet(fault, scope, receive, send_dated)

    async def _meet(self, fault: PlannedFault | None, scope: Scope, receive: Receive, send: Send) -> None:
        if fault is None:
            await self._app(scope, receive, send)
            return
        match fault.mishap:
            case Mishap.STATUS:
                await drain(Request(scope, receive))
                await _status_reply(scope["path"], fault)(scope, receive, send)
            case Mishap.PORTAL | Mishap.HTML | Mishap.EMPTY | Mishap.SAYS_NO | Mishap.GATEWAY:
                await drain(Request(scope, receive))
                await instead_of(fault.mishap, scope["path"], fault.status)(scope, receive, send)
            case Mishap.PORTAL_BEFORE_BODY:
                await instead_of(Mishap.PORTAL, scope["path"], 200)(scope, receive, send)
                await connection.close(scope, receive)
            case Mishap.DROP_BEFORE_BODY:
                await connection.reset(scope, receive)
            case Mishap.DROP_MID_BODY:
                await _read_half(scope, receive)
                await connection.reset(scope, receive)
            case Mishap.DROP_UNACCEPTED:
                await drain(Request(scope, receive))
                await connection.close(scope, receive)
            case Mishap.REVOKE | Mishap.EXPIRED:
                await self._without_token(fault, scope, receive, send)
            case _:
                await self._app(scope, receive, _Spoiler(fault, scope, receive, send))

    async def _without_token(self, fault: PlannedFault, scope: Scope, receive: Receive, send: Send) -> None:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            await drain(Request(scope, receive))
            await error_for(scope["path"], 401, "The credentials are no longer good")(scope, receive, send)
            return
        if fault.mishap is Mishap.REVOKE:
            self._state.tokens.revoke(token)
        else:
            self._state.tokens.expire(token)
        await self._app(scope, receive, send)


class _Spoiler:
    """A `send` that keeps the reply of an accepted request from arriving as it should."""

    def __init__(self, fault: PlannedFault, scope: Scope, receive: Receive, send: Send) -> None:
        self._fault = fault
        self._scope = scope
        self._receive = receive
        self._send = send
        self._over = False
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if self._over:
            return
        if message["type"] == "http.response.start":
            await self._on_start(message)
        elif self._fault.mishap in (Mishap.NO_NUMBER, Mishap.FEWER_IDS):
            await self._rewritten(message)
        elif self._fault.mishap is Mishap.TRUNCATED:
            self._over = True
            half = message["body"][: len(message["body"]) // 2]
            await self._send({"type": "http.response.body", "body": half, "more_body": True})
            await connection.close(self._scope, self._receive)
        else:
            await self._send(message)

    async def _on_start(self, message: Message) -> None:
        match self._fault.mishap:
            case Mishap.DROP_AFTER_BODY:
                self._over = True
                await connection.close(self._scope, self._receive)
            case Mishap.HANG:
                self._over = True
                await self._until_gone(float(self._fault.seconds) if self._fault.seconds else None)
                await connection.close(self._scope, self._receive)
            case Mishap.SLOW_REPLY:
                await self._until_gone(float(self._fault.seconds))
                await self._send(message)
            case Mishap.GARBAGE:
                self._over = True
                await self._restart(message)
                await self._send({"type": "http.response.body", "body": b"<html>not the JSON that was promised"})
            case Mishap.GATEWAY_AFTER:
                self._over = True
                page = instead_of(Mishap.GATEWAY, self._scope["path"], self._fault.status)
                await page(self._scope, self._receive, self._send)
            case Mishap.EMPTY_AFTER:
                self._over = True
                await self._send({"type": "http.response.start", "status": message["status"], "headers": _NOTHING})
                await self._send({"type": "http.response.body", "body": b""})
            case Mishap.NO_NUMBER | Mishap.FEWER_IDS:
                self._start = message  # its length is known once the body is
            case Mishap.HUGE:
                self._over = True
                await self._restart(message)
                await self._pour()
            case _:
                await self._send(message)

    async def _rewritten(self, message: Message) -> None:
        """Send the reply of an upload without its number, or with one attachment ID fewer."""
        body = message["body"]
        start, self._start = self._start, None
        if start is not None:
            body = without(body, number=self._fault.mishap is Mishap.NO_NUMBER)
            if body != message["body"]:
                MutableHeaders(scope=start)["content-length"] = str(len(body))
            await self._send(start)
        await self._send({**message, "body": body})

    async def _until_gone(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await connection.until_gone(self._receive)
        except TimeoutError:
            return

    async def _restart(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        del headers["content-length"]  # so that the size of the body does not show beforehand
        headers["content-type"] = "application/json"
        await self._send(message)

    async def _pour(self) -> None:
        chunk = b" " * _CHUNK
        for sent in range(_CHUNK, HUGE_BYTES + 1, _CHUNK):
            if connection.is_gone(self._scope):
                return
            await self._send({"type": "http.response.body", "body": chunk, "more_body": sent < HUGE_BYTES})


def _status_reply(path: str, fault: PlannedFault) -> Response:
    headers = {"retry-after": fault.seconds} if fault.seconds else {}
    if fault.status in (204, 304):
        return Response(status_code=fault.status, headers=headers)
    return error_for(path, fault.status, f"The sandbox was asked to say: {title_of(fault.status)}", headers)


async def _read_half(scope: Scope, receive: Receive) -> None:
    """Read half of a body of known length, or the first bytes of another."""
    half = int(Headers(scope=scope).get("content-length", "2")) // 2
    read = 0
    while read < half:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return
