"""Who has seen what is written down: without what was searched for, and not each time that the page fetches anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.delivery.requests import EXPORTED, LISTED, OPENED, SEARCHED, VIEWED, Request
from agent.desk.page.page import LIVE
from agent.desk.users import user_name
from agent.model import PacketState
from tests.support.packets import NOW, packet
from tests.support.page import DeskPractice, desk_in, signed_in


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[DeskPractice]:
    with desk_in(tmp_path) as practice:
        with practice.ledger.transaction() as tx:
            tx.admit(packet(state=PacketState.FAILED), NOW)
        yield practice


@pytest.mark.parametrize(
    ("method", "address", "form", "noted"),
    [
        ("GET", "/", None, ("", "")),
        ("GET", "/history/p1", None, (VIEWED, "p1")),
        ("GET", "/history/p9", None, ("", "")),
        ("GET", "/history", None, (LISTED, "")),
        ("POST", "/history", {"q": "Lindqvist"}, (SEARCHED, "")),
        ("POST", "/history", {"q": ""}, ("", "")),
        ("GET", "/history.csv", None, (EXPORTED, "")),
    ],
)
@pytest.mark.parametrize("says_live", [False, True])
def test_what_was_seen(
    practice: DeskPractice,
    says_live: bool,
    method: str,
    address: str,
    form: dict[str, str] | None,
    noted: tuple[str, str],
) -> None:
    seen: list[Request] = []
    client = signed_in(replace(practice.desk, note=seen.append))
    assert [one.note for one in seen] == [OPENED]
    client.request(method, address, data=form, headers={LIVE: "1"} if says_live else {}, follow_redirects=False)
    client.request(method, address, data=form, headers={LIVE: "1"}, follow_redirects=False)
    event, of_packet = noted
    wanted = [Request("note", (of_packet,) if of_packet else (), (), user_name(), event)] if event else []
    assert seen[1:] == wanted
    assert "Lindqvist" not in str(seen)


def test_what_is_looked_at_again_is_written_down_again(practice: DeskPractice) -> None:
    seen: list[Request] = []
    client = signed_in(replace(practice.desk, note=seen.append))
    for _ in range(2):
        client.get("/history/p1")
        client.get("/history")
    assert [one.note for one in seen] == [OPENED, VIEWED, LISTED, VIEWED]


@pytest.mark.parametrize("said", ["root", ""])
def test_who_has_seen_it_is_the_systems_word(practice: DeskPractice, said: str) -> None:
    seen: list[Request] = []
    client = signed_in(replace(practice.desk, note=seen.append), who_asks=lambda _scope: said)
    client.get("/history/p1")
    client.post("/pause", data={})
    assert {one.actor for one in (*seen, *practice.asked)} == {said or user_name()}
