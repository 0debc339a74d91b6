"""The channel as a named pipe: the rights that it is made with, whose it has to be, and who is told to be asking."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("of Windows", allow_module_level=True)

from agent import sddl, windows_rights
from agent.desk.interface import on_windows
from agent.desk.interface.answering import Channel
from agent.desk.interface.channel import MOST_ASKED, Connection, Peer, Stranger
from agent.desk.interface.system import connect
from agent.desk.users import user_name

FRONT_DESK = "S-1-5-21-1-2-3-1001"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    windows_rights.make_own_folder(folder)
    return folder


@contextmanager
def answering(data: Path, came: list[Peer] | None = None) -> Iterator[None]:
    def answer(question: bytes, peer: Peer) -> bytes:
        if came is not None:
            came.append(peer)
        return question

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


def issued(data: Path) -> str:
    """The access list of the pipe as it stands."""
    handle = on_windows._opened(on_windows.pipe_for(data))
    assert handle is not None
    try:
        return windows_rights.rights_of(handle)
    finally:
        on_windows._winapi.CloseHandle(handle)


def test_it_is_this_accounts_alone(data: Path) -> None:
    with answering(data):
        lets_in = {one.who for one in sddl.entries(issued(data))}
        assert lets_in == {"SY", "BA", windows_rights.own_sid()}
        assert sddl.is_protected(issued(data))
    assert connect(data) is None


def test_whom_the_data_folder_is_shared_with_may_ask_and_make_no_pipe_of_its_name(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = windows_rights.own_sid()
    shared = f"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;{own})(A;OICI;0x1301bf;;;{FRONT_DESK})(A;;FR;;;BU)"
    plain = windows_rights.rights_of
    monkeypatch.setattr(windows_rights, "rights_of", lambda place: shared if place == data else plain(place))
    with answering(data):
        [theirs] = [one for one in sddl.entries(issued(data)) if one.who == FRONT_DESK]
        assert int(theirs.rights, 16) & 0x3 == 0x3
        assert not int(theirs.rights, 16) & 0x4
        assert not sddl.open_to(issued(data))


def test_both_ends_are_told_who_the_other_is(data: Path) -> None:
    came: list[Peer] = []
    with answering(data, came):
        connection = reached(data)
        me = Peer(user_name(), os.getpid(), True)
        assert connection.peer == me
        connection.write(b"x")
        assert connection.read(10, 60) == b"x"
        connection.close()
    assert came == [me]


def test_a_neighbours_pipe_is_told_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(data):
        own = windows_rights.own_sid()
        monkeypatch.setattr(windows_rights, "owner_of", lambda _place: "S-1-5-21-1-2-3-1002")
        with pytest.raises(Stranger):
            connect(data)
        (data / on_windows.OWNER).write_text(json.dumps({"owner": "S-1-5-21-1-2-3-1002"}))
        connection = reached(data)
        assert not connection.peer.is_own
        connection.close()
        assert own


@pytest.mark.parametrize("size", [1, 65536, 65537, 900_000])
def test_long_answers_come_whole(data: Path, size: int) -> None:
    with answering(data):
        assert asked(data, b"x" * size) == b"x" * size


def test_a_question_that_is_too_long_is_not_answered(data: Path) -> None:
    came: list[Peer] = []
    with answering(data, came):
        with pytest.raises(OSError):  # noqa: PT011 - it hangs up, before all is said or after
            assert asked(data, b"x" * (MOST_ASKED + 10)), "it was heard and not answered"
            raise OSError
        assert came == []
        assert asked(data) == b"who?"


def test_whose_it_is_stands_beside_it_and_is_no_secret(data: Path) -> None:
    with answering(data):
        assert json.loads((data / on_windows.OWNER).read_text()) == {"owner": windows_rights.own_sid()}
    assert not (data / on_windows.OWNER).exists()


def test_each_spelling_of_a_folder_has_the_same_name(tmp_path: Path) -> None:
    assert on_windows.pipe_for(tmp_path / "Data") == on_windows.pipe_for(tmp_path / "x" / ".." / "DATA")
    assert on_windows.pipe_for(tmp_path / "data") != on_windows.pipe_for(tmp_path / "data2")
