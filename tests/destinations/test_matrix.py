"""Every mishap at every moment, on real sockets, for both services."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Event

import httpx
import pytest

from agent.destinations.transport import build_client
from agent.model import AttemptResult, Blocked, Delivered, Outcome, Refused, Retry, Unknown
from tests.support.practice import reserved_port
from tests.support.wire import (
    Connection,
    attachments,
    ignore_progress,
    impatient,
    own_words,
    scan,
    serving,
    statement,
    statements,
    token_or,
)

SIZE = 32 * 1024 * 1024  # more than the buffers of both ends hold
KINDS = ["attachments", "statements"]

Script = Callable[[Connection], None]


def sent(kind: str, url: str, place: Path, *, size: int = 1000, silent_after: str = "") -> AttemptResult:
    client = build_client()
    client.timeout = httpx.Timeout(60)
    if silent_after:
        impatient(client, 0.1, after=silent_after)
    if kind == "attachments":
        destination, request = attachments(client, url), scan(place, "a.pdf", content=bytes(size))
    else:
        destination, request = statements(client, url), statement(place, content=bytes(size))
    try:
        return destination.send(request, place, ignore_progress, Event())
    finally:
        destination.close()


def meeting(kind: str, then: Callable[[Connection, bytes], None]) -> Script:
    if kind == "attachments":
        return token_or(then)
    return lambda connection: then(connection, connection.read_headers())


def reset(connection: Connection) -> None:
    connection.reset()


def close(connection: Connection) -> None:
    connection.socket.close()


def garbage(connection: Connection) -> None:
    connection.socket.sendall(b"SSH-2.0-nothing of the kind\r\n\r\n")


ENDS = pytest.mark.parametrize("end", [reset, close, garbage])
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


@ENDS
def test_the_token(tmp_path: Path, end):
    def script(connection: Connection) -> None:
        connection.read_headers()
        end(connection)

    with serving(script) as url:
        result = sent("attachments", url, tmp_path)
    assert isinstance(result.outcome, Retry)
    assert result.files == ()


@EVERY_KIND
@pytest.mark.parametrize("end", [reset, close])
@pytest.mark.parametrize("part", [0.0, 0.25])
def test_the_upload_was_cut_short(tmp_path: Path, kind: str, end, part: float):
    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head, part)
        end(connection)

    with serving(meeting(kind, script)) as url:
        result = sent(kind, url, tmp_path, size=SIZE)
    assert isinstance(result.outcome, Retry)
    assert not result.outcome.unreachable
    assert result.files == ()


@ENDS
@EVERY_KIND
def test_the_reply_was_lost(tmp_path: Path, kind: str, end):
    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        end(connection)

    with serving(meeting(kind, script)) as url:
        result = sent(kind, url, tmp_path)
    assert isinstance(result.outcome, Unknown)
    assert len(result.files) == 1


@EVERY_KIND
def test_the_reply_never_comes(tmp_path: Path, kind: str):
    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        connection.until_gone()

    with serving(meeting(kind, script)) as url:
        result = sent(kind, url, tmp_path, silent_after="body")
    assert isinstance(result.outcome, Unknown)


@EVERY_KIND
@pytest.mark.parametrize("end", [reset, close, Connection.until_gone], ids=["reset", "close", "silence"])
@pytest.mark.parametrize(("status", "expected"), [(201, Unknown), (400, Unknown), (503, Unknown), (403, Blocked)])
def test_the_reply_breaks_off_after_its_status(tmp_path: Path, kind: str, end, status: int, expected: type[Outcome]):
    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        connection.socket.sendall(f'HTTP/1.1 {status} X\r\nContent-Length: 1000\r\n\r\n{{"half": "'.encode())
        Event().wait(0.05)  # or the reset would overtake what was sent
        end(connection)

    with serving(meeting(kind, script)) as url:
        result = sent(kind, url, tmp_path, silent_after="status")
    assert isinstance(result.outcome, expected)


@EVERY_KIND
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Delivered), (201, Delivered), (301, Blocked), (307, Blocked), (400, Refused),
        (401, Blocked), (403, Blocked), (404, Blocked), (405, Blocked), (408, Retry), (409, Refused), (413, Refused),
        (415, Refused), (422, Refused), (425, Retry), (429, Retry), (500, Retry), (502, Retry), (503, Retry),
    ],
)  # fmt: skip
def test_every_status(tmp_path: Path, kind: str, status: int, expected: type[Outcome]):
    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        connection.reply(status, own_words(kind, status), "Retry-After: 3", "Connection: close")

    with serving(meeting(kind, script)) as url:
        result = sent(kind, url, tmp_path)
    assert isinstance(result.outcome, expected)
    if isinstance(result.outcome, Retry):
        assert result.outcome.after == 3


@EVERY_KIND
@pytest.mark.parametrize(("status", "expected"), [(413, Refused), (403, Blocked), (201, Unknown)])
def test_the_service_answers_before_it_has_everything(tmp_path: Path, kind: str, status: int, expected: type[Outcome]):
    def script(connection: Connection, head: bytes) -> None:
        connection.reply(status, own_words(kind, status))
        connection.socket.shutdown(socket.SHUT_WR)
        connection.read_body(head, 0.3)
        connection.socket.shutdown(socket.SHUT_RD)
        connection.reset()

    with serving(meeting(kind, script)) as url:
        result = sent(kind, url, tmp_path, size=SIZE)
    # A reset may destroy the early answer on its way: then the send is simply tried again.
    assert isinstance(result.outcome, expected | Retry)


@EVERY_KIND
def test_nobody_listens(tmp_path: Path, kind: str):
    with reserved_port() as port:
        result = sent(kind, f"http://127.0.0.1:{port}", tmp_path)
    assert isinstance(result.outcome, Retry)
    assert result.outcome.unreachable


@EVERY_KIND
def test_the_name_is_not_known(tmp_path: Path, kind: str):
    result = sent(kind, "http://nowhere.invalid.localhost", tmp_path)
    assert isinstance(result.outcome, Retry)
    assert result.outcome.unreachable


@EVERY_KIND
def test_no_tls_where_it_should_be(tmp_path: Path, kind: str):
    with serving(garbage) as url:
        result = sent(kind, url.replace("http:", "https:"), tmp_path)
    assert isinstance(result.outcome, Blocked)


def test_a_file_that_changes_on_the_way_never_arrives_whole(tmp_path: Path):
    heads: list[bytes] = []
    gone = Event()

    def script(connection: Connection, head: bytes) -> None:
        heads.append(head)
        try:
            connection.read_body(head)
            heads.append(b"whole")
        finally:
            gone.set()

    def change(sent: int, total: int) -> None:
        with (tmp_path / "a.pdf").open("ab") as file:
            file.write(b"!")

    with serving(token_or(script)) as url:
        destination = attachments(build_client(), url)
        result = destination.send(scan(tmp_path, "a.pdf", content=bytes(4_000_000)), tmp_path, change, Event())
        destination.close()
        assert gone.wait(60)
    assert isinstance(result.outcome, Retry)
    assert result.outcome.problem.code == "file-changed"
    assert b"whole" not in heads
