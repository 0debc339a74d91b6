"""Attacks on the way to the services: names that write headers, false certificates, answers that lead elsewhere."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
import trustme
from python_multipart.multipart import parse_options_header

from agent.destinations.body import Body, FilePart
from agent.destinations.multipart import Field, Upload, multipart
from agent.destinations.transport import build_client, trusted_by_the_system
from agent.folder.real import RealFileSystem
from agent.model import Delivered
from agent.settings.reading import SettingsProblem, parse
from tests.support.attacks import Tries
from tests.support.desk import settings_text
from tests.support.wire import (
    SUCCESS,
    Connection,
    attachments,
    ignore_progress,
    limiter,
    mocked,
    scan,
    serving,
    statement,
    statements,
)

NASTY = (
    'a"; name="metadata',
    "a\r\nX-Owned: 1",
    "a\nContent-Type: text/html",
    "a\r\n\r\n--boundary--\r\n",
    "--boundary--",
    "a\0b",
    "a\\",
    'a\\"; x="y',
    "a\u2028b",
    "a\x0bX-Owned: 1",
    "a; filename*=UTF-8''owned.exe",
    "../../owned",
    "%0d%0aX-Owned: 1",
    "\u010a\u010d",
)


# --- Wire -----------------------------------------------------------------------------------------------------------


def _heads(parts: list[Field | Upload]) -> list[list[bytes]]:
    """The header lines of each part, as a server that splits at the boundary sees them."""
    body = b"".join(Body(multipart(parts, "boundary"), RealFileSystem(), limiter(), ignore_progress, Event()))
    assert body.startswith(b"--boundary\r\n")
    pieces = body.removeprefix(b"--boundary\r\n").split(b"\r\n--boundary")
    return [piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")[0].split(b"\r\n") for piece in pieces[:-1]]


@pytest.mark.attack("Wire", "a file's name that writes headers, parts or another name")
def test_file_names(tmp_path: Path, tries: Tries) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"content")
    identity = RealFileSystem().identify(path)
    for name in NASTY:
        heads = _heads([Upload("files", FilePart(name, path, identity, tmp_path), "application/pdf")])
        tries.holds(len(heads) == 1 and len(heads[0]) == 2 and b"\n" not in heads[0][0], name)
        _, options = parse_options_header(heads[0][0].partition(b": ")[2])
        tries.holds(options[b"name"] == b"files" and set(options) == {b"name", b"filename"}, name)


@pytest.mark.attack("Wire", "a field's name that writes headers or parts")
def test_field_names(tries: Tries) -> None:
    for name in NASTY:
        heads = _heads([Field(name, b"value")])
        tries.holds(len(heads) == 1 and len(heads[0]) == 1 and b"\n" not in heads[0][0], name)


@pytest.mark.attack("Wire", "a file or a value that holds the line between parts")
def test_boundaries(tmp_path: Path, tries: Tries) -> None:
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        seen.append(request.headers["content-type"].partition("boundary=")[2].encode())
        return httpx.Response(201, content=SUCCESS["attachments"], headers={"content-type": "application/json"})

    for _ in range(20):
        known = seen[-1] if seen else b"outtray-"
        attachments(mocked(answer)).send(scan(tmp_path, "a.pdf", content=known), tmp_path, ignore_progress, Event())
        tries.holds(seen.count(seen[-1]) == 1 and seen[-1] != known, "a boundary that could be known before")


@pytest.mark.attack("Wire", "a key, a store's number or a name in the settings that writes headers")
def test_keys_and_numbers(tmp_path: Path, tries: Tries) -> None:
    heard: list[bytes] = []

    def listen(connection: Connection) -> None:
        heard.append(connection.read_headers())
        connection.reply(401)

    with serving(listen) as url:
        for words in NASTY:
            for changes in ({"api_key": lambda words=words: words}, {"store_id": words}):
                destination = statements(build_client(), url, **changes)
                with closing(destination), suppress(httpx.HTTPError, ValueError, UnicodeError):
                    outcome = destination.send(statement(tmp_path), tmp_path, ignore_progress, Event()).outcome
                    assert not isinstance(outcome, Delivered)
                tries.holds(not any(b"\nx-owned" in head or b"\ncontent-type: text" in head for head in heard), words)


@pytest.mark.attack("Wire", "a value of a sidecar that leaves its place in the metadata")
def test_values(tmp_path: Path, tries: Tries) -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        sent.append(request.read())
        return httpx.Response(400)

    for words in (*NASTY, '"}, "payerId": "OWNED', "</x>", "${jndi:ldap://x}", "' OR 1=1"):
        request = scan(tmp_path, "a.pdf")
        request = type(request)({**request.metadata, "claimId": words}, request.files)
        attachments(mocked(answer)).send(request, tmp_path, ignore_progress, Event())
        body = sent[-1]
        start = body.index(b"{")
        told, _ = json.JSONDecoder().raw_decode(body[start:].decode("utf-8"))
        tries.holds(told["claimId"] == words and told["payerId"] == "ABC12", words)


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _server(authority: trustme.CA, *names: str, **terms: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **terms).configure_cert(context)
    return context


def _sent_to(
    server: ssl.SSLContext | None, authority: trustme.CA, place: Path, scheme: str = "https"
) -> tuple[int, bool]:
    """How often such a server was told anything, and whether something counts as delivered."""
    heard: list[bytes] = []

    def listen(connection: Connection) -> None:
        with suppress(OSError):
            heard.append(connection.socket.recv(65536) if server is None else connection.read_headers())

    ours = trusted_by_the_system()
    authority.configure_trust(ours)
    delivered = False
    with serving(listen, server) as url:
        address = url.replace(url.partition(":")[0], scheme, 1)
        for destination, request in (
            (attachments(build_client(ssl_context=ours), address), scan(place, "a.pdf")),
            (statements(build_client(ssl_context=ours), address), statement(place)),
        ):
            with closing(destination):
                outcome = destination.send(request, place, ignore_progress, Event()).outcome
            delivered = delivered or isinstance(outcome, Delivered)
    told = [head for head in heard if b"post /" in head.lower()]
    return len(told), delivered


def _tls(tries: Tries, way: str, told: tuple[int, bool]) -> None:
    tries.holds(told[0] == 0, f"{way}: something was said")
    tries.holds(not told[1], f"{way}: delivered")


@pytest.mark.attack("TLS", "a certificate that nobody vouches for (self-signed)")
def test_self_signed(authority: trustme.CA, tmp_path: Path, tries: Tries) -> None:
    assert _sent_to(_server(authority, "127.0.0.1"), authority, tmp_path)[0] > 0, "a good one is told nothing: no proof"
    _tls(tries, "another authority", _sent_to(_server(trustme.CA(), "127.0.0.1"), authority, tmp_path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    alone = trustme.CA(organization_name="127.0.0.1")
    alone.cert_pem.write_to_path(tmp_path / "own.pem")
    alone.private_key_pem.write_to_path(tmp_path / "own.key")
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")
    _tls(tries, "signed by itself", _sent_to(context, authority, tmp_path))


@pytest.mark.attack("TLS", "a certificate that has run out, or is not yet good")
def test_expired(authority: trustme.CA, tmp_path: Path, tries: Tries) -> None:
    now = datetime.now(UTC)
    for way, terms in (
        ("yesterday", {"not_before": now - timedelta(days=9), "not_after": now - timedelta(days=1)}),
        ("tomorrow", {"not_before": now + timedelta(days=1), "not_after": now + timedelta(days=9)}),
    ):
        _tls(tries, way, _sent_to(_server(authority, "127.0.0.1", **terms), authority, tmp_path))


@pytest.mark.attack("TLS", "a good certificate for another host")
def test_wrong_hosts(authority: trustme.CA, tmp_path: Path, tries: Tries) -> None:
    for names in (("api.example.com",), ("localhost",), ("127.0.0.2",), ("*.0.0.1",), ("10.0.0.1", "example.com")):
        _tls(tries, str(names), _sent_to(_server(authority, *names), authority, tmp_path))


@pytest.mark.attack("TLS", "a service that speaks an old protocol, or none")
@pytest.mark.filterwarnings("ignore:.*TLS:DeprecationWarning")
def test_old_protocols(authority: trustme.CA, tmp_path: Path, tries: Tries) -> None:
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        old = _server(authority, "127.0.0.1")
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = version
        _tls(tries, str(version), _sent_to(old, authority, tmp_path))
    _tls(tries, "none", _sent_to(None, authority, tmp_path))


@pytest.mark.attack("TLS", "settings that name an address without it")
def test_plain_addresses(tmp_path: Path, tries: Tries) -> None:
    plain = (
        "http://api.example.com",
        "http://10.0.0.1",
        "HTTP://api.example.com",
        "http://127.0.0.1.example.com",
        "ftp://x.example",
    )
    for address in (*plain, "http://localhost.example.com", "//api.example.com", "http://user@127.0.0.1"):
        for key in ("attachments", "token", "statements"):
            try:
                parse(settings_text(tmp_path, **{key: address}), tmp_path / "outtray.toml")
            except SettingsProblem:
                tries.holds(True, address)
            else:
                tries.holds(False, f"{key} {address}")


# --- Redirects ------------------------------------------------------------------------------------------------------

CODES = (300, 301, 302, 303, 307, 308)


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[bytes]]]:
    """Another host, and what it was told."""
    heard: list[bytes] = []

    def listen(connection: Connection) -> None:
        heard.append(connection.read_headers())
        connection.reply(200, b'{"access_token": "owned", "expires_in": 3600}')

    with serving(listen) as url:
        yield url, heard


def _leads(status: int, away: str, *, token: bool) -> Any:
    """A service that leads away: where it gives tokens, or where it takes uploads."""

    def talk(connection: Connection) -> None:
        while True:
            head = connection.read_headers()
            connection.read_body(head)
            if b" /token " in head and not token:
                connection.reply(200, b'{"access_token": "token-1", "expires_in": 3600}')
            else:
                connection.reply(status, b"", f"Location: {away}/x")
                return

    return talk


@pytest.mark.attack("Redirects", "an upload that is led to another host, with its token and key")
def test_uploads(tmp_path: Path, elsewhere: tuple[str, list[bytes]], tries: Tries) -> None:
    away, heard = elsewhere
    for status in CODES:
        with serving(_leads(status, away, token=False)) as url:
            for destination, request in (
                (attachments(build_client(), url), scan(tmp_path, "a.pdf")),
                (statements(build_client(), url), statement(tmp_path)),
            ):
                with closing(destination):
                    outcome = destination.send(request, tmp_path, ignore_progress, Event()).outcome
                tries.holds(heard == [] and not isinstance(outcome, Delivered), f"{status} {outcome}")


@pytest.mark.attack("Redirects", "a request for a token that is led to another host, with the client's secret")
def test_tokens(tmp_path: Path, elsewhere: tuple[str, list[bytes]], tries: Tries) -> None:
    away, heard = elsewhere
    for status in CODES:
        with serving(_leads(status, away, token=True)) as url, closing(attachments(build_client(), url)) as destination:
            outcome = destination.send(scan(tmp_path, "a.pdf"), tmp_path, ignore_progress, Event()).outcome
            tries.holds(heard == [] and not isinstance(outcome, Delivered), f"{status} {outcome}")


@pytest.mark.attack("Redirects", "a question (health, what was marked as failed) that is led to another host")
def test_questions(elsewhere: tuple[str, list[bytes]], tries: Tries) -> None:
    away, heard = elsewhere
    for status in CODES:
        with (
            serving(_leads(status, away, token=False)) as url,
            closing(attachments(build_client(), url)) as scans,
            closing(statements(build_client(), url)) as bills,
        ):
            scans.health()
            tries.holds(heard == [], f"{status} health")
            bills.health()
            tries.holds(heard == [], f"{status} health")
            bills.marked_as_failed(Event())
            tries.holds(heard == [], f"{status} search")
