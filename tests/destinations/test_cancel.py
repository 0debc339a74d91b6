"""`cancel` ends a send at once, and the outcome says what the service may have."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from agent.destinations import network
from agent.destinations.limiter import UploadLimiter
from agent.destinations.transport import build_client
from agent.model import AttemptResult, Delivered, Retry, Unknown
from tests.support.wire import Connection, attachments, scan, serving, statement, statements, token_or

BIG = 32 * 1024 * 1024
AT_ONCE = 15.0
"""Seconds that a busy machine may take to run each thread once. Without a look at `cancel` all here takes a minute."""


class Sending:
    """A send in a thread of its own, with the moments at which it was stopped and ended."""

    def __init__(self, destination, request, place: Path) -> None:
        self.cancel = Event()
        self.sent = 0
        self.moved = Event()
        self._result: list[AttemptResult] = []
        self._thread = threading.Thread(target=self._run, args=(destination, request, place), daemon=True)
        self._thread.start()

    def _run(self, destination, request, place: Path) -> None:
        self._result.append(destination.send(request, place, self._progress, self.cancel))

    def _progress(self, sent: int, total: int) -> None:
        self.sent = sent
        self.moved.set()

    def stop(self) -> AttemptResult:
        self.cancel.set()
        self._thread.join(AT_ONCE)
        assert not self._thread.is_alive(), "cancel was not looked at"
        return self._result[0]


def lane(kind: str, url: str, place: Path, size: int = 100, **changes):
    client = build_client()
    if kind == "attachments":
        return attachments(client, url, **changes), scan(place, "a.pdf", content=b"x" * size)
    return statements(client, url, **changes), statement(place, content=b"x" * size)


def script(kind: str, then: Callable[[Connection, bytes], None]) -> Callable[[Connection], None]:
    if kind == "attachments":
        return token_or(then)
    return lambda connection: then(connection, connection.read_headers())


def test_every_wait_looks_at_cancel_several_times_a_second():
    assert network.SLICE <= 0.25


KINDS = pytest.mark.parametrize("kind", ["attachments", "statements"])


@KINDS
def test_while_waiting_for_the_reply_it_is_unknown(tmp_path: Path, kind: str):
    waiting = Event()

    def hang(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        waiting.set()
        connection.until_gone()

    with serving(script(kind, hang)) as url:
        destination, request = lane(kind, url, tmp_path)
        sending = Sending(destination, request, tmp_path)
        assert waiting.wait(60)
        result = sending.stop()
        destination.close()
    assert isinstance(result.outcome, Unknown)
    assert len(result.files) == 1


@KINDS
def test_in_the_middle_of_a_stalled_upload_it_is_tried_again(tmp_path: Path, kind: str):
    over = Event()

    def stall(connection: Connection, head: bytes) -> None:
        over.wait(60)  # reads nothing: the client's buffers fill up

    with serving(script(kind, stall)) as url:
        destination, request = lane(kind, url, tmp_path, BIG)
        sending = Sending(destination, request, tmp_path)
        assert sending.moved.wait(60)
        result = sending.stop()
        over.set()
        destination.close()
    assert isinstance(result.outcome, Retry)
    assert result.outcome.problem.code == "stopped"
    assert not result.outcome.unreachable
    assert result.files == ()
    assert sending.sent < BIG


@KINDS
def test_while_the_upload_limit_holds_it_back(tmp_path: Path, kind: str):
    with serving(script(kind, lambda connection, head: connection.read_body(head))) as url:
        limit = UploadLimiter(1000, time.monotonic)
        destination, request = lane(kind, url, tmp_path, 100_000, limiter=limit)
        sending = Sending(destination, request, tmp_path)
        result = sending.stop()
        destination.close()
    assert isinstance(result.outcome, Retry)


@KINDS
def test_while_the_body_of_a_success_comes_it_is_delivered(tmp_path: Path, kind: str):
    waiting = Event()

    def half(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        connection.socket.sendall(b'HTTP/1.1 201 X\r\nContent-Length: 100\r\n\r\n{"half": ')
        waiting.set()
        connection.until_gone()

    with serving(script(kind, half)) as url:
        destination, request = lane(kind, url, tmp_path)
        sending = Sending(destination, request, tmp_path)
        assert waiting.wait(60)
        result = sending.stop()
        destination.close()
    # Stopped before the status was read: nobody knows. After it: the service has said that it took it.
    assert isinstance(result.outcome, Delivered | Unknown)
    assert len(result.files) == 1


def test_while_waiting_for_a_token(tmp_path: Path):
    asked = Event()

    def silent(connection: Connection) -> None:
        connection.read_headers()
        asked.set()
        connection.until_gone()

    with serving(silent) as url:
        destination, request = lane("attachments", url, tmp_path)
        sending = Sending(destination, request, tmp_path)
        assert asked.wait(60)
        result = sending.stop()
        destination.close()
    assert isinstance(result.outcome, Retry)
    assert result.outcome.problem.code == "stopped"


@KINDS
def test_before_it_began(tmp_path: Path, kind: str):
    reached: list[Connection] = []
    with serving(reached.append) as url:
        destination, request = lane(kind, url, tmp_path)
        cancel = Event()
        cancel.set()
        result = destination.send(request, tmp_path, lambda sent, total: None, cancel)
        destination.close()
    assert isinstance(result.outcome, Retry)
    assert reached == []
