"""Attacks by another user of the same PC: what that one reads, writes and asks, tried as that user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import files
from tests.support.attacks import Tries
from tests.support.page import DeskPractice, desk_in
from tests.support.practice import Practice
from tests.support.served import served, visitor

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.getuid() != 0, reason="only root can be two users for a test"
)
NOBODY = 65534
AS_NOBODY = f"""
import encodings.idna, http.client, json, os, socket, sys  # all that is imported later, too
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
"""


def as_nobody(program: str, *arguments: object) -> Any:
    """Run a program as another user; return what it printed, from JSON."""
    command = [sys.executable, "-c", AS_NOBODY + program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd="/")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def reachable(tmp_path: Path) -> Path:
    """A folder to which every user's way is open, so that it is our own rights which count."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o755)
    return tmp_path


READ = """
found = []
for place in sys.argv[1:]:
    for folder, _folders, names in os.walk(place):
        for name in names:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    file.read(1)
                found.append(os.path.join(folder, name))
            except OSError:
                pass
print(json.dumps(found))
"""
WRITE = """
done = []
for place in sys.argv[1:]:
    for way in ("new", "over", "away", "link"):
        try:
            if way == "new":
                open(os.path.join(place, "planted"), "w").close()
            elif way == "link":
                os.symlink("/etc", os.path.join(place, "linked"))
            else:
                for name in os.listdir(place):
                    path = os.path.join(place, name)
                    os.rename(path, path + ".away") if way == "away" else open(path, "a").close()
                    break
                else:
                    continue
            done.append(f"{way} {place}")
        except OSError:
            pass
print(json.dumps(done))
"""


def _everything(practice: Practice) -> list[Path]:
    return [path for path in practice.data_dir.rglob("*") if path.is_file()]


@pytest.mark.attack("Other users", "reading the ledger, the spool, the log and the keys, while it runs and afterwards")
def test_reading(reachable: Path, tries: Tries) -> None:
    old = os.umask(0o022)  # as most systems have it; what is ours has to be closed all the same
    try:
        with Practice(reachable) as practice:
            practice.drop_packet()
            practice.wait_until_sent(1)
            practice.drop("bad.json", b"{}")
            practice.drop("bad.pdf", files.pdf())
            practice.wait_until_failed(1)
            there = _everything(practice)
            assert any(path.name.startswith("ledger") for path in there)
            tries.holds(as_nobody(READ, practice.data_dir) == [], "while it runs")
            (reachable / "open.txt").touch(0o644)
            assert str(reachable / "open.txt") in as_nobody(READ, reachable), "nothing can be read: it proves nothing"
        tries.holds(as_nobody(READ, practice.data_dir) == [], "afterwards")
    finally:
        os.umask(old)


@pytest.mark.attack("Other users", "planting, swapping and writing over files of the data folder")
def test_writing(reachable: Path, tries: Tries) -> None:
    with Practice(reachable) as practice:
        practice.drop_packet()
        practice.wait_until_sent(1)
        folders = [practice.data_dir, *(path for path in practice.data_dir.rglob("*") if path.is_dir())]
        tries.holds(as_nobody(WRITE, practice.data_dir) == [], "the data folder")
        tries.holds(as_nobody(WRITE, *folders) == [], "what is in it")
    (reachable / "open").mkdir()
    (reachable / "open").chmod(0o777)
    assert as_nobody(WRITE, reachable / "open"), "nothing at all can be written: it proves nothing"


@pytest.fixture
def practice(reachable: Path) -> Iterator[DeskPractice]:
    with desk_in(reachable) as made:
        yield made


ASK = """
def ask(method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
    connection.request(method, path, headers=headers)
    return connection.getresponse().status
cookie, link, host, private = sys.argv[2:]
def reach(place):
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.connect(place)
        return 200
    except OSError:
        return 403
usual = {"Origin": host, "Sec-Fetch-Site": "same-origin"}
print(json.dumps({
    "page": ask("GET", "/"), "cookie": ask("GET", "/", Cookie=cookie),
    "pause": ask("POST", "/pause", Cookie=cookie, **usual), "link": ask("GET", link),
    "events": ask("GET", "/events", Cookie=cookie), "csv": ask("GET", "/history.csv", Cookie=cookie),
    "channel": reach(private + "/agent.sock"),
}))
"""


@pytest.mark.attack("Other users", "the page with a cookie and a link that were stolen, and the commands' channel")
def test_asking(practice: DeskPractice, tries: Tries) -> None:
    folder = practice.settings.agent.data_dir
    assert folder is not None
    with served(practice.desk) as server, visitor(server) as client:
        private = folder / f"private-{os.getuid()}"
        assert (private / "agent.sock").is_socket()
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        link = server.link().removeprefix(server.url)
        told = as_nobody(ASK, server.url.rpartition(":")[2], cookie, link, server.url, private)
        for way, status in told.items():
            tries.holds(status in (401, 403), f"{way} {status}")
        tries.holds(client.get(link, headers={"Sec-Fetch-Site": "none"}).status_code == 200, "the link was used up")
    assert practice.asked == []


@pytest.mark.attack("Other users", "connections that fill the page before its owner comes")
def test_filling(practice: DeskPractice, tries: Tries) -> None:
    program = AS_NOBODY + (
        "import socket\n"
        "kept = [socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=60) for _ in range(150)]\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    with served(practice.desk) as server:
        command = [sys.executable, "-c", program, server.url.rpartition(":")[2]]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stranger:
            assert stranger.stdout is not None
            assert stranger.stdin is not None
            assert stranger.stdout.readline() == b"open\n"
            for _ in range(3):
                with visitor(server) as client:
                    tries.holds(client.get("/").status_code == 200, "the owner comes later")
            stranger.stdin.close()
