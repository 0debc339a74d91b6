"""Stands for the attachments service where only speed is asked: it counts bodies, keeps none, and says 201.

Run as a program it prints its port and serves until its standard input ends. `GET /seen` gives the arrival of each
upload's first byte and its end, as seconds of the steady clock, which all processes of a computer share.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_TOKEN = json.dumps({"access_token": "a-token-of-the-receiver", "token_type": "Bearer", "expires_in": 3600}).encode()
_HEALTHY = json.dumps({"Status": "Service is healthy"}).encode()

seen: list[tuple[float, float, int]] = []  # first byte, last byte, size


class Connection(asyncio.Protocol):
    """One connection, kept alive. Bodies are counted as they come; only the head of a request is looked at."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._head = b""
        self._left = 0
        self._size = 0
        self._begun = 0.0
        self._path = b""

    def data_received(self, data: bytes) -> None:
        while data:
            if self._left:
                taken = min(self._left, len(data))
                self._left -= taken
                data = data[taken:]
                if not self._left:
                    self._answer()
                continue
            if not self._head:
                self._begun = time.monotonic()
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = b""
            length = _LENGTH.search(head)
            self._left = self._size = int(length[1]) if length else 0
            self._path = head.split(b" ", 2)[1]
            if b"100-continue" in head.lower():
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if not self._left:
                self._answer()

    def _answer(self) -> None:
        if self._path == b"/seen":
            return self._say(200, json.dumps(seen).encode())
        if self._path == b"/forget":
            seen.clear()
            return self._say(200, b"{}")
        if self._path.startswith(b"/token"):
            return self._say(200, _TOKEN)
        if not self._size:
            return self._say(200, _HEALTHY)
        seen.append((self._begun, time.monotonic(), self._size))
        number = len(seen)
        created = {
            "attachmentControlNumber": f"CHC#{number:024x}",
            "attachmentIds": [f"CHC#{number:012d}"],
            "status": "CLOSED",
            "createdAt": "2026-07-13T12:00:00Z",
        }
        return self._say(201, json.dumps(created).encode())

    def _say(self, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
