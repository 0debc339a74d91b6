"""The channel as a Unix socket: where it stands, whose it has to be, and who is believed at either end."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.desk.interface.answering import Channel
from agent.desk.interface.channel import MOST_ASKED, Connection, Peer, Stranger
from agent.desk.interface.system import connect, listen
from agent.desk.users import user_name
from tests.support.waiting import until

if sys.platform == "win32":
    pytest.skip("Windows has named pipes", allow_module_level=True)

from agent.desk.interface import on_posix

NOBODY = 65534
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else for a test")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


@contextmanager
def answering(data: Path, answer: Callable[[bytes, Peer], bytes] = lambda question, _peer: question) -> Iterator[None]:
    channel = Channel(data, answer)
    channel.start()
    try:
        assert channel.wait(60)
        yield
    finally:
        channel.stop()


def reached(data: Path) -> Connection:
    connection = connect(data)
    assert connection is not None
    return connection


def asked(data: Path, question: bytes = b"who?") -> bytes:
    connection = reached(data)
    try:
        connection.write(question)
        return connection.read(MOST_ASKED, 60)
    finally:
        connection.close()


def socket_in(data: Path) -> Path:
    return data / f"private-{os.geteuid()}" / "agent.sock"


# --- Where it stands ------------------------------------------------------------------------------------------------


def test_socket_and_folder_are_this_users_alone(data: Path) -> None:
    old = os.umask(0)
    try:
        with answering(data):
            assert stat.S_IMODE(socket_in(data).stat().st_mode) == 0o600
            assert stat.S_IMODE(socket_in(data).parent.stat().st_mode) == 0o700
    finally:
        os.umask(old)
    assert list(socket_in(data).parent.iterdir()) == []


def test_one_that_a_killed_agent_has_left_is_replaced(data: Path) -> None:
    socket_in(data).parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.path.relpath(socket_in(data)))
    assert connect(data) is None
    with answering(data):
        assert asked(data) == b"who?"
    assert connect(data) is None


def test_no_folder_is_too_deep_for_it(tmp_path: Path) -> None:
    data = tmp_path.joinpath(*["a-rather-long-name-of-a-folder"] * 8)
    data.mkdir(parents=True)
    with answering(data):
        assert asked(data) == b"who?"


@pytest.mark.parametrize("why", ["no sockets there", "a link", "no room for a folder"])
def test_where_the_data_folder_holds_no_socket_it_stands_in_the_users_own(
    data: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    private = socket_in(data).parent
    if why == "a link":
        (tmp_path / "elsewhere").mkdir()
        private.symlink_to(tmp_path / "elsewhere")
    elif why == "no room for a folder":
        private.write_bytes(b"")
    else:
        plain = on_posix._address
        monkeypatch.setattr(
            on_posix,
            "_address",
            lambda descriptor, folder, name: (
                "/nowhere/at/all" if folder == private else plain(descriptor, folder, name)
            ),
        )
    with answering(data):
        assert asked(data) == b"who?"
        [found] = home.rglob("*.sock")
        assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
    if why == "a link":
        assert list((tmp_path / "elsewhere").iterdir()) == []


def test_two_data_folders_are_two_channels(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with answering(data, lambda _q, _p: b"one"), answering(other, lambda _q, _p: b"two"):
        assert (asked(data), asked(other)) == (b"one", b"two")


# --- Who is at the other end ----------------------------------------------------------------------------------------


def test_both_ends_are_told_who_the_other_is(data: Path) -> None:
    came: list[Peer] = []
    with answering(data, lambda question, peer: (came.append(peer), question)[1]):
        connection = reached(data)
        assert connection.peer == Peer(user_name(), os.getpid(), True)
        connection.write(b"x")
        connection.read(10, 60)
        connection.close()
    assert came == [Peer(user_name(), os.getpid(), True)]


PLANTED = """
import os, socket, sys
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
with socket.socket(socket.AF_UNIX) as server:
    os.chdir(sys.argv[1])
    server.bind("agent.sock")
    server.listen()
    print("listens", flush=True)
    client, _ = server.accept()
    print(len(client.recv(1000)), flush=True)
