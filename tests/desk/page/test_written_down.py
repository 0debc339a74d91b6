"""Who has seen what is written down: without what was searched for, and not each time that the page fetches anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.delivery.requests import EXPORTED, OPENED, SEARCHED, VIEWED, Request
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
        ("GET", "/history", None, ("", "")),
        ("POST", "/history", {"q": "Lindqvist"}, (SEARCHED, "")),
        ("POST", "/history", {"q": ""}, ("", "")),
        ("GET", "/history.csv", None, (EXPORTED, "")),
    ],
)
def test_what_was_seen(
    practice: DeskPractice, method: str, address: str, form: dict[str, str] | None, noted: tuple[str, str]
) -> None:
    seen: list[Request] = []
    client = signed_in(replace(practice.desk, note=seen.append))
    assert [one.note for one in seen] == [OPENED]
    client.request(method, address, data=form)
    client.request(method, address, data=form, headers={LIVE: "1"})
    event, of_packet = noted
    wanted = [Request("note", (of_packet,) if of_packet else (), (), user_name(), event)] if event else []
    assert seen[1:] == wanted
    assert "Lindqvist" not in str(seen)
