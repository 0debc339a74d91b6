"""How a request can go wrong on its way, by name."""

from __future__ import annotations

import socket
import ssl

import httpx

REPLY_LOST = {
    "lost-after": httpx.ReadError("connection reset"),
    "silent-after": httpx.ReadTimeout("nothing came in time"),
    "garbled-after": httpx.RemoteProtocolError("illegal status line"),
}
NEVER_CONNECTED = {
    "refused": httpx.ConnectError("connection refused"),
    "no-route": httpx.ConnectTimeout("no connection in time"),
    "no-name": httpx.ConnectError("no address is known for this name"),
    "no-tls": httpx.ConnectError("certificate verify failed"),
}
NEVER_CONNECTED["no-name"].__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
NEVER_CONNECTED["no-tls"].__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed")
STATUSES = {str(status): status for status in (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 425, 500, 502, 504)}
BUSY = {"429": 429, "503": 503}
FAULTS = (
    *REPLY_LOST,
    *NEVER_CONNECTED,
    *STATUSES,
    *BUSY,
    "lost-before",
    "cut",
    "too-soon",
    "half-reply",
    "name-refused",
    "token-500",
    "token-refused",
    "token-401",
    "token-lost",
    "revoked",
    "slow",
)
