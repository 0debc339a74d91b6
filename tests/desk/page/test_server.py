"""The server: where it listens, who reaches it, what it costs, and how it ends."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agent.desk.interface.address import ADDRESS, KEY, PRIVATE, Keys, address_in, private_key, publish
from agent.desk.interface.peer import client_of, listener_at
from agent.desk.page.server import NotServed, PageServer
from agent.desk.page.serving import KEEP_ALIVE_SECONDS
from agent.desk.users import user_mark
from tests.support.page import DeskPractice, desk_in
from tests.support.ports import port_of_nobody
from tests.support.served import events, served, visitor
from tests.support.waiting import until

NOBODY = 65534
AS_NOBODY = """
import encodings.idna, http.client, json, os, sys  # all that is imported later, too
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
port, key_file, link, cookie = int(sys.argv[1]), *sys.argv[2:]
def ask(path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    return connection.getresponse().status
try:
    key = open(key_file).read()
except OSError as trouble:
    key = type(trouble).__name__
print(json.dumps({{"key": key, "page": ask("/"), "status": ask("/api/status"), "link": ask(link),
                   "cookie": ask("/", Cookie=cookie), "state": ask("/api/state")}}))
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


def test_without_pages_only_the_interface_answers(tmp_path: Path) -> None:
    with desk_in(tmp_path, agent="[agent.page]\nenabled = false") as practice, served(practice.desk) as server:
        address = address_in(data_dir(practice))
        assert address is not None
        with visitor(server, signed_in=False) as client:
            assert client.get("/").status_code == 403
            assert client.get("/static/page.css").status_code == 404
            authorized = {"Authorization": f"Bearer {private_key(data_dir(practice), address)}"}
            assert client.get("/api/status", headers=authorized).status_code == 200
            refused = client.post("/api/open", headers=authorized)
            assert refused.status_code == 409
            assert refused.json()["sentence"].startswith("The activity page is switched off")
        with pytest.raises(NotServed):
            server.link()


# --- Who reaches it -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead")
def test_the_key_and_the_address_are_this_users_alone(practice: DeskPractice) -> None:
    with served(practice.desk):
        private = data_dir(practice) / f"{PRIVATE}{user_mark()}"
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert stat.S_IMODE((private / KEY).stat().st_mode) == 0o600
        assert stat.S_IMODE((data_dir(practice) / ADDRESS).stat().st_mode) == 0o600
        assert (private / KEY).read_text() not in (data_dir(practice) / ADDRESS).read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead")
def test_a_private_folder_of_somebody_elses_is_not_used(practice: DeskPractice) -> None:
    elsewhere = data_dir(practice) / "elsewhere"
    elsewhere.mkdir()
    (data_dir(practice) / f"{PRIVATE}{user_mark()}").symlink_to(elsewhere)
    server = PageServer(practice.desk)
    server.start()
    assert not server.wait()
    server.stop()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can be somebody else for a test")
def test_another_user_neither_reads_the_key_nor_uses_the_page(practice: DeskPractice, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o711)
    data_dir(practice).chmod(0o755)  # a data folder that IT has made readable for all
    with served(practice.desk) as server, visitor(server) as client:
        address = address_in(data_dir(practice))
        assert address is not None
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        link = server.link().removeprefix(server.url)
        arguments = [str(address.port), str(data_dir(practice) / f"{PRIVATE}{user_mark()}" / KEY), link, cookie]
        program = AS_NOBODY.format(uid=NOBODY)
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        refused = {"page": 403, "status": 401, "link": 403, "cookie": 403, "state": 401}
        assert json.loads(done.stdout) == {"key": "PermissionError", **refused}
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
        assert listener_at(*ends[1]) == os.getuid()
    assert listener_at(*ends[1]) is None


# --- What it costs, and how it ends ---------------------------------------------------------------------------------


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
    assert not (data_dir(practice) / ADDRESS).exists()
    assert list((data_dir(practice) / f"{PRIVATE}{user_mark()}").iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "page"]


def test_one_that_is_stopped_before_it_has_begun_never_begins(practice: DeskPractice) -> None:
    server = PageServer(practice.desk)
    server.start()
    server.stop()
    assert not (data_dir(practice) / ADDRESS).exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "page"]


def test_each_start_has_keys_of_its_own(practice: DeskPractice) -> None:
    keys = set()
    for _ in range(2):
        with served(practice.desk):
            address = address_in(data_dir(practice))
            assert address is not None
            keys |= {address.state_key, private_key(data_dir(practice), address)}
    assert len(keys) == 4


def test_an_address_that_cannot_be_written_down_is_written_later(
    practice: DeskPractice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk, say: the page is there all the same, for the tray."""
    tries: list[int] = []

    def full_at_first(folder: Path, port: int, keys: Keys) -> None:
        tries.append(port)
        if len(tries) == 1:
            raise OSError(28, "No space left on device")
        publish(folder, port, keys)

    monkeypatch.setattr("agent.desk.page.server.publish", full_at_first)
    monkeypatch.setattr("agent.desk.page.server.PUBLISH_AGAIN_SECONDS", 0.01)
    with served(practice.desk) as server:
        assert server.url
        until(lambda: address_in(data_dir(practice)), "it was never written down")
