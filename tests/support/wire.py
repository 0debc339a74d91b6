"""Destinations, clocks and tiny servers for tests of the wire. Nobody real is in them."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from agent.clock import Reading
from agent.destinations.attachments import AttachmentsDestination
from agent.destinations.limiter import UploadLimiter
from agent.destinations.outcomes import Service
from agent.destinations.statements import StatementsDestination
from agent.destinations.transport import build_client
from agent.folder.real import RealFileSystem
from agent.model import AttachmentRequest, StatementUpload

SECRET = "s3cret/of+Main Street"
KEY = "key-of-main-street"
NOW = datetime(2026, 7, 4, 9, 0, tzinfo=UTC)
SERVICE = Service("attachments service", "https://api.example.com/documents", "main-street", "client_secret")
METADATA = {
    "submitterId": "SUBMITTER-1",
    "billingProviderTaxId": "123456789",
    "claimId": "CLM-1",
    "payerId": "ABC12",
    "providerNPI": "1234567893",
    "dateOfService": "2026-07-01",
    "patientLastName": "Doe",
    "patientFirstName": "Jane",
    "patientDateOfBirth": "1990-01-31",
    "memberId": "M-1",
}
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


SUCCESS = {
    "attachments": b'{"attachmentControlNumber": "CHC#0123456789abcdef01234567", "attachmentIds": ["CHC#000000000"]}',
    "statements": b'{"savedPaymentId": "01GQSVMZH59XSSXFXKNBZNW6PY"}',
}
"""What each service says when it has taken an upload of one file."""
OWN_ERROR = {
    "attachments": b'{"type": "about:blank", "title": "Bad", "status": 400, "properties": {"errors": []}}',
    "statements": b'{"subErrors": [], "message": "Something is wrong."}',
}
"""How each service says that it has not."""


def own_words(kind: str, status: int) -> bytes:
    """What a service's own reply of this status holds; 204 holds nothing."""
    if status == 204:
        return b""
    return (SUCCESS if status < 300 else OWN_ERROR)[kind]


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return NOW

    def steady(self) -> float:
        return self.seconds

    def read(self) -> Reading:
        return Reading(NOW, self.seconds, "boot")


def ignore_progress(sent: int, total: int) -> None:
    """Nobody looks."""


def limiter() -> UploadLimiter:
    return UploadLimiter(None, lambda: 0.0)


def attachments(client: httpx.Client, base: str = "https://api.example.com", **changes: Any) -> AttachmentsDestination:
    return AttachmentsDestination(
        **{
            "store": "main-street",
            "base_url": base,
            "token_url": f"{base}/token",
            "client_id": "client-1",
            "secret": lambda: SECRET,
            "client": client,
            "files": RealFileSystem(),
            "limiter": limiter(),
            "clock": HandClock(),
            **changes,
        }
    )


def statements(client: httpx.Client, base: str = "https://api.example.com", **changes: Any) -> StatementsDestination:
    return StatementsDestination(
        **{
            "store": "main-street",
            "base_url": base,
            "store_id": "01GDG5BZA29R3SZMZ63Y2GFENV",
            "api_key": lambda: KEY,
            "client": client,
            "files": RealFileSystem(),
            "limiter": limiter(),
            "clock": HandClock(),
            **changes,
        }
    )


def scan(place: Path, *names: str, content: bytes = PDF) -> AttachmentRequest:
    """Write the scans and return the request that sends them."""
    for name in names:
        (place / name).write_bytes(content)
    return AttachmentRequest(METADATA, tuple((name, "application/pdf") for name in names))


def statement(place: Path, filename: str = "Statements.xml", content: bytes = b'{"filename": "x"}') -> StatementUpload:
    """Write a spool file and return the request that sends it."""
    spool = place / "spool.json"
    spool.write_bytes(content)
    return StatementUpload(filename, spool, len(content), 1)


def mocked(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return build_client(transport=httpx.MockTransport(handler))


def with_token(handler: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """A client whose service gives out tokens and otherwise answers as `handler` does."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "token-1", "expires_in": 3600})
        return handler(request)

    return mocked(answer)


class Connection:
    """The server's side of one connection, for scripts that answer byte by byte."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._buffer = b""

    def read_headers(self) -> bytes:
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head.lower()

    def read_body(self, head: bytes, part: float = 1.0) -> None:
        """Read the body, or a part of it."""
        left = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0) * part
        while left > len(self._buffer):
            left -= len(self._buffer)
            self._buffer = b""
            self._receive()
        self._buffer = b""

    def reply(self, status: int, body: bytes = b"", *headers: str) -> None:
        said = any(header.startswith("Content-Type:") for header in headers)
        kind = ["Content-Type: application/json"] if body[:1] in (b"{", b"[") and not said else []
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *kind, *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + body)

    def reset(self) -> None:
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def until_gone(self) -> None:
        """Say nothing until the client hangs up."""
        while self.socket.recv(65536):
            pass

    def _receive(self) -> None:
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError
        self._buffer += received


def impatient(client: httpx.Client, read: float, *, after: str = "body", tokens: bool = False) -> None:
    """Let a client wait `read` seconds only for what comes after its body, or after the reply's "status".

    All else has as much time as a busy machine needs, so that what runs out is what the test is about. `tokens`: it
    holds for them, too.
    """

    def shorten(request: httpx.Request) -> None:
        if tokens or request.url.path != "/token":
            request.extensions["timeout"]["read"] = read

    if after == "body":
        client.event_hooks = {"request": [shorten]}
    else:
        client.event_hooks = {"response": [lambda response: shorten(response.request)]}


@contextmanager
def serving(script: Callable[[Connection], None], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server on loopback that runs `script` for each connection; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads: list[threading.Thread] = []
        over = threading.Event()

        def talk(sock: socket.socket) -> None:
            try:
                with tls.wrap_socket(sock, server_side=True) if tls else sock as secured:
                    script(Connection(secured))
            except OSError:
                sock.close()

        def accept() -> None:
            while True:
                sock, _ = listener.accept()
                if over.is_set():
                    sock.close()
                    return
                threads.append(threading.Thread(target=talk, args=(sock,), daemon=True))
                threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            socket.create_connection(listener.getsockname()).close()
            accepting.join(5)
            for thread in threads:
                thread.join(5)


def token_or(script: Callable[[Connection, bytes], None]) -> Callable[[Connection], None]:
    """A script that gives out tokens, and hands every other request's headers to `script`."""

    def talk(connection: Connection) -> None:
        while True:
            head = connection.read_headers()
            if b" /token " in head:
                connection.read_body(head)
                connection.reply(200, b'{"access_token": "token-1", "expires_in": 3600}')
            else:
                script(connection, head)
                return

    return talk
