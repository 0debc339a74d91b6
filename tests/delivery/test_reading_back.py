"""A new ledger reads back what stands on the shelves, and believes nothing there that leads elsewhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.delivery.lane import Lane
from agent.delivery.planner import Terms
from agent.delivery.problems import ASK_FIRST
from agent.delivery.reconcile.reading_back import read_back
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
    "files": [{"name": "july.csv", "size": 3, "sha256": hashlib.sha256(b"a,b").hexdigest()}],
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
        shelf.mkdir(parents=True, exist_ok=True)
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
    ("said", "possibly_sent"),
    [
        ({"version": 1, "code": "refused", "possibly_sent": False}, False),
        ({"version": 1, "code": "refused", "possibly_sent": True}, True),
        ({"version": 1, "code": "refused", "possibly_sent": False, "what_to_do": ASK_FIRST}, False),
        ({"version": 9, "code": "statement-rows", "possibly_sent": True, "unheard_of": [1]}, True),
        # An older document does not say it: what may have been tried may have arrived, however it is worded.
        ({"code": "refused"}, True),
        ({"code": "gave-up-unsure"}, True),
        ({"code": "statement-rows", "what_to_do": ASK_FIRST}, False),
    ],
    ids=str,
)
def test_what_may_have_arrived_is_known_by_a_field(tmp_path: Path, said: dict, possibly_sent: bool) -> None:
    assert read(tmp_path, RECEIPT, PROBLEM | said).packet("p2").possibly_sent is possibly_sent


@pytest.mark.parametrize(
    ("files", "on_shelf", "expected"),
    [
        # Which of the two that stand there is the packet's: what the document says, else the digest, else none.
        ("july.csv", "july (2).csv", [("july.csv", 9)]),
        ("july.csv", "july.csv", [("july.csv", 3)]),
        ("july.csv", "august.csv", []),
        ("july.csv", None, [("july.csv", 3)]),
        ("july (2).csv", None, []),
    ],
)
def test_a_failed_packets_files_are_told_and_not_guessed(
    tmp_path: Path, files: str, on_shelf: str | None, expected: list[tuple[str, int]]
) -> None:
    digest = hashlib.sha256(b"a,b").hexdigest()
    shelved = [{"name": "july.csv", "on_shelf": on_shelf, "role": "document", "size": 3}] if on_shelf else []
    said = {"files": [{"name": files, "size": 3, "sha256": digest}], "on_shelf": shelved, "name": "july"}
    failed = tmp_path / "statements" / "failed"
    failed.mkdir(parents=True)
    (failed / "july (2).csv").write_text("a,b,c,d,e")
    packet = read(tmp_path, RECEIPT, PROBLEM | said).packet("p2")
    assert [(file.name, file.identity.size) for file in packet.files] == expected


def test_a_receipt_says_what_was_asked_for_and_of_whom(tmp_path: Path) -> None:
    sidecar = {"name": "Statements.json", "on_shelf": "Statements.json", "role": "sidecar", "size": 7, "sha256": "bb"}
    said = {
        "version": 1,
        "account": "store-1",
        "name": "Statements",
        "upload_name": "Statements 07.xml",
        "fingerprint": "ff",
        "claim_id": "C-1",
        "on_shelf": [{**RECEIPT["files"][0], "on_shelf": "Statements.xml", "role": "document"}, sidecar],
    }
    ledger = read(tmp_path, RECEIPT | said, PROBLEM)
    packet = ledger.packet("p1")
    assert (packet.fingerprint, packet.claim, packet.name, packet.account) == ("ff", "C-1", "Statements", "store-1")
    assert [(file.name, file.role) for file in packet.files] == [
        ("Statements.xml", "document"),
        ("Statements.json", "sidecar"),
    ]
    assert [claim.key for claim in ledger.claims("store-1", NOW)] == ["statements 07.xml"]


@pytest.mark.parametrize(("account", "known"), [("store-1", True), ("another", False)])
def test_a_store_that_was_renamed_is_known_by_its_account(tmp_path: Path, account: str, known: bool) -> None:
    ledger = read(tmp_path, RECEIPT | {"store": "old-name", "account": account}, PROBLEM)
    assert (ledger.packet("p1") is not None) is known


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
