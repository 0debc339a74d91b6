"""The interface: what each key opens, what is answered when, and how other programs find the agent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.delivery.alone import alone
from agent.delivery.requests import Answer, Request
from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot
from agent.desk.interface.address import (
    ADDRESS,
    KEY,
    PRIVATE,
    Address,
    Keys,
    address_in,
    owner_of,
    private_key,
    publish,
    withdraw,
)
from agent.desk.interface.api import may_ask, request_from, snapshot_from, tray_view
from agent.desk.interface.remote import RemoteDesk, Unreachable, other_agent
from agent.desk.users import user_mark, user_name
from agent.model import LaneState, Problem
from tests.support.page import DeskPractice, desk_in
from tests.support.served import PATIENCE, served

NAME = "Sally Sample"
NOBODY = 65534
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead")
LANE = LaneSnapshot(
    "main-street/attachments",
    LaneState.BLOCKED,
    f"/scans/{NAME}",
    since="2026-07-14T09:41:00Z",
    problem=Problem("blocked", f"{NAME} is here.", "Nothing."),
    counts={"held": 2},
    needs_attention=1,
)
SNAPSHOT = Snapshot("2026-07-14T09:41:00Z", True, 7, (LANE,), (PacketSnapshot("p1", LANE.lane, NAME, "held"),), 1)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as practice:
        practice.board.put(SNAPSHOT)
        yield practice


@pytest.fixture
def folder(practice: DeskPractice) -> Path:
    found = practice.settings.agent.data_dir
    assert found is not None
    return found


def agent_in(folder: Path) -> RemoteDesk:
    address = address_in(folder)
    assert address is not None
    return RemoteDesk(folder, address, private_key(folder, address))


def asked(agent: RemoteDesk, path: str, key: str, **more: Any) -> httpx.Response:
    url = f"http://127.0.0.1:{agent.address.port}{path}"
    return httpx.request(
        more.pop("method", "GET"), url, headers={"Authorization": key}, trust_env=False, timeout=30, **more
    )


# --- Keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "private", "state", "none"),
    [("/api/state", 200, 200, 401), ("/api/status", 200, 401, 401), ("/api/no-such", 404, 401, 401)],
)
def test_each_key_opens_what_it_is_for(
    practice: DeskPractice, folder: Path, path: str, private: int, state: int, none: int
) -> None:
    with served(practice.desk):
        agent = agent_in(folder)
        assert asked(agent, path, f"Bearer {agent.key}").status_code == private
        assert asked(agent, path, f"bearer  {agent.address.state_key}").status_code == state
        for nothing in ("", "Bearer", "Bearer made-up", f"Basic {agent.key}", f"Bearer {agent.key}x"):
            assert asked(agent, path, nothing).status_code == none


def test_a_session_is_no_key_and_a_key_no_session(practice: DeskPractice, folder: Path) -> None:
    with served(practice.desk) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        assert client.get(server.link()).status_code == 200
        assert client.get("/api/status").status_code == 401
        assert asked(agent_in(folder), "/", f"Bearer {agent_in(folder).key}").status_code == 403


def test_a_page_of_another_site_cannot_use_even_a_right_key(practice: DeskPractice, folder: Path) -> None:
    with served(practice.desk):
        agent = agent_in(folder)
        headers = {"Authorization": f"Bearer {agent.key}", "Origin": "https://attacker.example.com"}
        url = f"http://127.0.0.1:{agent.address.port}/api/status"
        assert httpx.get(url, headers=headers, trust_env=False, timeout=30).status_code == 403


def test_keys_that_are_not_ascii_are_wrong_keys() -> None:
    assert not may_ask(Keys(), "/api/state", "Bearer \xfc\udcff")


# --- What everybody's tray may see ----------------------------------------------------------------------------------


def test_the_trays_view_has_states_and_counts_and_no_name() -> None:
    view = tray_view(SNAPSHOT)
    assert NAME not in json.dumps(view)
    seen = snapshot_from(json.loads(json.dumps(view)))
    assert (seen.running, seen.needs_attention, seen.packets) == (True, 1, ())
    [lane] = seen.lanes
    assert (lane.lane, lane.state, lane.counts) == (LANE.lane, LaneState.BLOCKED, {"held": 2})
    assert isinstance(lane.state, LaneState)


def test_another_users_tray_sees_the_counts_and_nothing_else(practice: DeskPractice, folder: Path) -> None:
    with served(practice.desk):
        another = replace(agent_in(folder), key=None)
        seen = another.snapshot()
        assert seen is not None
        assert seen.lanes[0].counts == {"held": 2}
        assert not another.is_own
        with pytest.raises(Unreachable, match="Only that user can do this"):
            another.status()
    assert another.snapshot() is None, "the agent has gone"


# --- Requests -------------------------------------------------------------------------------------------------------


def test_a_request_is_passed_on_and_its_answer_brought_back(practice: DeskPractice, folder: Path) -> None:
    practice.answer = lambda _request: Answer(("p1",), ("There is no packet p2.",))
    with served(practice.desk):
        answer = agent_in(folder).ask(Request("retry", packets=("p1", "p2"), actor="rosa"))
    assert answer == Answer(("p1",), ("There is no packet p2.",))
    assert practice.asked == [Request("retry", packets=("p1", "p2"), actor=user_name())]


def test_it_is_answered_only_once_it_is_carried_out(practice: DeskPractice, folder: Path) -> None:
    carried_out: Future[Answer] = Future()
    came = threading.Event()

    def ask(_request: Request) -> Future[Answer]:
        came.set()
        return carried_out

    answers: list[Answer] = []
    with served(replace(practice.desk, ask=ask)):
        agent = agent_in(folder)
        person = threading.Thread(target=lambda: answers.append(agent.ask(Request("pause"))))
        person.start()
        assert came.wait(PATIENCE)
        assert answers == []
        carried_out.set_result(Answer(("main-street/attachments",)))
        person.join(PATIENCE)
    assert answers == [Answer(("main-street/attachments",))]


def test_what_an_ending_agent_leaves_undone_is_said(practice: DeskPractice, folder: Path) -> None:
    left: Future[Answer] = Future()
    left.cancel()
    with served(replace(practice.desk, ask=lambda _request: left)), pytest.raises(Unreachable, match="has ended"):
        agent_in(folder).ask(Request("pause"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'"retry"',
        b'{"verb": "format", "packets": [], "lanes": [], "actor": ""}',
        b'{"verb": "retry", "packets": [1], "lanes": [], "actor": ""}',
        b'{"verb": "retry", "packets": null, "lanes": [], "actor": ""}',
        b'{"verb": ["retry"], "packets": [], "lanes": [], "actor": ""}',
        b'{"verb": "retry", "packets": [], "lanes": [], "actor": 7}',
        b"[" * 10_000,
    ],
)
def test_what_is_no_request_is_none(body: bytes) -> None:
    assert request_from(body) is None


def test_a_link_from_the_interface_opens_the_page(practice: DeskPractice, folder: Path) -> None:
    with served(practice.desk):
        link = agent_in(folder).link("/history")
        assert httpx.get(link, trust_env=False, timeout=30).status_code == 200
        assert httpx.get(link, trust_env=False, timeout=30).status_code == 403


# --- Finding it -----------------------------------------------------------------------------------------------------


def test_no_agent_is_found_where_none_runs(practice: DeskPractice) -> None:
    assert other_agent(practice.settings) is None


def test_the_running_agent_is_found(practice: DeskPractice, folder: Path) -> None:
    with alone(folder), served(practice.desk):
        agent = other_agent(practice.settings)
        assert agent is not None
        assert agent.address.pid == os.getpid()
        assert agent.status() == json.loads(json.dumps(SNAPSHOT.as_json))


def test_one_that_has_only_just_begun_is_waited_for(practice: DeskPractice, folder: Path) -> None:
    found: list[RemoteDesk | None] = []
    with alone(folder):
        looking = threading.Thread(target=lambda: found.append(other_agent(practice.settings, PATIENCE)))
        looking.start()
        with served(practice.desk):
            looking.join(PATIENCE)
    assert found[0] is not None


def test_one_that_says_nothing_is_not_waited_for_without_end(practice: DeskPractice, folder: Path) -> None:
    with alone(folder), pytest.raises(Unreachable, match="does not say where it is reached"):
        other_agent(practice.settings, 0.05)


def test_what_a_killed_agent_has_left_leads_nobody_astray(practice: DeskPractice, folder: Path) -> None:
    with served(practice.desk):
        left = (folder / ADDRESS).read_text()
    (folder / ADDRESS).write_text(left)
    assert other_agent(practice.settings) is None
    with alone(folder):
        with pytest.raises(Unreachable):
            other_agent(practice.settings, 0.05)
        with served(practice.desk):
            agent = other_agent(practice.settings)
            assert agent is not None
            assert agent.lives()


@posix
@pytest.mark.parametrize("what", ["folder", "address", "private", "key"])
@pytest.mark.parametrize("how", ["writable", "given away", "linked"])
def test_an_address_that_others_could_have_written_is_not_believed(
    practice: DeskPractice, folder: Path, tmp_path: Path, what: str, how: str
) -> None:
    publish(folder, 1, Keys())
    private = folder / f"{PRIVATE}{user_mark()}"
    path = {"folder": folder, "address": folder / ADDRESS, "private": private, "key": private / KEY}[what]
    assert owner_of(folder) == os.getuid()
    if how == "writable":
        path.chmod(0o777)
    elif how == "linked":
        if what == "folder":
            pytest.skip("IT may have linked it")
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    elif os.geteuid() != 0:
        pytest.skip("only root can give something away")
    else:
        os.chown(path, NOBODY, NOBODY)
    assert owner_of(folder) is None
    with alone(folder), pytest.raises(Unreachable, match="not believed"):
        other_agent(practice.settings, 0)


PLANTED = """
import os, socket
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    client, _ = server.accept()
    print(len(client.recv(1000)), flush=True)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells whose program listens")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else for a test")
