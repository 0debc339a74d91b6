"""The interface: what is answered, to whom and when, and how other programs find the agent."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.delivery.alone import alone
from agent.delivery.glance import status_json
from agent.delivery.requests import Answer, Request
from agent.delivery.snapshot import LaneSnapshot, PacketSnapshot, Snapshot
from agent.desk.interface.api import NotDone, answer_to, request_from, snapshot_from, tray_view
from agent.desk.interface.channel import Peer
from agent.desk.interface.remote import RemoteDesk, Unreachable, agent_at, other_agent
from agent.desk.users import user_name
from agent.model import LaneState, Problem
from tests.support.page import DeskPractice, desk_in
from tests.support.served import PATIENCE, served

NAME = "Sally Sample"
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
OWNER, OTHER = Peer("rosa", 7, True), Peer("sam", 8, False)
WISH = {"verb": "pause", "packets": [], "lanes": [], "actor": "somebody-else"}


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
    agent = agent_at(folder)
    assert agent is not None
    return agent


def answered(practice: DeskPractice, peer: Peer, question: bytes) -> dict[str, Any]:
    answer = json.loads(answer_to(question, peer, practice.desk, lambda path: f"http://127.0.0.1:1/open/x{path}"))
    assert isinstance(answer, dict)
    return answer


# --- Who is answered ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "for_others"),
    [({"ask": "state"}, True), ({"ask": "status"}, False), ({"ask": "open"}, False),
     ({"ask": "request", "request": WISH}, False)],
)  # fmt: skip
def test_each_question_is_answered_to_whom_it_is_for(
    practice: DeskPractice, question: dict[str, Any], for_others: bool
) -> None:
    asked = json.dumps(question).encode()
    assert "sentence" not in answered(practice, OWNER, asked)
    filed = len(practice.asked)
    told = answered(practice, OTHER, asked)
    assert ("sentence" not in told) == for_others
    assert NAME not in json.dumps(told)
    assert len(practice.asked) == filed
    assert for_others or "Only that user can do this" in told["sentence"]


@pytest.mark.parametrize(
    "question",
    [b"", b"{}", b"[]", b"\xff", b'"state"', b"[" * 100_000, b'{"ask": "format"}', b'{"ask": ["status"]}', b"1e999"],
)
def test_what_is_no_question_is_answered_with_a_sentence(practice: DeskPractice, question: bytes) -> None:
    assert list(answered(practice, OWNER, question)) == ["sentence"]


def test_who_asks_is_the_systems_word(practice: DeskPractice, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    assert user_name() != "somebody-else"
    with served(practice.desk):
        agent_in(folder).ask(Request("pause", actor="somebody-else"))
    [wish] = practice.asked
    assert wish.actor == user_name()


# --- What everybody's tray may see ----------------------------------------------------------------------------------


def test_the_trays_view_has_states_and_counts_and_no_name() -> None:
    view = tray_view(SNAPSHOT)
    assert NAME not in json.dumps(view)
    seen = snapshot_from(json.loads(json.dumps(view)))
    assert (seen.running, seen.needs_attention, seen.packets) == (True, 1, ())
    [lane] = seen.lanes
    assert (lane.lane, lane.state, lane.counts) == (LANE.lane, LaneState.BLOCKED, {"held": 2})
    assert isinstance(lane.state, LaneState)


def test_a_tray_sees_the_counts_until_the_agent_has_gone(practice: DeskPractice, folder: Path) -> None:
    with served(practice.desk):
        agent = agent_in(folder)
        seen = agent.snapshot()
        assert seen is not None
        assert seen.lanes[0].counts == {"held": 2}
    assert agent.snapshot() is None


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
        assert agent.status(), "others are not kept waiting"
        carried_out.set_result(Answer(("main-street/attachments",)))
        person.join(PATIENCE)
    assert answers == [Answer(("main-street/attachments",))]


def test_what_an_ending_agent_leaves_undone_is_said(practice: DeskPractice, folder: Path) -> None:
    left: Future[Answer] = Future()
    left.cancel()
    with served(replace(practice.desk, ask=lambda _request: left)), pytest.raises(Unreachable, match="has ended"):
        agent_in(folder).ask(Request("pause"))


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {},
        "retry",
        WISH | {"verb": "format"},
        WISH | {"packets": [1]},
        WISH | {"packets": None},
        WISH | {"verb": ["retry"]},
        WISH | {"note": "made-up"},
        WISH | {"note": 7},
    ],
)
def test_what_is_no_request_is_none(given: Any) -> None:
    assert request_from(given, "rosa") is None


def test_a_request_is_read_as_it_was_written() -> None:
    wish = Request("retry", ("p1",), ("main-street/attachments",), "rosa")
    assert request_from(json.loads(json.dumps(asdict(wish))), "rosa") == wish


def test_a_link_from_the_interface_opens_the_page_once(practice: DeskPractice, folder: Path) -> None:
    with served(practice.desk):
        link = agent_in(folder).link("/history")
        assert httpx.get(link, trust_env=False, timeout=30).status_code == 200
        assert httpx.get(link, trust_env=False, timeout=30).status_code == 403


def test_why_there_is_no_page_is_said(practice: DeskPractice) -> None:
    def link(_path: str) -> str:
        raise NotDone("There is none.")

    assert json.loads(answer_to(b'{"ask": "open"}', OWNER, practice.desk, link)) == {"sentence": "There is none."}


def test_what_breaks_while_it_is_answered_ends_nothing(practice: DeskPractice, folder: Path) -> None:
    def ask(_request: Request) -> Future[Answer]:
        raise RuntimeError(NAME)

    with served(replace(practice.desk, ask=ask)):
        agent = agent_in(folder)
        with pytest.raises(Unreachable) as told:
            agent.ask(Request("pause"))
        assert NAME not in str(told.value)
        assert agent.status()


# --- Finding it -----------------------------------------------------------------------------------------------------


def test_no_agent_is_found_where_none_runs(practice: DeskPractice) -> None:
    assert other_agent(practice.settings) is None


def test_the_running_agent_is_found(practice: DeskPractice, folder: Path) -> None:
    with alone(folder), served(practice.desk):
        agent = other_agent(practice.settings)
        assert agent is not None
        assert (agent.pid, agent.user, agent.is_own) == (os.getpid(), user_name(), True)
        assert agent.status() == json.loads(json.dumps(status_json(SNAPSHOT)))


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


def test_what_older_versions_were_asked_with_is_taken_away(practice: DeskPractice, folder: Path) -> None:
    old = (folder / "interface.json", folder / "private-rosa" / "interface.key")
    old[1].parent.mkdir()
    for path in old:
        path.write_text("key")
    with served(practice.desk):
        assert not any("key" in path.read_text() for path in old if path.exists())
        assert agent_in(folder).status()


def test_no_key_stands_anywhere_while_it_runs(practice: DeskPractice, folder: Path) -> None:
    with served(practice.desk):
        agent_in(folder).link()
        own = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("ledger.sqlite")]
        assert {path.name for path in own} <= ({"interface.json"} if sys.platform == "win32" else set())
