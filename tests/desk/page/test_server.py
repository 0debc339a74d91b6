"""The server: where it listens, who reaches it, what it costs, and how it ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agent.desk.interface.remote import Unreachable, agent_at
from agent.desk.page.peer import client_of
from agent.desk.page.server import NotServed, PageServer
from agent.desk.page.serving import KEEP_ALIVE_SECONDS
from tests.support.page import DeskPractice, desk_in
from tests.support.ports import port_of_nobody
from tests.support.served import events, served, visitor
from tests.support.waiting import until

NOBODY = 65534
AS_NOBODY = """
import encodings.idna, http.client, json, os, socket, sys  # all that is imported later, too
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
port, private, link, cookie = int(sys.argv[1]), *sys.argv[2:]
def ask(path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    return connection.getresponse().status
try:
    with socket.socket(socket.AF_UNIX) as channel:
        os.chdir(private)
        channel.connect("agent.sock")
    reached = "yes"
except OSError as trouble:
    reached = type(trouble).__name__
print(json.dumps({{"channel": reached, "page": ask("/"), "link": ask(link), "cookie": ask("/", Cookie=cookie)}}))
"""


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as practice:
        yield practice


def data_dir(practice: DeskPractice) -> Path:
    folder = practice.settings.agent.data_dir
    assert folder is not None
    return folder


def test_it_listens_on_loopback_alone(practice: DeskPractice) -> None:
    with served(practice.desk) as server:
        port = int(server.url.rpartition(":")[2])
        assert server.url == f"http://127.0.0.1:{port}"
        for address in {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}:
            if not str(address).startswith("127."):
                with pytest.raises(OSError):  # noqa: PT011 - refused, or no way there
                    socket.create_connection((str(address), port), timeout=2)


def test_a_link_opens_the_page_over_a_socket(practice: DeskPractice) -> None:
    with served(practice.desk) as server, visitor(server) as client:
        assert client.get("/awake").status_code == 405
        assert client.post("/awake").status_code == 204


def test_the_port_of_the_settings_is_taken_where_it_is_free(tmp_path: Path) -> None:
    port = port_of_nobody()
    with desk_in(tmp_path, agent=f"[agent.page]\nport = {port}") as practice:
        with served(practice.desk) as server:
            assert server.url == f"http://127.0.0.1:{port}"
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            other.listen()
            with served(practice.desk) as server:
                assert server.url != f"http://127.0.0.1:{port}"


def test_without_pages_nothing_listens_and_commands_are_answered(tmp_path: Path) -> None:
    with desk_in(tmp_path, agent="[agent.page]\nenabled = false") as practice, served(practice.desk) as server:
        agent = agent_at(data_dir(practice))
        assert agent is not None
        assert agent.status()
        with pytest.raises(Unreachable, match="The activity page is switched off"):
            agent.link()
        with pytest.raises(NotServed):
            server.link()
        assert not [thread for thread in threading.enumerate() if thread.name == "page"]


# --- Who reaches it -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can be somebody else for a test")
def test_another_user_reaches_neither_the_channel_nor_the_page(practice: DeskPractice, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o711)
    data_dir(practice).chmod(0o755)  # a data folder that IT has made readable for all
    with served(practice.desk) as server, visitor(server) as client:
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        link = server.link().removeprefix(server.url)
        arguments = [server.url.rpartition(":")[2], str(data_dir(practice) / "private-0"), link, cookie]
        program = AS_NOBODY.format(uid=NOBODY)
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        told = {"channel": "PermissionError", "page": 403, "link": 403, "cookie": 403}
        assert json.loads(done.stdout) == told
        assert client.get(link, headers={"Sec-Fetch-Site": "none"}).status_code == 200, "the link was not used up"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_the_system_tells_whose_connection_it_is() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()) as client:
            ends = client.getsockname(), client.getpeername()
            assert client_of(*ends) == os.getuid()
            assert client_of(("127.0.0.1", 1), ends[1]) is None
        assert client_of(*ends) is None, "an end that was closed is nobody's"


# --- What it costs, and how it ends ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="read from Linux' own counts")
def test_while_nobody_asks_nothing_runs(practice: DeskPractice) -> None:
    with served(practice.desk) as server, visitor(server) as client, events(client) as heard:
        next(heard)
        [thread] = [one for one in threading.enumerate() if one.name == "page"]
        until(lambda: _rests(thread), "the server never rests")
        before = _woken(thread)
        time.sleep(2)
        assert _woken(thread) - before <= 2


def _rests(thread: threading.Thread) -> bool:
    """Tell whether it has done all that the last request had left it to do."""
    before = _woken(thread)
    time.sleep(0.3)
    return _woken(thread) == before


def _woken(thread: threading.Thread) -> int:
    text = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


def test_it_ends_at_once_and_leaves_nothing(practice: DeskPractice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.desk.page.server.STOP_SECONDS", 60)  # it ends by itself, and is not given up on
    with served(practice.desk) as server, visitor(server) as client:
        client.post("/awake")
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < KEEP_ALIVE_SECONDS / 2, "the open connection was waited for"
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url, trust_env=False)
    assert list(data_dir(practice).glob("private-*/*")) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "page"]


def test_one_that_is_stopped_before_it_has_begun_never_begins(practice: DeskPractice) -> None:
    server = PageServer(practice.desk)
    server.start()
    server.stop()
    assert agent_at(data_dir(practice)) is None
    assert not [thread for thread in threading.enumerate() if thread.name == "page"]