def test_another_users_program_is_told_no_key(practice: DeskPractice, folder: Path) -> None:
    program = PLANTED.format(uid=NOBODY)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as planted:
        assert planted.stdout is not None
        publish(folder, int(planted.stdout.readline()), Keys())
        with pytest.raises(Unreachable, match="Another account's program"):
            agent_in(folder).status()
        assert planted.stdout.readline().strip() == "0"


def test_who_asks_is_the_systems_word(practice: DeskPractice, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    assert user_name() != "somebody-else"
    with served(practice.desk):
        agent_in(folder).ask(Request("pause", actor="somebody-else"))
    [wish] = practice.asked
    assert wish.actor == user_name()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"port": "x"}', "\x00"])
def test_an_address_that_cannot_be_read_is_none(folder: Path, content: str) -> None:
    (folder / ADDRESS).write_text(content)
    assert address_in(folder) is None


def test_the_owner_in_an_address_leads_to_no_other_folder(folder: Path) -> None:
    assert private_key(folder, Address(1, 1, "rosa", "x/../../elsewhere", "key")) is None


def test_publishing_again_replaces_what_was_left(folder: Path) -> None:
    first, second = Keys(), Keys()
    publish(folder, 1, first)
    publish(folder, 2, second)
    address = address_in(folder)
    assert address is not None
    assert (address.port, address.state_key, private_key(folder, address)) == (2, second.state, second.private)
    withdraw(folder)
    withdraw(folder)
    assert (address_in(folder), private_key(folder, address)) == (None, None)
