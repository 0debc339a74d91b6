"""What a long day leaves behind in the agent's mind, and what a round of the control loop costs while many wait."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.ledger import ledger as ledger_module
from agent.model import Delivered
from tests.support import files
from tests.support.simulated_practice import SCANS, STATEMENTS, Answer, SimulatedPractice
from tests.support.statement_files import csv


def drop_statements(practice: SimulatedPractice, numbers: range) -> None:
    for number in numbers:
        row = (str(number), "07/03/2026", "John Snow", "12.00")
        practice.drop(f"statement {number}.csv", csv(row), STATEMENTS)


def test_what_was_sent_is_let_go_of(tmp_path: Path) -> None:
    """Ids, requests, claims and replies of a day would otherwise add up for as long as the agent runs."""
    practice = SimulatedPractice(tmp_path)
    reply = "x" * 100_000
    practice.service().rule = lambda *_: Answer(Delivered(201, {"said": reply}), accepted=True)
    for begin in range(0, 30, 10):
        drop_statements(practice, range(begin, begin + 10))
        for number in range(begin, begin + 10):
            practice.drop(f"scan {number}.pdf", files.pdf() + f"% {number}\n%%EOF\n".encode())
            practice.drop(f"scan {number}.json", files.sidecar(claimId=f"CLM-{number}"))
        practice.pass_(minutes=5)
    control = practice.control
    assert (len(practice.service(SCANS).accepted), len(practice.service(STATEMENTS).accepted)) == (30, 30)
    assert not control.state.packets
    assert [lane._requests for lane in control.state.lanes.values()] == [{}, {}]
    assert len(practice.ledger._standing) == 0, "claims on names that nobody asks for"
    assert list(tmp_path.iterdir()) == [], "bodies on the spool"
    assert len(json.dumps([packet.receipt for packet in control.state.ended])) < 60 * 2000, (
        "replies that the ledger has"
    )
    [receipt] = [one for one in practice.receipts() if one["files"][0]["name"] == "scan 7.pdf"]
    assert receipt["response"] == {"said": reply}


@pytest.mark.slow
@pytest.mark.parametrize("count", [40, 120])
def test_each_claim_is_read_a_few_times_however_many_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Every round read the whole day's claims: twice as many files took four times as long."""
    read: list[Any] = []
    make = ledger_module._claim
    monkeypatch.setattr(ledger_module, "_claim", lambda row: read.append(row) or make(row))
    practice = SimulatedPractice(tmp_path)
    drop_statements(practice, range(count))
    practice.pass_(minutes=5)
    assert len(practice.service(STATEMENTS).accepted) == count
    assert len(read) <= 6 * count
