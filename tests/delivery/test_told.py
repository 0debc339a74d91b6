"""What a failed packet's files said stands beside them, and whoever needs it reads it there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from agent.delivery.told import NOT_NOW, NOWHERE, as_told, is_untold
from agent.folder.filesystem import Busy, Denied, FileSystemProblem, Offline
from agent.model import PacketState
from tests.support import files
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


@pytest.mark.parametrize(
    "document", [None, b"", b"{", b'{"packet": "another"}', b"[1, 2]"], ids=["gone", "empty", "cut-off", "odd", "list"]
)
def test_where_the_document_is_gone_its_places_are_told_as_such(tmp_path: Path, document: bytes | None) -> None:
    practice = failed(tmp_path)
    [record] = practice.ledger.history(states=[PacketState.FAILED])
    path = Path(record.stands_as + ".problem.json")
    practice.fs.remove(path)
    if document is not None:
        practice.fs.write(path, document)
    told = as_told(practice.fs, record).problem
    assert told is not None
    assert record.problem is not None
    assert (told.code, told.sentence) == (record.problem.code, record.problem.sentence)
    assert [fault.where for fault in told.details] == [fault.where for fault in record.problem.details]
    assert [fault.value for fault in told.details] == [""]
    assert [fault.message for fault in told.details] == [NOWHERE]
    assert is_untold(told)


def test_another_packets_document_is_none_of_this_one(tmp_path: Path) -> None:
    practice = failed(tmp_path)
    [record] = practice.ledger.history(states=[PacketState.FAILED])
    told = as_told(practice.fs, replace(record, id="another")).problem
    assert told is not None
    assert [fault.message for fault in told.details] == [NOWHERE]


@pytest.mark.parametrize("trouble", [Denied, Busy, Offline])
def test_a_document_that_cannot_be_read_just_now_is_not_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: type[FileSystemProblem]
) -> None:
    def refuses(path: Path) -> NoReturn:
        raise trouble(path)

    practice = failed(tmp_path)
    [record] = practice.ledger.history(states=[PacketState.FAILED])
    monkeypatch.setattr(practice.fs, "open", refuses)
    told = as_told(practice.fs, record).problem
    assert told is not None
    assert [fault.message for fault in told.details] == [NOT_NOW]
    assert not is_untold(told)


def test_a_sentence_that_stood_in_the_document_alone_says_that_it_is_gone(tmp_path: Path) -> None:
    practice = SimulatedPractice(tmp_path)
    practice.drop("SCN_7.pdf", files.pdf())
    practice.drop("SCN_7.json", b"[]")
    practice.pass_(minutes=15)
    [record] = practice.ledger.history(states=[PacketState.FAILED])
    practice.fs.remove(Path(record.stands_as + ".problem.json"))
    told = as_told(practice.fs, record).problem
    assert told is not None
    assert told.sentence == "SCN_7 was not sent."
    assert told.what_to_do.startswith("The note on the failed shelf that told what is wrong is gone")
    assert "stands in the note" not in told.what_to_do
