"""The matrix, generated: every mishap at every moment of a try, for both services, over TLS on real sockets.

A mishap that cannot happen at a moment (an open connection cannot be refused any more) is left out by `expected`.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cache
from itertools import product
from pathlib import Path
from threading import Event
from typing import Literal

import httpx
import pytest
import trustme

from agent.destinations.transport import build_client
from agent.model import (
    AttachmentRequest,
    AttemptResult,
    Blocked,
    Delivered,
    Outcome,
    Refused,
    Retry,
    StatementUpload,
    Unknown,
)
from tests.support.practice import reserved_port
from tests.support.wire import (
    METADATA,
    Connection,
    attachments,
    ignore_progress,
    impatient,
    own_words,
    serving,
    statements,
    token_or,
)

pytestmark = pytest.mark.slow

Kind = Literal["attachments", "statements"]
Phase = Literal["token", "upload start", "upload middle", "after body", "reading the reply"]
Mishap = int | Literal["refused", "reset", "dns", "tls", "timeout"]

KINDS: tuple[Kind, ...] = ("attachments", "statements")
PHASES: tuple[Phase, ...] = ("token", "upload start", "upload middle", "after body", "reading the reply")
STATUSES = (103, 200, 204, 302, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503)
MISHAPS: tuple[Mishap, ...] = (*STATUSES, "refused", "reset", "dns", "tls", "timeout")

LARGE = 48 * 1024 * 1024  # more than the buffers between both ends hold
SMALL = 1000
WAIT = 0.4


def by_status(status: int) -> type[Outcome]:
    """By the service's own reply of this status, after the whole body; a 204 proves nothing."""
    if status == 204:
        return Unknown
    if status < 300:
        return Delivered
    if status < 400 or status in (401, 403, 404):
        return Blocked
    return Retry if status in (429, 500, 503) else Refused


def expected(kind: Kind, phase: Phase, mishap: Mishap) -> tuple[type[Outcome], ...] | None:
    """Return what may become of the try; None where the mishap cannot happen then."""
    if phase == "token" and kind == "statements":
        return None
    begins = phase in ("token", "upload start")
    if mishap in ("refused", "dns"):
        return (Retry,) if begins else None
    if mishap == "tls" and begins:
        return (Blocked,)
    if isinstance(mishap, int) and mishap >= 200:
        if phase == "token":  # no packet is to blame; a success without a token is no success
            return (Retry,) if mishap < 300 else (Retry,) if by_status(mishap) is Retry else (Blocked,)
        if phase in ("upload start", "upload middle"):  # an answer that came too soon can be lost with the connection
            return (Retry,) if mishap == 204 else (Unknown if mishap < 300 else by_status(mishap), Retry)
        if phase == "reading the reply":  # only what the status alone says, whoever says it, holds without its end
            spoken_for = by_status(mishap) is Blocked or mishap == 429
            return None if mishap == 204 else (by_status(mishap),) if spoken_for else (Unknown,)
        # An empty 2xx of the statements service is asked after at its search; that cannot be reached here.
        return (Delivered, Unknown) if mishap == 204 else (by_status(mishap),)
    if phase == "after body":
        return (Unknown,)
    if phase == "reading the reply":
        return None if isinstance(mishap, int) else (Unknown,)
    return (Retry,)


CASES = [
    (kind, phase, mishap, outcomes)
    for kind, phase, mishap in product(KINDS, PHASES, MISHAPS)
    if (outcomes := expected(kind, phase, mishap)) is not None
]


# --- The other side --------------------------------------------------------------------------------------------------