"""


@only_root
@pytest.mark.parametrize("folder_is_ours", [True, False])
def test_another_users_program_is_told_nothing(data: Path, tmp_path: Path, folder_is_ours: bool) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o755)
    private = socket_in(data).parent
    private.mkdir()
    data.chmod(0o755)
    private.chmod(0o777)
    os.chown(private, NOBODY, NOBODY)
    program = PLANTED.format(uid=NOBODY)
    with subprocess.Popen([sys.executable, "-c", program, str(private)], stdout=subprocess.PIPE, text=True) as planted:
        assert planted.stdout is not None
        assert planted.stdout.readline() == "listens\n"
        if folder_is_ours:
            os.chown(private, 0, 0)
            private.chmod(0o700)
        with pytest.raises(Stranger):
            connect(data)
        planted.kill()


@pytest.mark.parametrize("how", ["writable", "given away", "linked"])
def test_a_folder_that_others_could_have_filled_is_not_believed(data: Path, tmp_path: Path, how: str) -> None:
    with answering(data):
        private = socket_in(data).parent
        if how == "writable":
            private.chmod(0o770)
        elif how == "linked":
            private.rename(tmp_path / "elsewhere")
            private.symlink_to(tmp_path / "elsewhere")
        elif os.geteuid() != 0:
            pytest.skip("only root can give something away")
        else:
            os.chown(private, NOBODY, NOBODY)
        with pytest.raises(Stranger):
            connect(data)
        if how == "linked":
            private.unlink()
            (tmp_path / "elsewhere").rename(private)


@only_root
def test_root_asks_whoevers_agent_it_is(data: Path, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o755)
    os.chown(data, NOBODY, NOBODY)
    private = data / f"private-{NOBODY}"
    private.mkdir(mode=0o700)
    os.chown(private, NOBODY, NOBODY)
    with subprocess.Popen(
        [sys.executable, "-c", PLANTED.format(uid=NOBODY), str(private)], stdout=subprocess.PIPE, text=True
    ) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == "listens\n"
        connection = reached(data)
        assert (connection.peer.pid, connection.peer.is_own) == (agent.pid, False)
        connection.write(b"1234")
        assert agent.stdout.readline() == "4\n"
        connection.close()


# --- What is asked of it --------------------------------------------------------------------------------------------


def test_who_says_nothing_keeps_nobody_waiting(data: Path) -> None:
    with answering(data):
        silent = [reached(data) for _ in range(20)]
        assert asked(data) == b"who?"
        for one in silent:
            one.close()


def test_a_question_that_is_too_long_is_not_answered(data: Path) -> None:
    seen: list[bytes] = []
    with answering(data, lambda question, _peer: (seen.append(question), b"")[1]):
        connection = reached(data)
        try:
            connection.write(b"x" * (MOST_ASKED + 200_000))
            assert connection.read(10, 60) == b""
        except OSError:
            pass  # it hung up before all was said
        finally:
            connection.close()
    assert seen == []


def test_many_ask_at_once_and_each_has_its_own_answer(data: Path) -> None:
    answers: set[bytes] = set()
    with answering(data):
        people = [
            threading.Thread(target=lambda number=number: answers.add(asked(data, str(number).encode())))  # type: ignore[misc]
            for number in range(40)
        ]
        for one in people:
            one.start()
        for one in people:
            one.join(60)
    assert answers == {str(number).encode() for number in range(40)}


def test_it_ends_at_once_and_leaves_no_thread(data: Path) -> None:
    with answering(data):
        assert asked(data)
    until(lambda: not [one for one in threading.enumerate() if one.name.startswith("channel")], "a thread stays")


def test_one_that_is_stopped_before_it_has_begun_ends(data: Path) -> None:
    channel = Channel(data, lambda question, _peer: question)
    channel.start()
    channel.stop()
    assert connect(data) is None


def test_on_a_full_disk_it_is_opened_later(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Path] = []

    def full_at_first(folder: Path) -> on_posix.Listener:
        tries.append(folder)
        if len(tries) == 1:
            raise OSError(28, "No space left on device")
        return listen(folder)

    monkeypatch.setattr("agent.desk.interface.answering.listen", full_at_first)
    monkeypatch.setattr("agent.desk.interface.answering.AGAIN_SECONDS", 0.01)
    channel = Channel(data, lambda question, _peer: question)
    channel.start()
    until(socket_in(data).exists, "it was never opened")
    channel.stop()
