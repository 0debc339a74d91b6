"""Documents of ours on shelves: anyone can write there, so what is read of one is bounded, and what is written fits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agent.delivery.documents import beside_failed
from agent.folder.documents import is_document_of
from agent.folder.filesystem import Damaged
from agent.folder.names import PROBLEM_JSON
from agent.folder.packets import Packet
from agent.folder.receipts import LARGEST_DOCUMENT, ProblemDocument, Receipt, read_document
from agent.folder.simulated import SimulatedFileSystem
from agent.ledger.records import PacketRecord, Shelf
from agent.model import Fault, LaneId, LaneKind, PacketState, Problem
from tests.support.folders import LANE, HandClock

PATH = LANE / "failed" / "scan.problem.json"
PROBLEM = {"packet": "p1", "lane": "attachments", "files": [], "code": "incomplete"}
RECEIPT = {
    "packet": "p1", "lane": "attachments", "files": [], "attempts": 1, "possibly_sent_twice": False,
    "sent_at": "2026-07-04T10:00:00Z",
}  # fmt: skip
P1 = cast("Packet", SimpleNamespace(id="p1"))


def standing(document: dict[str, Any], padding: int = 0) -> SimulatedFileSystem:
    fs = SimulatedFileSystem(HandClock())
    fs.make_folder(PATH.parent)
    fs.put(PATH, json.dumps(document).encode() + b" " * padding)
    return fs


@pytest.mark.parametrize(
    ("form", "document", "padding"),
    [
        (ProblemDocument, PROBLEM, LARGEST_DOCUMENT),
        (Receipt, RECEIPT, 4 << 20),
        (ProblemDocument, PROBLEM | {"details": [{}] * 20_001}, 0),
        (ProblemDocument, PROBLEM | {"files": [{"name": "a.pdf", "size": 1}] * 2_001}, 0),
        (ProblemDocument, PROBLEM | {"on_shelf": [{}] * 2_001}, 0),
    ],
    ids=["problem", "receipt", "faults", "files", "files-on-shelf"],
)
def test_what_is_larger_than_any_document_of_ours_is_none(form: Any, document: dict[str, Any], padding: int) -> None:
    with pytest.raises(Damaged):
        read_document(standing(document, padding), PATH, form)


@pytest.mark.parametrize("size", [0, 1000])
def test_a_document_says_whose_it_is_only_while_it_has_the_size_of_one(size: int) -> None:
    assert is_document_of(standing(PROBLEM, size), PATH, P1, None)
    assert not is_document_of(standing(PROBLEM, LARGEST_DOCUMENT), PATH, P1, None)


@pytest.mark.parametrize(
    "document",
    [PROBLEM | {"more": [[]]}, PROBLEM | {"details": [{"more": [[]]}]}, PROBLEM | {"files": [
        {"name": "a.pdf", "size": 1, "more": [[]]}]}],
    ids=["beside", "in-a-fault", "in-a-file"],
)  # fmt: skip
def test_what_a_problem_says_beyond_its_form_is_never_made_an_object(document: dict[str, Any]) -> None:
    assert "more" not in str(read_document(standing(document), PATH, ProblemDocument).as_json)


def test_what_a_newer_receipt_says_is_kept() -> None:
    assert read_document(standing(RECEIPT | {"more": [1]}), PATH, Receipt).as_json["more"] == [1]


@pytest.mark.parametrize(
    "document", ["[" * 5000 + "]" * 5000, '{"packet": "p1", "more": ' + "[" * 5000 + "]" * 5000 + "}"]
)
def test_what_is_nested_deeper_than_any_document_is_none(document: str) -> None:
    fs = standing({})
    fs.put(PATH, document.encode())
    assert not is_document_of(fs, PATH, P1, None)
    with pytest.raises(Damaged):
        read_document(fs, PATH, ProblemDocument)


@pytest.mark.parametrize("value", ["13/45/2026", "\u4e00" * 1000], ids=["short", "long"])
def test_every_problem_that_is_written_can_be_read_back(value: str) -> None:
    now = datetime(2026, 7, 4, tzinfo=UTC)
    record = PacketRecord(
        id="p1",
        lane=LaneId("main", LaneKind.STATEMENTS),
        state=PacketState.FAILED,
        name="July.csv",
        shelf=Shelf.FAILED,
        files=(),
        arrived_at=now,
    )
    problem = Problem(
        "bad-rows", "Two rows cannot go.", "Mend them.", (Fault("row 1, date", value, "No date."),) * 10_000
    )
    written = beside_failed(record, problem, now, "i")(cast("Any", SimpleNamespace(beside=str)))
    fs = standing({})
    fs.put(PATH, written[PROBLEM_JSON])
    read = read_document(fs, PATH, ProblemDocument)
    assert 1000 < len(read.details) <= 10_001
    assert len(read.details) == 10_000 or read.details[-1].message.endswith("more places are not listed here.")
