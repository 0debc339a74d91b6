"""Attacks in what a request names and how much of it there is: paths that lead out, and floods."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from agent.desk.page.connections import MOST_WAITING
from agent.desk.page.guard import MOST_BYTES
from agent.desk.page.page import MOST_FIELDS
from agent.desk.page.session import MOST_KEPT, MOST_LINKS, MOST_SESSIONS
from agent.desk.page.tokens import file_token
from agent.desk.page.views import actions
from agent.model import PacketState
from tests.support import activity
from tests.support.attacks import Tries
from tests.support.page import ORIGIN, Browser, DeskPractice, desk_in, signed_in
from tests.support.served import events, served, visitor

SECRET = "nobody's business"
OUT = ("../data/ledger.sqlite", "..\\..\\secret.txt", "/etc/passwd", "C:\\Windows\\win.ini", "../../secret.txt", "a/../../secret.txt", "\0", ".", "..", "//x/y", "file:///etc/passwd", "%2e%2e%2fsecret.txt", "....//secret.txt", "secret.txt")  # fmt: skip # noqa: E501


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    paths: list[Path] = []

    def keep(path: Path) -> bool:
        paths.append(path)
        return True

    monkeypatch.setattr(actions.Actions.__init__, "__defaults__", (keep, keep))
    return paths


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    (tmp_path / "secret.txt").write_text(SECRET)
    with desk_in(tmp_path) as made:
        activity.remember(made.ledger, *activity.sent_ones())
        waiting = tuple(activity.going(name, PacketState.WAITING) for name in OUT)
        made.board.put(activity.snapshot(packets=waiting))
        yield made


@pytest.fixture
def person(practice: DeskPractice) -> Browser:
    return signed_in(practice.desk)


# --- Traversal ------------------------------------------------------------------------------------------------------


def _reads_nothing(person: Browser, path: str, tries: Tries) -> None:
    answer = person.get(path)
    told = answer.content
    tries.holds(SECRET.encode() not in told and b"root:" not in told and b"SQLite format" not in told, path)
    assert answer.status_code < 500, path


@pytest.mark.attack("Traversal", "out of the folder of style and icons")
def test_static(person: Browser, tries: Tries) -> None:
    for name in OUT:
        for path in (f"/static/{quote(name)}", f"/static/{quote(name, safe='')}", f"/static/icons/{quote(name)}"):
            _reads_nothing(person, path, tries)


@pytest.mark.attack("Traversal", "in the place of a packet's id")
def test_packets(person: Browser, tries: Tries) -> None:
    for name in OUT:
        for path in (
            "/history/{}",
            "/packet/{}/metadata",
            "/packet/{}/whose",
            "/packet/{}/mapping",
            "/packet/{}/x/image",
            "/withdraw/{}",
        ):
            _reads_nothing(person, path.format(quote(name, safe="")), tries)


@pytest.mark.attack("Traversal", "in the place of a lane's name or a file's token")
def test_lanes_and_tokens(person: Browser, tries: Tries) -> None:
    for name in OUT:
        bare = quote(name, safe="")
        told = file_token(str(activity.SCANS), name)  # as if the lane's look had seen a file of such a name
        for path in (f"/scan/{bare}/attachments/{told}/image", f"/scan/main-street/{bare}/{told}/form", f"/scan/{activity.SCANS}/{bare}/image", f"/scan/{activity.SCANS}/{told}/image", f"/scan/{activity.SCANS}/{told}/form"):  # fmt: skip # noqa: E501
            _reads_nothing(person, path, tries)


@pytest.mark.attack("Traversal", "a file or folder outside that is to be shown or opened")
def test_shown_files(person: Browser, shown: list[Path], tmp_path: Path, tries: Tries) -> None:
    lane = str(activity.SCANS)
    folder = tmp_path / "scans"
    for name in OUT:
        for asked in (
            {"lane": lane, "file": name},
            {"lane": lane, "file": file_token(lane, name)},
            {"packet": name},
            {"lane": name},
        ):
            person.post("/show", data=asked)
            person.post("/open", data=asked)
            outside = [path for path in shown if not path.resolve().is_relative_to(folder)]
            tries.holds(outside == [], asked)
            shown.clear()


@pytest.mark.attack("Traversal", "a way back that leads to another site")
def test_ways_back(person: Browser, tries: Tries) -> None:
    for back in ("https://x.example/", "//x.example", "/\\x.example", "\\\\x.example", "javascript:alert(1)", "http:x.example", "/%0d%0aSet-Cookie:x=1", "x.example", "///x.example", "/a?b=https://x.example"):  # fmt: skip # noqa: E501
        answer = person.post("/pause", data={"back": back})
        away = urlsplit(answer.headers["location"])
        tries.holds(
            away.scheme == away.netloc == "" and away.path.startswith("/") and away.path[1:2] not in ("/", "\\"), back
        )
        tries.holds("set-cookie" not in answer.headers, back)


# --- Flood ----------------------------------------------------------------------------------------------------------


@pytest.mark.attack("Flood", "150 connections that never ask")
def test_half_open(practice: DeskPractice, tries: Tries) -> None:
    with served(practice.desk) as server, visitor(server) as client, contextlib.ExitStack() as stack:
        port = int(server.url.rpartition(":")[2])
        with events(client) as heard:
            next(heard)
            for said in (b"", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
                for _ in range(150):
                    stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)).sendall(said)
                tries.holds(client.get("/").status_code == 200, said)
                with visitor(server) as another:
                    tries.holds(another.get("/history").status_code == 200, said)
    assert MOST_WAITING < 150


@pytest.mark.attack("Flood", "a body without end, told or not")
def test_bodies(person: Browser, practice: DeskPractice, tries: Tries) -> None:
    big = b"a=" + b"x" * MOST_BYTES
    for path in ("/pause", "/history", "/show"):
        tries.holds(person.post(path, content=big).status_code == 413, path)
        tries.holds(person.post(path, content=iter([big[:-9], big])).status_code == 413, f"{path} in pieces")
        for length in ("-1", "x", "1e9", "99999999999999999999"):
            answer = person.post(path, content=b"a=1", headers={"Content-Length": length})
            tries.holds(answer.status_code in (400, 413), length)
    assert practice.asked == []


@pytest.mark.attack("Flood", "a form of endless fields, or one that is none")
def test_forms(person: Browser, practice: DeskPractice, tries: Tries) -> None:
    for body in (b"&".join([b"a=1"] * (MOST_FIELDS + 1)), b"\xff\xfe", b"a=%ff", b"a=\xc3\x28"):
        tries.holds(person.post("/pause", content=body).status_code == 400, body[:20])
    assert practice.asked == []


@pytest.mark.attack("Flood", "links, sessions and searches without end")
def test_memory(person: Browser, tries: Tries) -> None:
    sessions = person.page.sessions
    for number in range(400):
        sessions.link()
        person.post("/history", data={"q": str(number)})
    tries.holds(len(sessions._links) <= MOST_LINKS, "links")
    tries.holds(all(len(kept) <= MOST_KEPT for kept in sessions._kept.values()), "searches")
    for _ in range(100):
        sessions.open(sessions.link())
    tries.holds(len(sessions._used_at) <= MOST_SESSIONS, "sessions")
    tries.holds(len(sessions._kept) <= MOST_SESSIONS, "sessions with searches")


@pytest.mark.attack("Flood", "numbers and words as long as they get")
def test_long_words(person: Browser, tries: Tries) -> None:
    long = "9" * 50_000
    for path, name in (
        ("/history", "page"),
        ("/history", "search"),
        ("/trends", "weeks"),
        ("/", "done"),
        ("/history.csv", "page"),
    ):
        tries.holds(person.get(path, params={name: long}).status_code < 500, f"{path} {name}")
    for name in ("q", "state", "store", "since"):
        tries.holds(person.post("/history", data={name: long}, follow_redirects=True).status_code == 200, name)
        for path in (f"/history/{long}", f"/packet/{long}/metadata", f"/scan/{long}/attachments/x/form"):
            tries.holds(person.get(path).status_code in (403, 404), path[:20])


@pytest.mark.attack("Flood", "what is no HTTP, or too much of it")
def test_no_http(practice: DeskPractice, tries: Tries) -> None:
    with served(practice.desk) as server, visitor(server) as client:
        host = server.url.removeprefix("http://")
        for said in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\0" * 200_000,
            b"GET /" + b"a" * 200_000,
            f"GET / HTTP/1.1\r\nHost: {host}\r\n".encode() + b"X: y\r\n" * 40_000,
            f"POST / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n".encode(),
            f"GET / HTTP/9.9\r\nHost: {host}\r\n\r\n".encode(),
            f"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode(),
        ):
            with socket.create_connection((host.split(":")[0], int(host.split(":")[1])), timeout=60) as one:
                with contextlib.suppress(OSError):
                    one.sendall(said)
                    one.shutdown(socket.SHUT_WR)
                    answered = one.recv(12)
                    tries.holds(answered[9:12] in (b"", b"400", b"403", b"421", b"431"), said[:30])
                    continue
                tries.holds(client.get("/").status_code == 200, said[:30])
        assert client.get("/").status_code == 200
        assert client.headers["Origin"] == server.url != ORIGIN
