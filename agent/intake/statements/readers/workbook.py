"""Excel workbooks, XLSX and XLS, by python-calamine in the child (`workbook_child`)."""

from __future__ import annotations

import json
import weakref
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from agent.intake.statements.problems import SAVE_AS, Unreadable, unreadable
from agent.intake.statements.readers import Block, EvenBlock, Row
from agent.intake.statements.readers.sheet_looks import Runs, SheetLooks
from agent.intake.statements.source import Source
from agent.model import Problem
from agent.worker import FileHarms, Limits, ReaderFailed, shared

_READER = "agent.intake.statements.readers.workbook_child:read"
_LIMITS = Limits(memory=1 << 30, seconds=120.0, answer=64 << 20)


@dataclass
class Sheet:
    """A sheet with anything in it. `hidden`: the workbook does not show it."""

    name: str
    hidden: bool
    rows: list[Row]
    book: _Book
    place: int

    @cached_property
    def looks(self) -> SheetLooks:
        """Its number formats, hidden rows and cells without a result. Raises `Unreadable`."""
        return _looks(self.book.ask(["looks", self.place])[1])

    def head(self) -> list[tuple[int, Row]]:
        """Return the first rows with their numbers, for recognition."""
        return list(enumerate(self.rows, 1))

    def blocks(self) -> Iterator[Block]:
        """Yield the rows of the sheet, numbered as Excel shows them. Raises `Unreadable`."""
        _, count, columns = self.book.ask(["rows", self.place, 0])
        start = 0
        while count:
            following = ["rows", self.place, start + count]
            self.book.ask_ahead(following)  # the child reads on while these rows are looked at
            yield EvenBlock(range(start + 1, start + count + 1), columns)
            start += count
            _, count, columns = self.book.ask(following)


def sheets(source: Source) -> list[Sheet]:
    """Return the sheets that are not empty. Raises `Unreadable`."""
    book = source.kept("workbook", lambda: _Book(source))
    return [Sheet(name, hidden, rows, book, place) for place, (name, hidden, rows) in enumerate(book.sheets)]


class _Book:
    """A workbook that a child has open for us, until `close`.

    A child that dies over it is tried once more on a fresh one, from where it was: only the second death is the file's.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open = ExitStack()
        self.close = weakref.finalize(self, self._open.close)
        self.close.atexit = False
        self._ahead: list[Any] | None = None
        self._has_died = False
        try:
            self.sheets = self._begun()
        except BaseException:
            self.close()
            raise

    def ask(self, question: list[Any]) -> list[Any]:
        """Return the answer. Raises `Unreadable`, and what reading the file raises; then it is closed."""
        try:
            try:
                return self._understood(self._answered(question))
            except FileHarms:
                if self._has_died:
                    raise
            self._has_died = True
            self._open.close()
            self._begun()
            return self._understood(self._session.ask(question))
        except (FileHarms, ReaderFailed):
            self._open.close()
            raise self._damaged() from None
        except BaseException:
            self._open.close()
            raise

    def _answered(self, question: list[Any]) -> Any:
        if self._ahead is not None:
            asked, self._ahead = self._ahead, None
            found = self._session.answer()
            if asked == question:
                return found
        return self._session.ask(question)

    def ask_ahead(self, question: list[Any]) -> None:
        """Ask for what is wanted next."""
        try:
            self._session.ask_ahead(question)
            self._ahead = question
        except FileHarms:
            self._ahead = None  # told by the next `ask`

    def _begun(self) -> list[list[Any]]:
        stream = self._source.rewind()
        try:
            self._session = self._open.enter_context(
                shared().session(_READER, stream, {"name": self._source.name}, _LIMITS, _decoded)
            )
        except (FileHarms, ReaderFailed):
            raise self._damaged() from None
        found: list[list[Any]] = self._understood(self._session.first)[1]
        return found

    def _understood(self, answer: Any) -> list[Any]:
        if not isinstance(answer, list) or not answer:
            raise self._damaged()
        if answer[0] == "unreadable":
            raise Unreadable(Problem(str(answer[1]), str(answer[2]), str(answer[3])))
        return answer

    def _damaged(self) -> Unreadable:
        return unreadable(self._source.name, "the workbook is damaged", SAVE_AS)


def _looks(told: list[Any]) -> SheetLooks:
    looks = SheetLooks()
    for column, starts, codes in told[0]:
        looks.formats[column] = runs = Runs()
        runs.starts, runs.codes = array("I", starts), codes
    looks.faults = {column: dict(zip(rows, texts, strict=True)) for column, rows, texts in told[1]}
    looks.hidden_rows = [(first, last) for first, last in told[2]]
    looks.hidden_columns = [(first, last) for first, last in told[3]]
    looks.from_1904 = bool(told[4])
    return looks


def _decoded(payload: bytes) -> Any:
    return json.loads(payload, object_hook=_untagged)


def _untagged(tagged: dict[str, Any]) -> object:
    ((kind, value),) = tagged.items()
    if kind == "datetime":
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "time":
        return time.fromisoformat(value)
    return timedelta(*value)
