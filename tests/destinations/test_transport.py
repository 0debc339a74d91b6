"""Certificates, proxies, redirects, and waits that can be ended."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

import httpx
import pytest
import trustme
import truststore

from agent.destinations import network
from agent.destinations.network import Cancelled, cancelled_by
from agent.destinations.outcomes import classify_failure
from agent.destinations.transport import ProxyUnusable, Transport, build_client, trusted_by_the_system
from agent.model import Blocked, Retry
from agent.settings.environment import is_loopback
from tests.support.wire import SERVICE, Connection, serving


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = trusted_by_the_system()
    authority.configure_trust(context)
    return context


def answer(connection: Connection) -> None:
    while True:
        connection.read_body(connection.read_headers())
        connection.reply(200, b"x" * 300_000)


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[str]:
    with serving(answer, server_side(authority, "127.0.0.1")) as url:
        yield url


def test_the_systems_trust_store_decides():
    assert type(trusted_by_the_system()) is truststore.SSLContext
    assert trusted_by_the_system().verify_mode is ssl.CERT_REQUIRED
    assert trusted_by_the_system().check_hostname


def test_a_certificate_of_a_trusted_authority(secure: str, authority: trustme.CA):
    with build_client(ssl_context=trusting(authority)) as client:
        for _ in range(2):
            assert len(client.post(secure, content=b"y" * 700_000).content) == 300_000


def test_an_authority_named_in_the_environment_is_trusted(
    secure: str, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with build_client() as client:
        assert client.get(secure).status_code == 200


def failure(client: httpx.Client, url: str) -> Retry | Blocked:
    with client, pytest.raises((httpx.TransportError, ProxyUnusable)) as raised:
        client.get(url)
    return classify_failure(raised.value, SERVICE)


def test_a_certificate_that_nobody_vouches_for_blocks(secure: str):
    outcome = failure(build_client(), secure)
    assert isinstance(outcome, Blocked)
    assert outcome.problem.code == "certificate-not-trusted"
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.problem.details[0].message


def test_a_certificate_for_another_name_blocks(authority: trustme.CA):
    with serving(answer, server_side(authority, "other.example.com")) as url:
        outcome = failure(build_client(ssl_context=trusting(authority)), url)
    assert isinstance(outcome, Blocked)
    assert outcome.problem.code == "certificate-not-trusted"


def test_a_server_that_speaks_no_tls_blocks():
    with serving(lambda connection: connection.socket.sendall(b"HTTP/1.1 400 No\r\n\r\n")) as url:
        outcome = failure(build_client(), url.replace("http:", "https:"))
    assert isinstance(outcome, Blocked)
    assert outcome.problem.code == "no-secure-connection"


@pytest.mark.parametrize("end", [Connection.reset, lambda connection: connection.socket.close()])
def test_a_connection_lost_in_the_handshake_is_tried_again(end):
    def hang_up(connection: Connection) -> None:
        connection.socket.recv(1)
        end(connection)

    with serving(hang_up) as url:
        outcome = failure(build_client(), url.replace("http:", "https:"))
    assert isinstance(outcome, Retry)
    assert outcome.unreachable


def test_nobody_listens():
    with serving(answer) as url:
        pass
    outcome = failure(build_client(), url)
    assert isinstance(outcome, Retry)
    assert outcome.unreachable


def test_a_name_that_does_not_exist():
    outcome = failure(build_client(), "http://does-not-exist.localhost.invalid")
    assert isinstance(outcome, Retry)
    assert outcome.unreachable


def test_redirects_are_not_followed():
    def redirect(connection: Connection) -> None:
        connection.read_headers()
        connection.reply(302, b"", "Location: http://127.0.0.1:1/")

    with serving(redirect) as url, build_client() as client:
        assert client.get(url).status_code == 302


def test_cookies_are_not_kept():
    client = build_client(transport=httpx.MockTransport(lambda _: httpx.Response(200, headers={"set-cookie": "a=b"})))
    client.get("https://api.example.com")
    assert len(client.cookies) == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "a.localhost"])
def test_this_pc(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com"])
def test_not_this_pc(host: str):
    assert not is_loopback(host)


class Proxy:
    """A proxy that notes what it is asked for, and takes every tunnel to `target`."""

    def __init__(self, target: str = "", status: int = 200) -> None:
        self.target = target
        self.status = status
        self.asked: list[bytes] = []

    def __call__(self, connection: Connection) -> None:
        self.asked.append(connection.read_headers())
        connection.socket.sendall(f"HTTP/1.1 {self.status} X\r\n\r\n".encode())
        if self.status != 200:
            return
        host, _, port = self.target.rpartition("//")[2].partition(":")
        with socket.create_connection((host, int(port))) as onward:

            def copy_back() -> None:
                with suppress(OSError):
                    while received := onward.recv(65536):
                        connection.socket.sendall(received)

            thread = threading.Thread(target=copy_back, daemon=True)
            thread.start()
            while received := connection.socket.recv(65536):
                onward.sendall(received)
            onward.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@pytest.mark.parametrize("secured", [False, True], ids=["http proxy", "https proxy"])
def test_through_a_proxy_with_a_sign_in(authority: trustme.CA, secured: bool):
    names = server_side(authority, "api.example.com", "127.0.0.1")
    with serving(answer, names) as target:
        proxy = Proxy(target)
        with serving(proxy, names if secured else None) as address:
            sign_in = address.replace("://", "://user:pass@")
            with build_client(proxy=sign_in, ssl_context=trusting(authority)) as client:
                assert len(client.get("https://api.example.com/x").content) == 300_000
    assert proxy.asked[0].startswith(b"connect api.example.com:443 ")
    assert b"proxy-authorization: basic " in proxy.asked[0]


def test_the_systems_proxy_is_used_and_loopback_is_not_sent_there(monkeypatch: pytest.MonkeyPatch):
    with serving(Proxy(status=407)) as address, serving(answer) as here:
        monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": address, "http": address})
        monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: host == "inside.example.com")
        with build_client() as client:
            assert client.get(here).status_code == 200
        outcome = failure(build_client(), "https://api.example.com")
        transport = Transport(trusted_by_the_system(), None, 1)
        assert transport._proxy_for(httpx.URL("https://inside.example.com")) is None
    assert isinstance(outcome, Blocked)
    assert outcome.problem.code == "proxy-sign-in"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://x", "http://"])
def test_a_proxy_that_is_none_blocks(proxy: str):
    outcome = failure(build_client(proxy=proxy), "https://api.example.com")
    assert isinstance(outcome, Blocked)
    assert outcome.problem.code == "proxy-unusable"


AT_ONCE = 15.0
"""Seconds that a busy machine may take to run each thread once. Without a look at `cancel` all here takes a minute."""


def stopped_while(waiting: Event, cancel: Event, action) -> float:
    """Set `cancel` once `waiting` is set; return how long `action` went on after that."""

    def stop() -> None:
        waiting.wait(60)
        cancel.set()
        moments.append(time.monotonic())

    moments: list[float] = []
    thread = threading.Thread(target=stop)
    thread.start()
    with cancelled_by(cancel), pytest.raises(Cancelled):
        action()
    ended = time.monotonic()
    thread.join(60)
    return ended - moments[0]


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "in the handshake"])
def test_cancel_ends_a_wait_for_a_silent_server(secured: bool):
    reached = Event()

    def silent(connection: Connection) -> None:
        connection.socket.recv(1)
        reached.set()
        connection.until_gone()

    with serving(silent) as url, build_client() as client:
        url = url.replace("http:", "https:") if secured else url
        assert stopped_while(reached, Event(), lambda: client.get(url)) < AT_ONCE


def test_cancel_ends_a_look_up(monkeypatch: pytest.MonkeyPatch):
    asked, over = Event(), Event()

    def look_up(*args: object, **named: object) -> list[object]:
        asked.set()
        over.wait(60)
        return []

    monkeypatch.setattr(network.socket, "getaddrinfo", look_up)
    with build_client() as client:
        assert stopped_while(asked, Event(), lambda: client.get("http://api.example.com")) < AT_ONCE
    over.set()


def test_a_look_up_that_takes_too_long_is_unreachable(monkeypatch: pytest.MonkeyPatch):
    over = Event()
    monkeypatch.setattr(network.socket, "getaddrinfo", lambda *args, **named: [over.wait(60)][:0])
    monkeypatch.setattr("urllib.request.getproxies", dict)
    client = build_client()
    client.timeout = httpx.Timeout(0.05)
    outcome = failure(client, "http://api.example.com")
    over.set()
    assert isinstance(outcome, Retry)
    assert outcome.unreachable


def test_a_silent_server_times_out():
    with serving(Connection.until_gone) as url, build_client() as client:
        client.timeout = httpx.Timeout(60, read=0.05)
        with pytest.raises(httpx.ReadTimeout):
            client.get(url)


def test_a_connection_is_used_again():
    connections = []

    def count(connection: Connection) -> None:
        connections.append(connection)
        answer(connection)

    with serving(count) as url, build_client() as client:
        for _ in range(3):
            client.get(url)
    assert len(connections) == 1
