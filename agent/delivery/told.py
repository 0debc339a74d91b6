"""A failed packet with its whole problem: the ledger keeps no value, so it is read from the document on the shelf.

Where that cannot be read, this is said: a place whose value is not known is not an empty one.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.folder.filesystem import Damaged, FileSystem, FileSystemProblem, Missing
from agent.folder.names import PROBLEM_JSON
from agent.folder.receipts import ProblemDocument, read_document
from agent.ledger.kept import WITHOUT_VALUES
from agent.ledger.records import PacketRecord, Shelf
from agent.model import Fault, Problem

NOWHERE = "What stood here, and what is wrong with it, stands in no document any more."
NOT_NOW = "What stands here, and what is wrong with it, is told by the note beside the file, which cannot be read now."
"""What is said of a place of which the ledger knows nothing but that something is wrong there."""
_NO_NOTE = "The note on the failed shelf that told what is wrong is gone, or cannot be read as a note any more."
_NOTE_NOT_NOW = "What is wrong with it stands in the note beside it on the failed shelf, which cannot be read just now."
CHECK_ANEW = "Press Retry: it is checked anew, and what is wrong is told again before anything is sent."


def as_told(fs: FileSystem, record: PacketRecord) -> PacketRecord:
    """Return the record as its problem document tells it, or with what is known where that cannot be read."""
    if record.problem is None or record.shelf is not Shelf.FAILED:
        return record
    if not record.stands_as:  # of an older OutTray, which did not note where it stands
        return replace(record, problem=_with_places(record.problem, NOT_NOW))
    try:
        document = read_document(fs, Path(record.stands_as + PROBLEM_JSON), ProblemDocument)
    except (Missing, Damaged):
        return replace(record, problem=_untold(record.problem, NOWHERE, _NO_NOTE))
    except (FileSystemProblem, OSError):
        return replace(record, problem=_untold(record.problem, NOT_NOW, _NOTE_NOT_NOW))
    if document.packet != record.id or document.code != record.problem.code:
        return replace(record, problem=_untold(record.problem, NOWHERE, _NO_NOTE))
    return replace(record, problem=problem_in(document))


def is_untold(problem: Problem) -> bool:
    """Tell whether there is no document any more that says what is wrong."""
    return problem.what_to_do.startswith(_NO_NOTE) or any(fault.message == NOWHERE for fault in problem.details)


def problem_in(document: ProblemDocument) -> Problem:
    """Return the problem that a document tells of."""
    details = tuple(Fault(one.where, one.value, one.message) for one in document.details)
    return Problem(document.code, document.sentence, document.what_to_do, details)


def _untold(problem: Problem, of_place: str, of_all: str) -> Problem:
    """Return what the ledger keeps, with what is missing said at each place. A whole sentence stays what it is."""
    told = _with_places(problem, of_place)
    if problem.code in WITHOUT_VALUES:
        return told
    ending = f" {CHECK_ANEW}" if of_all == _NO_NOTE else ""
    return replace(told, what_to_do=of_all + ending)


def _with_places(problem: Problem, of_place: str) -> Problem:
    details = tuple(Fault(one.where, one.value, one.message or of_place) for one in problem.details)
    return replace(problem, details=details)
