"""Replies as they come byte by byte from broken or strange servers, after the whole body: none is a yes but a yes."""

from __future__ import annotations

import gzip
import json
import ssl
from pathlib import Path
from threading import Event

import pytest
import trustme

from agent.destinations.transport import build_client
from agent.model import AttachmentRequest, Blocked, Delivered, Outcome, Refused, Retry, StatementUpload, Unknown
from tests.support.wire import (
    OWN_ERROR,
    SUCCESS,
    Connection,
    attachments,
    ignore_progress,
    impatient,
    scan,
    serving,
    statement,
    statements,
    token_or,
)

KINDS = pytest.mark.parametrize("kind", ["attachments", "statements"])
JSON = b"Content-Type: application/json\r\n"


def sent(kind: str, place: Path, reply: bytes, *, stays_open: bool = False) -> Outcome:
    """Send one packet to a server that answers its body with these bytes, and then closes or is silent."""

    def answer(connection: Connection, head: bytes) -> None:
        connection.read_body(head)
        connection.socket.sendall(reply)
        if stays_open:
            connection.until_gone()
        connection.socket.close()

    def talk(connection: Connection) -> None:
        if kind == "attachments":
            token_or(answer)(connection)
        else:
            answer(connection, connection.read_headers())

    with serving(talk) as url:
        client = build_client()
        impatient(client, 1.0)
        request: AttachmentRequest | StatementUpload
        if kind == "attachments":
            destination, request = attachments(client, url), scan(place, "scan.pdf")
        else:
            destination, request = statements(client, url), statement(place)
        try:
            return destination.send(request, place, ignore_progress, Event()).outcome
        finally:
            client.close()


