"""Attacks on the channel of commands and trays: what is said over it, and who puts himself in the agent's place."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.desk.interface.api import answer_to
from agent.desk.interface.channel import Peer, Stranger
from agent.desk.interface.remote import agent_at
from agent.desk.interface.system import connect
from tests.support import activity
from tests.support.attacks import Tries
from tests.support.page import Browser, DeskPractice, browser, desk_in
from tests.support.served import served

SECRET = "PAN-20411"
NOBODY = 65534
OWNER, NEIGHBOUR = Peer("rosa", 7, True), Peer("sam", 8, False)
WISH = {"verb": "pause", "packets": [], "lanes": [], "actor": "rosa", "note": ""}
posix = pytest.mark.skipif(sys.platform == "win32", reason="of Unix sockets")


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as made:
        activity.remember(made.ledger, *activity.sent_ones(), *activity.failed_ones())
        made.board.put(activity.busy_snapshot())
        yield made


def told(practice: DeskPractice, peer: Peer, question: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(answer_to(question, peer, practice.desk, lambda path: f"link to {path}"))
    return answer


@pytest.mark.attack("Channel", "what is for the agent's own user, asked by another who was let in")
def test_another_who_was_let_in(practice: DeskPractice, tries: Tries) -> None:
    for question in (
        {"ask": "status"}, {"ask": "open"}, {"ask": "open", "path": "/history"},
        {"ask": "request", "request": WISH}, {"ask": "request", "request": WISH | {"verb": "stop"}},
        {"ask": "status", "is_own": True}, {"ask": "status", "peer": {"is_own": True, "user": "rosa"}},
        {"ask": "status", "user": "rosa", "uid": 0},
    ):  # fmt: skip
        answer = told(practice, NEIGHBOUR, json.dumps(question).encode())
        tries.holds(list(answer) == ["sentence"] and practice.asked == [], question)
    tries.holds(SECRET not in json.dumps(told(practice, NEIGHBOUR, b'{"ask": "state"}')), "names in the counts")


@pytest.mark.attack("Channel", "what is no question, or one of another shape")
def test_other_shapes(practice: DeskPractice, tries: Tries) -> None:
    for question in (
        b"", b"\0", b"\xff\xfe", b"null", b"[]", b"1e999", b'"status"', b"{", b"[" * 200_000, b'{"ask":' * 50_000,
        b'{"ask": null}', b'{"ask": ["status"]}', b'{"ask": {"status": 1}}', b'{"ask": "STATUS"}',
        b'{"ask": "status\\u0000"}',
        b'{"ask": "request"}', b'{"ask": "request", "request": "pause"}',
        json.dumps({"ask": "request", "request": WISH | {"verb": "__class__"}}).encode(),
        json.dumps({"ask": "request", "request": WISH | {"packets": [[]]}}).encode(),
        json.dumps({"ask": "request", "request": WISH | {"note": "retry"}}).encode(),
        b"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"\x80\x04cos\nsystem\n(S'x'\ntR.",
    ):  # fmt: skip
        tries.holds(list(told(practice, OWNER, question)) == ["sentence"] and practice.asked == [], question[:40])


@pytest.mark.attack("Channel", "another name in the request than the system's")
def test_other_names(practice: DeskPractice, tries: Tries) -> None:
    for name in ("sam", "root", "", "x" * 10_000, "rosa\n", "\u202easor"):
        practice.asked.clear()
        told(practice, OWNER, json.dumps({"ask": "request", "request": WISH | {"actor": name}}).encode())
        tries.holds([wish.actor for wish in practice.asked] == ["rosa"], name[:20])


@pytest.mark.attack("Channel", "the port that the page has, with a key in a header, for what goes by the channel alone")
def test_the_port(practice: DeskPractice, tries: Tries) -> None:
    stranger: Browser = browser(practice.desk)
    person: Browser = browser(practice.desk)
    assert person.sign_in().status_code == 200
    for client in (stranger, person):
        for path in ("/api/state", "/api/status", "/api/requests", "/api/open"):
            for method in ("GET", "POST"):
                answer = client.request(method, path, headers={"Authorization": "Bearer x"}, json={"verb": "pause"})
                tries.holds(answer.status_code >= 400 and SECRET not in answer.text, f"{method} {path}")
    assert practice.asked == []


def _writable(private: Path, _aside: Path) -> None:
    private.chmod(0o777)


def _for_a_group(private: Path, _aside: Path) -> None:
    private.chmod(0o770)


def _linked(private: Path, aside: Path) -> None:
    private.rename(aside)
    private.symlink_to(aside)


def _anothers(private: Path, _aside: Path) -> None:
    os.chown(private, NOBODY, NOBODY)


@posix
@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.attack(
    "Channel", "the agent's folder given away, opened, or led elsewhere, so that another may answer in it"
)
def test_in_the_agents_place(practice: DeskPractice, tmp_path: Path, tries: Tries) -> None:
    data = practice.settings.agent.data_dir
    assert data is not None
    ways: tuple[Callable[[Path, Path], None], ...] = (_writable, _for_a_group, _linked, _anothers)
    for number, way in enumerate(ways):
        with served(practice.desk):
            private = data / f"private-{os.getuid()}"
            aside = tmp_path / f"aside-{number}"
            way(private, aside)
            try:
                found: object = connect(data)
            except Stranger:
                found = None
            tries.holds(found is None, way.__name__)
            if private.is_symlink():
                private.unlink()
                aside.rename(private)
            os.chown(private, 0, 0)
            private.chmod(0o700)
            assert agent_at(data) is not None
