"""A failed packet with its whole problem: the ledger keeps no value, so it is read from the document on the shelf."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.folder.filesystem import FileSystem, FileSystemProblem
from agent.folder.names import PROBLEM_JSON
from agent.folder.receipts import ProblemDocument, read_document
from agent.ledger.records import PacketRecord, Shelf
from agent.model import Fault, Problem


def as_told(fs: FileSystem, record: PacketRecord) -> PacketRecord:
    """Return the record as its problem document tells it; as it is where no document of its own stands there."""
    if record.problem is None or record.shelf is not Shelf.FAILED or not record.stands_as:
        return record
    try:
        document = read_document(fs, Path(record.stands_as + PROBLEM_JSON), ProblemDocument)
    except (FileSystemProblem, OSError):
        return record
    if document.packet != record.id or document.code != record.problem.code:
        return record
    return replace(record, problem=problem_in(document))


def problem_in(document: ProblemDocument) -> Problem:
    """Return the problem that a document tells of."""
    details = tuple(Fault(one.where, one.value, one.message) for one in document.details)
    return Problem(document.code, document.sentence, document.what_to_do, details)
