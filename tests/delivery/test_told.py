"""What a failed packet's files said stands beside them, and whoever needs it reads it there."""

from __future__ import annotations

from pathlib import Path

from agent.delivery.told import as_told
from agent.model import PacketState
from tests.support.simulated_practice import STATEMENTS, SimulatedPractice
from tests.support.statement_files import csv

BAD = ("1001", "13/45/2026", "John Snow", "12.00")


def failed(spool: Path) -> SimulatedPractice:
    practice = SimulatedPractice(spool)
    practice.drop("July.csv", csv(BAD), STATEMENTS)
    practice.pass_(minutes=5)
    return practice


def test_the_ledger_has_the_place_and_the_document_the_value(tmp_path: Path) -> None:
    practice = failed(tmp_path)
    [record] = practice.ledger.history(states=[PacketState.FAILED])
    [document] = practice.problems(STATEMENTS)
    assert record.problem is not None
    assert BAD[1] not in str(record)
    told = as_told(practice.fs, record).problem
    assert told is not None
    assert (told.sentence, told.what_to_do) == (document["sentence"], document["what_to_do"])
    assert [vars(fault) for fault in told.details] == document["details"]
    assert BAD[1] in str(told.details)


def test_where_the_document_is_gone_the_ledger_is_all_there_is(tmp_path: Path) -> None:
    practice = failed(tmp_path)
    [record] = practice.ledger.history(states=[PacketState.FAILED])
    practice.fs.remove(Path(record.stands_as + ".problem.json"))
    assert as_told(practice.fs, record) == record
