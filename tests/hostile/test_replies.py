"""What a vendor may answer: endless, dripping, hostile. Bounded in time and memory, and shown safely wherever it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.destinations import network
from agent.destinations.outcomes import LONGEST_WAIT, classify_reply, retry_after
from agent.destinations.reply import LARGEST_REPLY, Reply, readable
from agent.destinations.transport import build_client
from agent.model import Blocked, Delivered, Outcome, Retry, Unknown
from agent.shown import shown
from tests.support.hostile import fuzzed, memory_below
from tests.support.practice import Practice
from tests.support.wire import (
    SERVICE,
    Connection,
    attachments,
    ignore_progress,
    scan,
    serving,
    statement,
    statements,
    token_or,
)

EVERY_KIND = pytest.mark.parametrize("kind", ["attachments", "statements"])
NASTY = "<script>alert(1)</script>\x1b[31m\x1b]0;title\x07\x9b2J\x00\u202egnp.exe\u2066\u2028\r\n\t{{7*7}} %s \ud800"


def outcome_of(kind: str, place: Path, answer: Callable[[Connection], None]) -> Outcome:
    """Send a packet to a service that answers so, once it has everything."""

    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        answer(connection)

    talk = token_or(script) if kind == "attachments" else lambda one: script(one, one.read_headers())
    with serving(talk) as url:
        client = build_client()
        if kind == "attachments":
            destination, request = attachments(client, url), scan(place, "a.pdf")
        else:
            destination, request = statements(client, url), statement(place)
        try:
            return destination.send(request, place, ignore_progress, Event()).outcome
        finally:
            destination.close()


# --- Length and time -------------------------------------------------------------------------------------------------


class Pouring:
    """Answers with a body of any length, and counts what was taken."""

    def __init__(self, status: int, size: int, *, chunked: bool = False) -> None:
        self.status, self.size, self.chunked = status, size, chunked
        self.taken = 0

    def __call__(self, connection: Connection) -> None:
        length = "Transfer-Encoding: chunked" if self.chunked else f"Content-Length: {self.size}"
        connection.socket.sendall(
            f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\n{length}\r\n\r\n".encode()
        )
        piece = b'"' + b"x" * 65_535
        framed = b"10000\r\n" + piece + b"\r\n" if self.chunked else piece
        try:
            while self.taken < self.size:
                connection.socket.sendall(framed)
                self.taken += len(piece)
        except OSError:
            return


@EVERY_KIND
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked, without end"])
@pytest.mark.parametrize(("status", "expected"), [(201, Unknown), (400, Unknown), (503, Unknown)])
def test_a_gigabyte(tmp_path: Path, kind: str, chunked: bool, status: int, expected: type[Outcome]) -> None:
    pouring = Pouring(status, 1 << 30, chunked=chunked)
    with memory_below(16):
        outcome = outcome_of(kind, tmp_path, pouring)
    assert isinstance(outcome, expected)
    assert pouring.taken < LARGEST_REPLY + (32 << 20), "what no buffer holds was taken"


def test_a_gigabyte_instead_of_a_token(tmp_path: Path) -> None:
    pouring = Pouring(200, 1 << 30)

    def talk(connection: Connection) -> None:
        connection.read_body(connection.read_headers())
        pouring(connection)

    with serving(talk) as url, memory_below(16):
        destination = attachments(build_client(), url)
        outcome = destination.send(scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event()).outcome
        destination.close()
    assert isinstance(outcome, Retry)


def headers_without_end(connection: Connection) -> None:
    connection.socket.sendall(b"HTTP/1.1 201 X\r\n" + b"X-More: " + b"x" * (1 << 20))
    connection.until_gone()


def many_headers(connection: Connection) -> None:
    connection.socket.sendall(b"HTTP/1.1 201 X\r\n" + b"X: y\r\n" * 200_000 + b"\r\n")


def only_continue(connection: Connection) -> None:
    connection.socket.sendall(
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000 + b"HTTP/1.1 201 X\r\nContent-Length: 2\r\n\r\n{}"
    )


def a_length_below_zero(connection: Connection) -> None:
    connection.socket.sendall(b"HTTP/1.1 201 X\r\nContent-Length: -1\r\n\r\n{}")


def two_lengths(connection: Connection) -> None:
    connection.socket.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 2\r\nContent-Length: 900\r\n\r\n{}")


def packed(connection: Connection) -> None:
    connection.socket.sendall(b"HTTP/1.1 201 X\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00")


@pytest.mark.slow
@EVERY_KIND
@pytest.mark.parametrize(
    "answer", [headers_without_end, many_headers, only_continue, a_length_below_zero, two_lengths, packed]
)
def test_an_answer_that_is_no_http(
    tmp_path: Path, kind: str, answer: Callable[[Connection], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "LONGEST_ANSWER", 2.0)
    with memory_below(32):
        outcome = outcome_of(kind, tmp_path, answer)
    assert isinstance(outcome, Unknown | Delivered)


class Dripping:
    """Sends a byte every few milliseconds, so that no single wait is long."""

    def __init__(self, first: bytes) -> None:
        self._first = first

    def __call__(self, connection: Connection) -> None:
        connection.socket.sendall(self._first)
        never = Event()
        try:
            while not never.wait(0.02):
                connection.socket.sendall(b"x")
        except OSError:
            return


@pytest.mark.slow
@EVERY_KIND
@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"HTTP/1.1 201 X\r\nContent-Length: 1000000\r\n\r\n", Unknown),
        (b"HTTP/1.1 400 X\r\nContent-Length: 1000000\r\n\r\n", Unknown),
        (b"HTTP/1.1 201 X\r\nX-Header: ", Unknown),
    ],
    ids=["body of a success", "body of a refusal", "headers"],
)
def test_an_answer_that_drips(
    tmp_path: Path, kind: str, first: bytes, expected: type[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "LONGEST_ANSWER", 2.0)
    assert isinstance(outcome_of(kind, tmp_path, Dripping(first)), expected)


@EVERY_KIND
def test_a_redirect_without_end_is_not_followed(tmp_path: Path, kind: str) -> None:
    asked = []

    def answer(connection: Connection) -> None:
        asked.append(1)
        connection.reply(307, b"", "Location: /again", "Connection: close")

    assert isinstance(outcome_of(kind, tmp_path, answer), Blocked)
    assert len(asked) == 1


# --- Retry-After -----------------------------------------------------------------------------------------------------

NOW = datetime(2026, 7, 4, tzinfo=UTC)


@fuzzed
@given(
    st.text(max_size=40) | st.sampled_from(["Mon, 01 Jan", "9", " GMT", "-"]).flatmap(lambda one: st.just(one * 999))
)
@example("9" * 100_000)
@example("-1")
@example("1e308")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 99999999999999999999 00:00:00 +0000")
@example("Thu, 01 Jan 1970 00:00:00 +9999999999")
def test_any_retry_after_is_at_most_a_day(value: str) -> None:
    for date in ("", "Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359", value):
        seconds = retry_after({"retry-after": value, "date": date}, NOW)
        assert seconds is None or 0 <= seconds <= LONGEST_WAIT


# --- Words -----------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12) | st.just(NASTY),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["errors", "Errors", "subErrors", "properties", "message", "detail", "code", "field", "title"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@fuzzed
@given(JSON, st.sampled_from([400, 401, 403, 413, 422, 429, 500, 503]))
def test_whatever_a_refusal_says_its_problem_is_short_and_harmless(content: object, status: int) -> None:
    body = readable(json.dumps(content).encode(), ())
    problem = classify_reply(Reply(status, {}, body), SERVICE, NOW).problem
    texts = [problem.sentence, problem.what_to_do]
    texts += [text for fault in problem.details for text in (fault.where, fault.value, fault.message)]
    assert all(shown(text.replace("\n", " ")) == text.replace("\n", " ") for text in texts)
    assert all(len(text) < 3000 for text in texts)
    json.dumps(body, allow_nan=False, ensure_ascii=False).encode()


@fuzzed
@given(st.binary(max_size=200))
def test_any_bytes_are_readable(data: bytes) -> None:
    json.dumps(readable(data, ("secret",)), allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        {"title": NASTY, "properties": {"errors": [{"code": NASTY, "field": NASTY, "message": NASTY}] * 2000}},
        {"title": "x", "detail": "x" * 900_000},
        {"errors": [{"message": NASTY * 5000, "field": "y" * 100_000, "code": "z" * 100_000}]},
        {"errors": [NASTY * 5000]},
    ],
    ids=["many", "long", "long fields", "text"],
)
def test_a_hostile_refusal_stands_harmlessly_on_failed(tmp_path: Path, content: object) -> None:
    body = json.dumps(content).encode()

    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        connection.reply(400, body, "Content-Type: application/json", "Connection: close")

    with (
        serving(token_or(script)) as url,
        Practice(tmp_path, base_url=url, token_url=f"{url}/token") as practice,
    ):
        practice.drop_packet()
        practice.wait_until_failed(1)
        text = (practice.folder / "failed" / "scan.problem.txt").read_bytes().decode()
        document = (practice.folder / "failed" / "scan.problem.json").read_bytes().decode()
        assert practice.failed()
    for written in (text.replace("\r\n", ""), document.replace("\n", "")):
        assert shown(written) == written
        assert len(written) < 400_000
    assert len(text) < 200_000


def test_a_hostile_acceptance_has_a_harmless_receipt(tmp_path: Path) -> None:
    body = json.dumps(
        {"attachmentControlNumber": NASTY, "attachmentIds": [NASTY] * 3000, "said": NASTY, NASTY: [NASTY]}
    ).encode()

    def script(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        connection.reply(201, body, "Content-Type: application/json", "Connection: close")

    with (
        serving(token_or(script)) as url,
        Practice(tmp_path, base_url=url, token_url=f"{url}/token") as practice,
    ):
        practice.drop_packet()
        practice.wait_until_sent(1)
        (path,) = (practice.folder / "sent").rglob("*.receipt.json")
        written = path.read_bytes().decode()
    receipt = json.loads(written)
    assert receipt["attachment_control_number"]
    assert len(receipt["attachment_ids"]) <= 100
    assert shown(written.replace("\n", "")) == written.replace("\n", "")
