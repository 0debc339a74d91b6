"""Attacks on the page and the interface by whoever can send requests to this PC: other sites, other ports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import activity
from tests.support.attacks import Tries
from tests.support.page import ORIGIN, PORT, Browser, DeskPractice, browser, desk_in
from tests.support.served import served
from tests.support.wire import HandClock

SECRET = "PAN-20411"
PATHS = ("/", "/history", "/history.csv", "/events", "/static/page.css", "/api/status", "/open/x")
POSTS = ("/retry", "/retry-failed", "/pause", "/withdraw", "/dismiss", "/show", "/history", "/lock", "/adopt")
EVIL = "https://attacker.example.com"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def practice(tmp_path: Path, clock: HandClock) -> Iterator[DeskPractice]:
    with desk_in(tmp_path, clock=clock) as made:
        activity.remember(made.ledger, *activity.sent_ones(), *activity.failed_ones())
        made.board.put(activity.busy_snapshot())
        yield made


@pytest.fixture
def stranger(practice: DeskPractice) -> Browser:
    return browser(practice.desk)


@pytest.fixture
def person(stranger: Browser) -> Browser:
    assert stranger.sign_in().status_code == 200
    return stranger


def refused(answer: httpx.Response) -> bool:
    """Nothing was told and nothing was done."""
    return answer.status_code >= 400 and SECRET not in answer.text


def bare(person: Browser) -> Browser:
    """The same browser, whose requests say nothing by themselves."""
    person.headers.pop("Origin")
    person.headers.pop("Sec-Fetch-Site")
    return person


# --- Host -----------------------------------------------------------------------------------------------------------


def _hosts(person: Browser, tries: Tries, hosts: tuple[str, ...]) -> None:
    for host in hosts:
        for path in PATHS:
            headers = {"Host": host, "Origin": f"http://{host}"}
            tries.holds(refused(person.get(path, headers=headers)), f"{host}{path}")
        tries.holds(refused(person.post("/pause", headers={"Host": host})), f"{host} POST")


@pytest.mark.attack("Host", "another name that leads to this PC (DNS rebinding)")
def test_foreign_names(person: Browser, practice: DeskPractice, tries: Tries) -> None:
    names = (
        "attacker.example.com",
        f"attacker.example.com:{PORT}",
        f"127.0.0.1.example.com:{PORT}",
        f"x@127.0.0.1:{PORT}",
    )
    _hosts(person, tries, names)
    assert practice.asked == []


@pytest.mark.attack("Host", "this PC's address with another port, or none")
def test_other_ports(person: Browser, tries: Tries) -> None:
    _hosts(
        person,
        tries,
        ("127.0.0.1", "localhost", "127.0.0.1:9", f"127.0.0.1:0{PORT}", f"127.0.0.1:{PORT}.", "127.0.0.1:"),
    )


@pytest.mark.attack("Host", "other spellings of this PC")
def test_other_spellings(person: Browser, tries: Tries) -> None:
    spellings = (
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "127.1",
        "2130706433",
        "0x7f000001",
        "localhost.",
        "127.0.0.2",
    )
    _hosts(person, tries, tuple(f"{one}:{PORT}" for one in spellings))


@pytest.mark.attack("Host", "headers that proxies set")
def test_forwarded(person: Browser, tries: Tries) -> None:
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-For"):
        value = "host=127.0.0.1" if name == "Forwarded" else f"127.0.0.1:{PORT}"
        answer = person.get("/", headers={"Host": "attacker.example.com", name: value})
        tries.holds(refused(answer), name)
        tries.holds("attacker" not in person.get("/", headers={name: "attacker.example.com"}).text, f"{name} shown")


def _raw(port: int, request: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as one:
        one.sendall(request.encode("latin-1"))
        one.shutdown(socket.SHUT_WR)
        told = b""
        while data := one.recv(65536):
            told += data
    return told.decode("latin-1")


@pytest.mark.attack("Host", "no Host, two, or a whole address in the first line")
def test_raw_hosts(practice: DeskPractice, tries: Tries) -> None:
    with served(practice.desk) as server:
        port = int(server.url.rpartition(":")[2])
        own = f"Host: 127.0.0.1:{port}\r\n"
        for request in (
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            f"GET / HTTP/1.1\r\n{own}Host: attacker.example.com\r\n\r\n",
            f"GET / HTTP/1.1\r\nHost: attacker.example.com\r\n{own}\r\n",
            f"GET / HTTP/1.1\r\n{own}{own}\r\n",
            f"GET http://attacker.example.com/ HTTP/1.1\r\nHost: attacker.example.com\r\n{own}\r\n",
            f"GET / HTTP/1.1\r\nHost : 127.0.0.1:{port}\r\n\r\n",
            f"GET / HTTP/1.1\r\nX: y\r\n Host: 127.0.0.1:{port}\r\n\r\n",
        ):
            told = _raw(port, request)
            tries.holds(told[9:12] in ("400", "421", "403") and SECRET not in told, request)


# --- Origin ---------------------------------------------------------------------------------------------------------


def _posts(person: Browser, tries: Tries, headers: dict[str, str], way: str) -> None:
    for path in POSTS:
        tries.holds(refused(person.post(path, headers=headers, data={"packet": "x"})), f"{way} {path}")


@pytest.mark.attack("Origin", "another site's form or script (CSRF)")
def test_foreign_origins(person: Browser, practice: DeskPractice, tries: Tries) -> None:
    for origin in (
        EVIL,
        f"{ORIGIN}.example.com",
        f"https://127.0.0.1:{PORT}",
        "http://127.0.0.1",
        "file://",
        "null",
        "",
    ):
        _posts(person, tries, {"Origin": origin}, origin)
    assert practice.asked == []


@pytest.mark.attack("Origin", "a page of another port of this PC")
def test_neighbouring_ports(person: Browser, practice: DeskPractice, tries: Tries) -> None:
    for origin in (
        "http://127.0.0.1:9",
        f"http://localhost:{PORT}",
        f"http://[::1]:{PORT}",
        f"http://127.0.0.1:{PORT}0",
    ):
        _posts(person, tries, {"Origin": origin, "Sec-Fetch-Site": "same-site"}, origin)
    assert practice.asked == []


@pytest.mark.attack("Origin", "what a browser fetches for another site")
def test_fetched_for_others(person: Browser, tries: Tries) -> None:
    for site in ("cross-site", "same-site", "made-up"):
        for path in (*PATHS[:4], "/static/page.css"):
            tries.holds(refused(bare_get(person, path, site)), f"{site} {path}")


def bare_get(person: Browser, path: str, site: str) -> httpx.Response:
    return person.get(path, headers={"Origin": EVIL, "Sec-Fetch-Site": site})


@pytest.mark.attack("Origin", "a change that does not say which page asks for it")
def test_silent_posts(person: Browser, practice: DeskPractice, tries: Tries) -> None:
    _posts(bare(person), tries, {}, "nothing said")
    _posts(person, tries, {"Referer": f"{ORIGIN}/"}, "a Referer alone")
    assert practice.asked == []


@pytest.mark.attack("Origin", "a change asked for with GET, HEAD, or another method's name")
def test_changes_by_reading(person: Browser, practice: DeskPractice, tries: Tries) -> None:
    for path in POSTS:
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"):
            override = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
            person.request(method, path, headers=override, params={"_method": "POST", "packet": "x"})
            tries.holds(practice.asked == [], f"{method} {path}")


@pytest.mark.attack("Origin", "bodies of other kinds, as scripts can send them without asking")
def test_other_bodies(person: Browser, practice: DeskPractice, tries: Tries) -> None:
    for kind in (
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        headers = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site", "Content-Type": kind}
        for path in (*POSTS, "/api/requests"):
            tries.holds(refused(person.post(path, headers=headers, content=b'{"verb": "pause"}')), f"{kind} {path}")
    assert practice.asked == []


# --- One-time links -------------------------------------------------------------------------------------------------


def _opens(client: Browser, token: str, **headers: str) -> bool:
    answer = client.get(f"/open/{token}", headers=headers)
    return answer.status_code == 200 or "set-cookie" in answer.headers


@pytest.mark.attack("One-time links", "a link used again, also by somebody else")
def test_replayed_links(stranger: Browser, tries: Tries) -> None:
    for _ in range(5):
        token = stranger.page.sessions.link()
        assert _opens(stranger, token)
        tries.holds(not _opens(Browser(stranger.app), token), "replayed")


@pytest.mark.attack("One-time links", "a link that is too old")
def test_old_links(stranger: Browser, clock: HandClock, tries: Tries) -> None:
    for seconds in (60.1, 61, 3600, 1e9):
        token = stranger.page.sessions.link()
        clock.seconds += seconds
        tries.holds(not _opens(stranger, token), seconds)


@pytest.mark.attack("One-time links", "a link that is fetched, prefetched or looked at, not opened")
def test_fetched_links(stranger: Browser, tries: Tries) -> None:
    token = stranger.page.sessions.link()
    for headers in (
        {"Sec-Fetch-Mode": "no-cors"}, {"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "websocket"},
        {"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"},
    ):  # fmt: skip
        tries.holds(not _opens(stranger, token, **headers), headers)
    for method in ("HEAD", "POST", "PUT", "OPTIONS"):
        tries.holds(stranger.request(method, f"/open/{token}").status_code >= 400, method)
    assert _opens(stranger, token), "it was used up"


@pytest.mark.attack("One-time links", "guessed, cut and altered links")
def test_guessed_links(stranger: Browser, tries: Tries) -> None:
    token = stranger.page.sessions.link()
    altered = (
        token[:-1],
        token + "A",
        token.swapcase(),
        token[::-1],
        "",
        "..",
        "%00",
        "a" * 43,
        f"{token}/x",
        f"x/{token}",
    )
    for guess in altered:
        tries.holds(not _opens(stranger, guess), guess)


@pytest.mark.attack("One-time links", "a link that would lead to another site")
def test_links_that_lead_away(stranger: Browser, tries: Tries) -> None:
    for path in (
        "//x.example",
        "https://x.example",
        "javascript:alert(1)",
        "/\\x.example",
        "\\\\x",
        "/a\r\nSet-Cookie: x=1",
        "x",
    ):
        answer = stranger.sign_in(path)
        tries.holds('content="0;url=/"' in answer.text and "example" not in answer.text, path)


# --- Cookies -----------------------------------------------------------------------------------------------


def _with_cookie(stranger: Browser, name: str, value: str) -> httpx.Response:
    thief = Browser(stranger.app)
    thief.cookies.set(name, value, domain="127.0.0.1")
    return thief.get("/")


@pytest.mark.attack("Cookies", "no session, or a made-up one")
def test_made_up_cookies(stranger: Browser, tries: Tries) -> None:
    for value in ("", "x", "null", "' OR 1=1 --", "0" * 43, "../../", "true"):
        tries.holds(refused(_with_cookie(stranger, f"outtray-{PORT}", value)), value)


@pytest.mark.attack("Cookies", "the right value under another name")
def test_misnamed_cookies(person: Browser, tries: Tries) -> None:
    [value] = person.cookies.values()
    for name in ("outtray", f"outtray-{PORT + 1}", f"OUTTRAY-{PORT}", "session", f"__Host-outtray-{PORT}"):
        tries.holds(refused(_with_cookie(person, name, value)), name)


@pytest.mark.attack("Cookies", "a session chosen by the attacker (fixation)")
def test_fixed_sessions(stranger: Browser, tries: Tries) -> None:
    for value in ("chosen", "a" * 43):
        stranger.cookies.set(f"outtray-{PORT}", value, domain="127.0.0.1")
        answer = stranger.sign_in()
        tries.holds(value not in answer.headers["set-cookie"], value)
        tries.holds(refused(_with_cookie(stranger, f"outtray-{PORT}", value)), value)


@pytest.mark.attack("Cookies", "a session that was locked, or that nobody has used")
def test_locked_sessions(person: Browser, clock: HandClock, tries: Tries) -> None:
    clock.seconds += person.page.sessions.lock_seconds
    for path in (*PATHS[:4], "/help", "/trends"):
        tries.holds(refused(person.get(path)), path)
    person.sign_in()
    person.post("/lock")
    for path in PATHS[:4]:
        tries.holds(refused(person.get(path)), path)


@pytest.mark.attack("Cookies", "a cookie that scripts or other sites could see")
def test_the_cookies_flags(stranger: Browser, tries: Tries) -> None:
    cookie = stranger.sign_in().headers["set-cookie"].lower()
    parts = {part.strip() for part in cookie.split(";")}
    for flag in ("httponly", "samesite=strict", "path=/"):
        tries.holds(flag in parts, flag)
    for absent in ("domain=", "max-age=", "expires="):
        tries.holds(absent not in cookie, absent)
