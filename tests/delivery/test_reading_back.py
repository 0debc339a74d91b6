"""A new ledger reads back what stands on the shelves, and believes nothing there that leads elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.delivery.lane import Lane
from agent.delivery.planner import Terms
from agent.delivery.problems import ASK_FIRST
from agent.delivery.reading_back import read_back
from agent.folder.real import RealFileSystem
from agent.intake.lanes import intake_for
from agent.ledger.ledger import Ledger
from agent.ledger.opening import memory_ledger
from agent.settings.schema import StatementsSettings
from tests.support.folders import HandClock
from tests.support.packets import NOW, STATEMENTS

RECEIPT = {
    "packet": "p1",
    "store": "main-street",
    "lane": "statements",
    "files": [{"name": "Statements.xml", "size": 3, "sha256": "aa"}],
    "sent_at": NOW.isoformat(),
    "attempts": 1,
    "possibly_sent_twice": False,
    "attachment_control_number": None,
}
PROBLEM = {
    "packet": "p2",
    "store": "main-street",
    "lane": "statements",
    "files": [{"name": "july.csv", "size": 3, "sha256": None}],
    "at": NOW.isoformat(),
    "code": "statement-rows",
    "sentence": "s",
    "what_to_do": "w",
    "details": [],
}


def read(tmp_path: Path, receipt: object, problem: object) -> Ledger:
    folder = tmp_path / "statements"
    day = folder / "sent" / f"{NOW.astimezone():%Y-%m-%d}"
    failed = folder / "failed"
    for shelf, name, document in ((day, "Statements.receipt.json", receipt), (failed, "july.problem.json", problem)):
        shelf.mkdir(parents=True)
        (shelf / name).write_text(document if isinstance(document, str) else json.dumps(document))
    (failed / "july.csv").write_text("a,b")
    (tmp_path / "elsewhere.csv").write_text("secret")
    settings = StatementsSettings(folder=folder, base_url="https://api.example.com")
    fs = RealFileSystem()
    lane = Lane(
        STATEMENTS,
        settings,
        Terms(account="store-1"),
        fs,
        HandClock(),
        intake_for(settings, STATEMENTS, fs, tmp_path / "spool"),
        destination=SimpleNamespace(name="https://api.example.com"),  # type: ignore[arg-type]
    )
    ledger = Ledger(memory_ledger())
    read_back(ledger, lane, NOW)
    return ledger


def test_what_was_sent_and_what_failed_is_known_again(tmp_path: Path) -> None:
    ledger = read(tmp_path, RECEIPT, PROBLEM)
    assert {packet.id for packet in ledger.history()} == {"p1", "p2"}
    [claim] = ledger.claims("store-1", NOW)
    assert (claim.key, claim.sha256, claim.accepted_at) == ("statements.xml", "aa", NOW)
    assert [file.name for file in ledger.packet("p2").files] == ["july.csv"]


@pytest.mark.parametrize(
    ("code", "what_to_do", "possibly_sent"),
    [("refused", "Correct it.", False), ("refused", f"{ASK_FIRST} Correct it.", True), ("gave-up-unsure", "w", True)],
)
def test_what_may_have_arrived_is_known_again(tmp_path: Path, code: str, what_to_do: str, possibly_sent: bool) -> None:
    ledger = read(tmp_path, RECEIPT, PROBLEM | {"code": code, "what_to_do": what_to_do})
    assert ledger.packet("p2").possibly_sent is possibly_sent


@pytest.mark.parametrize(
    "changes",
    [
        {"files": [{"name": "../../elsewhere.csv", "size": 6, "sha256": ""}]},
        {"files": [{"name": "/etc/passwd", "size": 6, "sha256": ""}]},
        {"files": [{"name": "a/../../b", "size": 6, "sha256": ""}]},
        {"files": "july.csv"},
        {"files": None},
        {"packet": "../p"},
        {"at": "yesterday", "sent_at": "yesterday"},
        {"details": [1], "attempts": "many"},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_document_that_is_not_of_our_form_is_passed_over(tmp_path: Path, changes: dict) -> None:
    assert read(tmp_path, RECEIPT | changes, PROBLEM | changes).history() == []


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "null", "{}", "\ufffe"])
def test_neither_is_one_that_is_no_document_at_all(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text, text).history() == []