def with_length(status: bytes, body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(line + b"\r\n" for line in headers)
    return b"HTTP/1.1 %b X\r\n%b%bContent-Length: %d\r\n\r\n%b" % (status, JSON, lines, len(body), body)


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


CHUNKS = b"HTTP/1.1 201 X\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n"


@KINDS
def test_ways_to_say_yes(kind: str, tmp_path: Path):
    yes = SUCCESS[kind]
    for reply in (
        with_length(b"201", yes),
        with_length(b"200", yes),
        with_length(b"299", yes),
        with_length(b"201", yes, b"Connection: close"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + with_length(b"201", yes),
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + with_length(b"201", yes),
        CHUNKS + chunked(yes[:9], yes[9:]) + b"0\r\n\r\n",
        CHUNKS + chunked(yes) + b"0\r\nX-Trailer: 1\r\n\r\n",
        b"HTTP/1.0 201 X\r\n" + JSON + b"\r\n" + yes,
        b"HTTP/1.1 201 X\r\n" + JSON + b"Connection: close\r\n\r\n" + yes,
        with_length(b"201", b"\xef\xbb\xbf" + yes),
        with_length(b"201", b" \r\n\t" + yes + b"\r\n"),
        with_length(b"201", gzip.compress(yes), b"Content-Encoding: gzip"),
        with_length(b"201", yes, b"Set-Cookie: a=b", b"X-Long: " + b"x" * 8000),
        b"HTTP/1.1 201\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % len(yes) + yes,
    ):
        assert isinstance(sent(kind, tmp_path, reply), Delivered), reply[:200]


@KINDS
def test_ways_to_say_nothing(kind: str, tmp_path: Path):
    yes = SUCCESS[kind]
    for reply in (
        b"",
        b"H",
        b"HTTP/1.1 201 X\r\n",
        b"HTTP/1.1 201 X\r\n" + JSON,
        b"HTTP/1.1 201 X\r\n" + JSON + b"Content-Length: 200\r\n\r\n" + yes[:58],
        CHUNKS,
        CHUNKS + chunked(yes[:9]),
        CHUNKS + chunked(yes),  # all of it came, but nobody says that this was all
        CHUNKS + chunked(yes) + b"0\r\n",
        CHUNKS + b"zz\r\n" + yes,
        CHUNKS + b"5\r\n" + yes,
        b"HTTP/1.1 201 X\r\n" + JSON + b"Connection: close\r\n\r\n" + yes[:-2],
        with_length(b"201", gzip.compress(yes)[:25], b"Content-Encoding: gzip"),
        with_length(b"201", yes, b"Content-Encoding: gzip"),
        with_length(b"201", yes, b"X-Long: " + b"x" * 200_000),
        with_length(b"201", yes, b"Content-Length: 5"),
        with_length(b"201", yes, b"Bad Header\x01: x"),
        with_length(b"2x1", yes),
        with_length(b"20", yes),
        with_length(b"999", yes),
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"<html>HTTP/0.9</html>",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"\x00" * 100,
        b"\r\n\r\n",
    ):
        outcome = sent(kind, tmp_path, reply)
        assert isinstance(outcome, Unknown), (reply[:200], outcome)


@pytest.mark.slow
@KINDS
def test_a_reply_that_goes_on_and_on_is_given_up(kind: str, tmp_path: Path):
    yes = SUCCESS[kind]
    for reply in (
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
        b"HTTP/1.1 201 X\r\n" + JSON + b"Content-Length: 5000\r\n\r\n" + yes,
        CHUNKS + chunked(yes),
        b"HTTP/1.1 201 X\r\n" + JSON + b"\r\n" + yes,  # it ends with the connection, which does not end
    ):
        assert isinstance(sent(kind, tmp_path, reply, stays_open=True), Unknown), reply[:200]


@KINDS
def test_what_the_lane_or_the_packet_hears(kind: str, tmp_path: Path):
    own = OWN_ERROR[kind]
    cases: tuple[tuple[bytes, type], ...] = (
        (with_length(b"400", own), Refused),
        (with_length(b"500", own), Retry),
        (with_length(b"429", b"<html>"), Retry),
        (with_length(b"407", b""), Blocked),
        (with_length(b"511", b"<html>"), Blocked),
        (with_length(b"302", b"", b"Location: http://portal.example.com/"), Blocked),
        (with_length(b"304", b""), Blocked),
        (with_length(b"101", b"", b"Upgrade: h2c", b"Connection: upgrade"), Unknown),
        (with_length(b"400", own)[:-5], Unknown),
        (with_length(b"502", b"<html>"), Unknown),
    )
    for reply, means in cases:
        outcome = sent(kind, tmp_path, reply)
        assert isinstance(outcome, means), (reply[:200], outcome)


EXTRA = {
    "attachments": b'{"attachmentControlNumber": "CHC#eeeeeeeeeeeeeeeeeeeeeeee", "attachmentIds": ["CHC#9"]}',
    "statements": b'{"savedPaymentId": "another file\'s"}',
}


@pytest.mark.parametrize("over_tls", [False, True], ids=["http", "https"])
@KINDS
def test_what_comes_unasked_is_no_answer_to_the_next_packet(kind: str, over_tls: bool, tmp_path: Path):
    """A gateway that says two things at once: the second must not be taken for the answer to the next request."""
    authority = trustme.CA()
    server, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(trusting)
    uploads: list[bytes] = []

    def talk(connection: Connection) -> None:
        while True:
            head = connection.read_headers()
            connection.read_body(head)
            if b" /token " in head:
                connection.reply(200, b'{"access_token": "token-1", "expires_in": 3600}')
                continue
            uploads.append(head)
            said = with_length(b"201", SUCCESS[kind])
            connection.socket.sendall(said + with_length(b"201", EXTRA[kind]) if len(uploads) == 1 else said)

    with serving(talk, server if over_tls else None) as url:
        client = build_client(ssl_context=trusting)
        made = attachments(client, url) if kind == "attachments" else statements(client, url)
        request = scan(tmp_path, "scan.pdf") if kind == "attachments" else statement(tmp_path)
        outcomes = [made.send(request, tmp_path, ignore_progress, Event()).outcome for _ in range(2)]
        client.close()
    for outcome in outcomes:
        if isinstance(outcome, Delivered):
            assert outcome.response == json.loads(SUCCESS[kind])
    assert isinstance(outcomes[0], Delivered)
    assert len(uploads) == 2
