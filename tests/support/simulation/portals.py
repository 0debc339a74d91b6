"""What stands between a practice and its services: portals and gateways that answer in the service's place."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx

from tests.support.simulation.weather import REPLY_LOST

PAGE = b"<!DOCTYPE html><html><body>The guest network asks you to sign in.</body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}

FOREIGN: dict[str, tuple[int, dict[str, str], bytes]] = {
    "page-200": (200, HTML, PAGE),
    "page-302": (302, {**HTML, "Location": "https://portal.example.com/"}, PAGE),
    "page-400": (400, HTML, PAGE),
    "page-403": (403, HTML, PAGE),
    "page-422": (422, HTML, PAGE),
    "page-503": (503, HTML, PAGE),
    "page-as-json": (200, {"Content-Type": "application/json"}, PAGE),
    "empty-200": (200, {}, b""),
    "empty-204": (204, {}, b""),
    "list-200": (200, {"Content-Type": "application/json"}, b"[]"),
    "status-200": (200, {"Content-Type": "application/json"}, b'{"status": "BAD_REQUEST", "message": "No such store"}'),
    "says-no-200": (200, {"Content-Type": "application/json"}, b'{"success": "false", "text": "Store is not active"}'),
    "error-within-200": (200, {"Content-Type": "application/json"}, b'{"data": {"error": "STORE_NOT_FOUND"}}'),
    "away-200": (200, {"Content-Type": "application/json"}, b'{"status": "maintenance"}'),
    "problem-200": (200, {"Content-Type": "application/problem+json"}, b'{"title": "Bad Request", "status": 400}'),
}
"""Answers that are not the service's, whatever they call themselves: nothing was taken."""

GATEWAY = {"gateway-408": 408, "gateway-502": 502, "gateway-503": 503, "gateway-504": 504, "gateway-500": 500}
TAKEN = tuple(f"{name}-taken" for name in GATEWAY)
CUT = "cut-201-taken"
BEFORE = tuple(f"{name}-before" for name in ("page-200", "page-400", "page-403", "page-503", "empty-200"))
PORTALS = (*FOREIGN, *BEFORE)
GATEWAYS = (*GATEWAY, *TAKEN, *TAKEN, CUT)


def before_the_body(fault: str) -> httpx.Response | None:
    """Return the answer that comes before a byte of the body was read."""
    return _foreign(fault.removesuffix("-before")) if fault in BEFORE else None


def instead(fault: str) -> httpx.Response | None:
    """Return the answer to a whole body that the service never saw."""
    if fault in GATEWAY:
        return _gateway(fault)
    return _foreign(fault) if fault in FOREIGN else None


def after_it_was_taken(fault: str, reply: object) -> httpx.Response | None:
    """Return, or raise, what comes in place of the service's own answer once it has taken the request."""
    if fault in REPLY_LOST:
        raise REPLY_LOST[fault]
    if fault in TAKEN:
        return _gateway(fault.removesuffix("-taken"))
    text = json.dumps(reply).encode()
    if fault == "half-reply":
        return httpx.Response(201, content=text[:-9])
    if fault == CUT:
        headers = {"Content-Type": "application/json", "Content-Length": "200"}
        return httpx.Response(201, headers=headers, stream=_Broken(text[:58]))
    return None


def is_an_answer(fault: str, status: int) -> bool:
    """Tell whether somebody has answered, and not a gateway that had no answer itself, or with half of one."""
    return fault != CUT and status not in (408, 502, 503, 504)


def _foreign(name: str) -> httpx.Response:
    status, headers, content = FOREIGN[name]
    return httpx.Response(status, headers=headers, content=content)


def _gateway(name: str) -> httpx.Response:
    return httpx.Response(GATEWAY[name], headers=HTML, content=b"<html><body>The gateway had no answer.</body></html>")


class _Broken(httpx.SyncByteStream):
    def __init__(self, start: bytes) -> None:
        self._start = start

    def __iter__(self) -> Iterator[bytes]:
        yield self._start
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
