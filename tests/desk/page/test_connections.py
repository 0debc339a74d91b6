"""Connections that never ask anything: how long they have, how many may wait, who goes first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from agent.desk.page.connections import HEAD_SECONDS, MOST_WAITING, Connection, make_room
from agent.desk.page.server import PageServer
from tests.support.page import DeskPractice, desk_in
from tests.support.served import events, served, visitor

NOBODY = 65534
HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as practice:
        yield practice


def knock(server: PageServer, many: int, said: bytes, stack: contextlib.ExitStack) -> list[socket.socket]:
    """Open connections that say this much, and leave them open."""
    port = int(server.url.rpartition(":")[2])
    opened = []
    for _ in range(many):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        one.sendall(said)
        opened.append(one)
    return opened


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        HEAD,  # answered, and then nothing
        HEAD + b"GET /again",
        b"GET /open/nothing HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\nslow",
        b"POST /open/nothing HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\nslow",
        b"POST /pause HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\nslow",
    ],
    ids=[
        "nothing",
        "half a line",
        "half a head",
        "idle",
        "half of the next",
        "body of a GET",
        "body",
        "body, no session",
    ],
)
def test_a_hundred_and_fifty_half_open_connections_keep_the_owner_from_nothing(
    practice: DeskPractice, said: bytes
) -> None:
    with served(practice.desk) as server, visitor(server) as client, contextlib.ExitStack() as stack:
        host = server.url.removeprefix("http://").encode()
        with events(client) as heard:
            next(heard)
            knock(server, 150, said.replace(b"{host}", host), stack)
            assert client.get("/").status_code == 200
            with visitor(server) as another:
                assert another.get("/history").status_code == 200
            practice.board.put(practice.desk.snapshot())
            assert next(heard), "the page that was open has lost its contact"


def test_what_is_given_up_is_closed(practice: DeskPractice) -> None:
    with served(practice.desk) as server, contextlib.ExitStack() as stack:
        first, *_others = knock(server, MOST_WAITING + 1, b"GET", stack)
        with contextlib.suppress(ConnectionResetError):
            assert first.recv(1) == b""


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can be somebody else for a test")
def test_another_users_connections_go_first(practice: DeskPractice) -> None:
    program = (
        f"import encodings.idna, os, socket, sys; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "kept = [socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=60) for _ in range(150)]\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    with served(practice.desk) as server, contextlib.ExitStack() as stack:
        [own] = knock(server, 1, b"GET / HTTP/1.1\r\n", stack)  # the oldest of all, and this user's
        port = server.url.rpartition(":")[2]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", program, port], **pipes) as stranger:
            assert stranger.stdout is not None
            assert stranger.stdin is not None
            assert stranger.stdout.readline() == b"open\n"
            own.sendall(f"Host: 127.0.0.1:{port}\r\n\r\n".encode())
            assert own.recv(12) == b"HTTP/1.1 403"
            stranger.stdin.close()


# --- One at a time, without a clock ---------------------------------------------------------------------------------


class Loop:
    """A loop in which time passes when it is told to."""

    def __init__(self) -> None:
        self.timers: list[tuple[float, Any, Any]] = []

    def call_later(self, seconds: float, call: Any) -> Any:
        handle = type("Handle", (), {"cancelled": False, "cancel": lambda self: setattr(self, "cancelled", True)})()
        self.timers.append((seconds, call, handle))
        return handle

    def create_task(self, coroutine: Any, **_options: Any) -> Any:
        coroutine.close()
        return type("Task", (), {"add_done_callback": lambda *_: None})()

    def pass_(self, seconds: float) -> None:
        for after, call, handle in [one for one in self.timers if one[0] <= seconds and not one[2].cancelled]:
            self.timers.remove((after, call, handle))
            call()


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.ended = False

    def abort(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.ended

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)

    def write(self, data: Any) -> None:
        pass


@pytest.fixture
def loop() -> Loop:
    return Loop()


def connection(loop: Loop, state: ServerState | None = None) -> tuple[Connection, Transport]:
    config = uvicorn.Config(lambda *_: None, http=Connection, ws="none", lifespan="off", log_config=None)
    config.load()
    made, transport = Connection(config, state or ServerState(), {}, loop), Transport()  # type: ignore[arg-type]
    made.connection_made(transport)
    return made, transport


@pytest.mark.parametrize(
    ("pieces", "stays"),
    [
        ([], False),
        ([b"G"], False),
        ([b"GET / HTTP/1.1\r\n", b"Host: x\r\n"], False),
        ([HEAD], True),
        ([HEAD[:9], HEAD[9:]], True),
        ([b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"], True),  # the guard minds the body's time
    ],
)
def test_a_head_has_its_seconds_however_it_drips(loop: Loop, pieces: list[bytes], stays: bool) -> None:
    made, transport = connection(loop)
    for piece in pieces:
        made.data_received(piece)
    loop.pass_(HEAD_SECONDS)
    assert transport.ended is not stays
    assert (made in made.connections) is stays


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ([True] * 5, [2, 3, 4]),
        ([False, True, True, True, False], [1, 2, 3]),
        ([True, False, True, False, True], [0, 2, 4]),
        ([True, True, True, True, False], [1, 2, 3]),
        ([False] * 5, [2, 3, 4]),
        ([True] * 3, [0, 1, 2]),
    ],
)
def test_those_of_others_go_first_and_then_the_oldest(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, own: list[bool], left: list[int]
) -> None:
    state = ServerState()
    made = [connection(loop, state)[0] for _ in own]
    whose = {id(one): is_own for one, is_own in zip(made, own, strict=True)}
    monkeypatch.setattr(Connection, "is_own", property(lambda self: whose[id(self)]))
    make_room(made, 3)
    assert [number for number, one in enumerate(made) if one in state.connections] == left


def test_a_browser_that_was_let_in_goes_last(loop: Loop) -> None:
    state = ServerState()
    made = [connection(loop, state)[0] for _ in range(4)]
    for one in made[:2]:
        one.data_received(HEAD)
        one.cycle.response_complete = True
    made[0].cycle.scope["outtray.admitted"] = True  # type: ignore[typeddict-unknown-key]
    for left in ([made[0], made[2], made[3]], [made[0], made[3]], [made[0]]):
        make_room(made, len(left))
        assert state.connections == set(left)
        made = left


def test_what_is_being_answered_is_not_given_up(loop: Loop) -> None:
    state = ServerState()
    made = [connection(loop, state)[0] for _ in range(4)]
    made[0].data_received(HEAD)
    make_room(made, 0)
    assert state.connections == {made[0]}