@cache
def authority(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


@cache
def server_side(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority(name).issue_cert("127.0.0.1").configure_cert(context)
    return context


def client_side() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority("trusted").configure_trust(context)
    return context


def happen(connection: Connection, mishap: Mishap, kind: Kind, phase: Phase, over: Event) -> None:
    """Let it happen, at this moment of the connection. `over`: the try has ended."""
    if isinstance(mishap, int):
        _answer(connection, mishap, kind, phase)
    elif mishap == "tls":
        os.write(connection.socket.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))  # below TLS: a record that is forged
        Event().wait(0.05)
        connection.reset()
    elif mishap == "timeout":
        over.wait(60)
        connection.reset()
    else:
        connection.reset()


def _answer(connection: Connection, status: int, kind: Kind, phase: Phase) -> None:
    if status < 200:
        connection.socket.sendall(f"HTTP/1.1 {status} X\r\n\r\n".encode())
    elif phase == "reading the reply":
        connection.socket.sendall(f'HTTP/1.1 {status} X\r\nContent-Length: 999\r\n\r\n{{"a'.encode())
    else:
        connection.reply(status, own_words(kind, status), "Connection: close")
        with suppress(OSError):
            connection.socket.shutdown(socket.SHUT_WR)
    Event().wait(0.05)  # or the reset would overtake what was sent
    connection.reset()


def script(connection: Connection, head: bytes, kind: Kind, phase: Phase, mishap: Mishap, over: Event) -> None:
    """Talk as far as the moment, then let it happen."""
    connection.read_body(head, {"upload start": 0.0, "upload middle": 0.25}.get(phase, 1.0))
    if phase == "reading the reply" and not isinstance(mishap, int):
        connection.socket.sendall(b'HTTP/1.1 201 X\r\nContent-Length: 999\r\n\r\n{"a')
        Event().wait(0.05)
    happen(connection, mishap, kind, phase, over)


def address(stack: ExitStack, mishap: Mishap, kind: Kind, phase: Phase) -> str:
    """The address of a service at which it happens when somebody connects, or later."""
    if mishap == "dns":
        return "https://nowhere.invalid.localhost"
    name = "a stranger" if mishap == "tls" and phase in ("token", "upload start") else "trusted"

    over = Event()

    def talk(connection: Connection) -> None:
        script(connection, connection.read_headers(), kind, phase, mishap, over)

    if mishap == "refused":
        return f"https://127.0.0.1:{stack.enter_context(reserved_port())}"
    url = stack.enter_context(serving(talk, server_side(name)))
    stack.callback(over.set)
    return url


@pytest.fixture(scope="module")
def token_url() -> Iterator[str]:
    """A token service that is in order."""
    with serving(token_or(lambda connection, _head: connection.reset()), server_side("trusted")) as url:
        yield f"{url}/token"


def tried(kind: Kind, url: str, token_url: str, place: Path, phase: Phase, mishap: Mishap) -> AttemptResult:
    client = build_client(ssl_context=client_side())
    client.timeout = httpx.Timeout(60, write=WAIT if mishap == "timeout" else 60)
    if mishap == "timeout":
        impatient(client, WAIT, after="status" if phase == "reading the reply" else "body", tokens=phase == "token")
    size = LARGE if phase in ("upload start", "upload middle") else SMALL
    path = place / ("a.pdf" if kind == "attachments" else "spool.json")
    path.touch()
    os.truncate(path, size)
    request: AttachmentRequest | StatementUpload
    if kind == "attachments":
        destination = attachments(client, url, token_url=token_url)
        request = AttachmentRequest(METADATA, (("a.pdf", "application/pdf"),))
    else:
        destination = statements(client, url)
        request = StatementUpload("Statements.xml", path, size, 1)
    try:
        return destination.send(request, place, ignore_progress, Event())
    finally:
        destination.close()


@pytest.mark.parametrize(
    ("kind", "phase", "mishap", "outcomes"), CASES, ids=["-".join(map(str, case[:3])) for case in CASES]
)
def test_what_becomes_of_it(
    tmp_path: Path, token_url: str, kind: Kind, phase: Phase, mishap: Mishap, outcomes: tuple[type[Outcome], ...]
) -> None:
    with ExitStack() as stack:
        url = address(stack, mishap, kind, phase)
        result = tried(kind, url, f"{url}/token" if phase == "token" else token_url, tmp_path, phase, mishap)
    assert isinstance(result.outcome, outcomes), result.outcome
    assert bool(result.files) is (phase in ("after body", "reading the reply")), "files went out whole, or did not"
    if isinstance(result.outcome, Retry):
        assert result.outcome.unreachable is (mishap in ("refused", "dns"))


def test_the_matrix_is_whole() -> None:
    assert {(kind, phase) for kind, phase, _, _ in CASES} == set(product(KINDS, PHASES)) - {("statements", "token")}
    assert {mishap for _, _, mishap, _ in CASES} == set(MISHAPS)
    assert {status // 100 for status in STATUSES} == {1, 2, 3, 4, 5}
