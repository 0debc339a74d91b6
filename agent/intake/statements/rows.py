"""Tables in which one row is one statement: hundreds of rows at a time, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

from agent.intake.statements import wire
from agent.intake.statements.beside import Beside
from agent.intake.statements.columns import Column, Pieces
from agent.intake.statements.converters import NOTED, REFUSED, Marked
from agent.intake.statements.findings import Findings
from agent.intake.statements.footers import Footers
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.problems import NAMELESS, TOTAL_LEFT_OUT, TOTAL_OR_PATIENT, UNREACHABLE
from agent.intake.statements.profile import normal
from agent.intake.statements.readers import Block, Row
from agent.intake.statements.readers import Column as Cells
from agent.intake.statements.rivals import Rivals
from agent.intake.statements.values import plain
from agent.intake.statements.whole_file import ASKED_BY, Accounts, Locations

MISSING = {
    "account": "The account number is missing.",
    "external_id": "The patient's identifier is missing.",
    "pms_id": "The patient's identifier is missing.",
    "account_and_name": "The account number and name are missing.",
    "statement_date": "The statement date is missing.",
    "amount_due": "The amount due is missing.",
}
_IDENTIFIERS = ("account", "external_id", "account_and_name")
_CONTACTS = ("email", "phone", "address_1")
_NO_CONTACT = frozenset(NOTED * left_out for left_out in range(len(_CONTACTS) + 1))
_MAY_BE_FOOTER = frozenset(" TtGgRrSsPp(*='")
_FIRST: Callable[[Any], object] = itemgetter(0)


class Kept:
    """The rows of a table that say something: no blank ones, no repeated headings, no totals."""

    def __init__(self, mapping: Mapping, findings: Findings) -> None:
        self._findings = findings
        self._width = len(mapping.headings)
        self._first = mapping.headings[0] if mapping.headings else ""
        self._header = [normal(h) for h in mapping.headings]
        self._account = next(mapping.indexes[f] for f in (*_IDENTIFIERS, "pms_id") if f in mapping.indexes)
        self._footers = Footers(mapping)
        self._rivals = Rivals(mapping, findings)
        self._beside = Beside(mapping, findings)
        self._count = 0
        self._nameless = [i for i, heading in enumerate(mapping.headings) if not heading]
        watched = [mapping.indexes[f] for f in ("statement_date", "name", "last_name") if f in mapping.indexes]
        self._never_blank = watched[:1]
        layout = mapping.profile.layout
        self._record_id = mapping.profile.recognise.record_id
        overflow = normal(layout.overflow)
        self._overflow = self._header.index(overflow) if overflow and overflow in self._header else None

    def of(self, block: Block) -> tuple[Sequence[int], Sequence[Row]]:
        """Return the rows to send, each as wide as the headings, with their numbers."""
        columns = block.columns
        if columns is not None and self._all_to_send(columns):
            self._count += len(block.numbers)
            self._look_beside(block.numbers, columns)
            return block.numbers, block.rows
        numbers, rows = self._looked_at(block)
        self._look_beside(numbers, list(zip(*rows, strict=True)))
        return numbers, rows

    def columns_of(self, block: Block) -> tuple[Sequence[int], Sequence[Cells]]:
        """Return the same by column."""
        columns = block.columns
        if columns is not None and self._all_to_send(columns):
            self._count += len(block.numbers)
            self._look_beside(block.numbers, columns)
            return block.numbers, columns
        numbers, rows = self._looked_at(block)
        by_column = list(zip(*rows, strict=True))
        self._look_beside(numbers, by_column)
        return numbers, by_column

    def _look_beside(self, numbers: Sequence[int], columns: Sequence[Cells]) -> None:
        """Compare rival columns, and tell of values that no heading names."""
        self._rivals.compare(numbers, columns)
        self._beside.look(numbers, columns)
        for index in self._nameless if numbers else ():
            if any(columns[index]):
                for number, cell in zip(numbers, columns[index], strict=True):
                    if plain(cell):
                        self._findings.notice(NAMELESS, number)

    def _looked_at(self, block: Block) -> tuple[Sequence[int], Sequence[Row]]:
        numbers: list[int] = []
        rows: list[Row] = []
        width, first = self._width, self._first
        for number, row in zip(block.numbers, block.rows, strict=True):
            if len(row) != width:
                if not any(row):
                    continue
                row = self._fitted(number, row)
            if self._may_be_footer(row) and self._aside(number, row):
                continue
            if row[0] == first and self._is_header(row):
                continue
            if self._record_id and row[0] != self._record_id:
                message = f"Every row of this file begins with {self._record_id}, and this one does not."
                self._findings.fault(number, f"row {number}", row[0], message)
            numbers.append(number)
            rows.append(row)
            self._count += 1
        return numbers, rows

    def _may_be_footer(self, row: Row) -> bool:
        cell = row[self._account]
        return (
            not cell
            or (type(cell) is str and cell[0] in _MAY_BE_FOOTER)
            or any(row[i] is None or row[i] == "" for i in self._never_blank)
            or not self._never_blank
        )

    def _all_to_send(self, columns: Sequence[Cells]) -> bool:
        """Tell, at one glance at all rows, whether none of them needs a closer look."""
        if self._record_id or len(columns) != self._width or not self._never_blank:
            return False
        if any("" in columns[i] or None in columns[i] for i in self._never_blank):
            return False
        try:
            beginnings = set(map(_FIRST, columns[self._account]))
        except (TypeError, IndexError):  # a number, or nothing
            return False
        return beginnings.isdisjoint(_MAY_BE_FOOTER) and self._first not in columns[0]

    def _fitted(self, number: int, row: Row) -> Row:
        width = self._width
        if len(row) < width:
            return [*row, *[""] * (width - len(row))]
        surplus = [cell for cell in row[width:] if cell not in ("", None) and str(cell).strip()]
        if surplus and self._overflow is not None:
            extra = len(row) - width - (1 if not str(row[-1]).strip() else 0)
            at = self._overflow
            joined = ",".join(map(str, row[at : at + extra + 1]))
            return [*row[:at], joined, *row[at + extra + 1 :]][:width]
        if surplus:
            message = (
                f"This row has {len(row)} cells, and there are {width} headings. If a cell has the delimiter in it, "
                "put that cell in double quotes."
            )
            self._findings.fault(number, f"row {number}", surplus[0], message)
        return row[:width]

    def _aside(self, number: int, row: Row) -> bool:
        """Tell whether a row is nobody's statement; where it may be, it is a fault that asks."""
        kind = self._footers.kind(row, self._count)
        if kind == "footer":
            self._findings.notice(TOTAL_LEFT_OUT, number)
            self._findings.leave_out(number)
        if kind == "doubt":
            words = ", ".join(text for cell in row if (text := plain(cell)))
            self._findings.fault(number, f"row {number}", words, TOTAL_OR_PATIENT)
        return kind in ("footer", "blank")

    def _is_header(self, row: Row) -> bool:
        return [normal(cell) for cell in row] == self._header


class RowStatements:
    """Turns blocks of rows into statements as JSON text."""

    def __init__(
        self, mapping: Mapping, findings: Findings, today: date, location: str = "", statement_date: str = ""
    ) -> None:
        self._findings = findings
        self._kept = Kept(mapping, findings)
        self._columns = mapping.columns(today)
        self._names = [column.field.name for _, column in self._columns]
        self._location = wire.pair(wire.FIELDS["location"].wire[0], location)
        self._fixed = wire.pair(wire.FIELDS["statement_date"].wire[0], statement_date)
        if "location" not in self._names:
            self._fixed += self._location
        self._required = [i for i, name in enumerate(self._names) if name in MISSING]
        self._reach = [i for i, name in enumerate(self._names) if name in _CONTACTS]
        self._account = next(i for i, name in enumerate(self._names) if name in (*_IDENTIFIERS, "pms_id"))
        self._asked = [i for i, name in enumerate(self._names) if name in ASKED_BY]
        self._accounts = Accounts(findings)
        self._locations = Locations(findings)
        self._located = False
        self.count = 0

    def texts(self, blocks: Iterator[Block]) -> Iterator[str]:
        """Yield the statements of one block after another, joined by commas. Faulty blocks yield nothing."""
        for block in blocks:
            numbers, columns = self._kept.columns_of(block)
            if numbers:
                text = self._text(numbers, columns)
                if not self._findings.faults:
                    yield text

    def settle(self) -> None:
        """Note what only the whole file tells. Raises `TooManyFaults`."""
        self._accounts.settle()
        self._locations.settle()

    def _text(self, numbers: Sequence[int], by_column: Sequence[Cells]) -> str:
        cells = [by_column[index] for index, _ in self._columns]
        pieces = [column.pieces(of_column) for (_, column), of_column in zip(self._columns, cells, strict=True)]
        if "location" in self._names:
            self._locate(numbers, pieces)
        self._check_required(numbers, pieces)
        accounts = pieces[self._account]
        known = accounts.texts if accounts.opening else list(map(plain, cells[self._account]))
        self._accounts.note(numbers, known, [pieces[i].texts for i in self._asked])
        self._look_at_contacts(numbers, pieces)
        start = self.count + 1
        self.count += len(numbers)
        text = self._joined(list(map(str, range(start, self.count + 1))), pieces)
        if any(column.is_marked for _, column in self._columns) and (REFUSED in text or NOTED in text):
            for (_, column), raw, of_column in zip(self._columns, cells, pieces, strict=True):
                self._note(numbers, column, raw, of_column.texts)
            text = text.replace(NOTED, "")
        return text

    def _joined(self, counted: Sequence[str], pieces: Sequence[Pieces]) -> str:
        """Return the statements. What is the same in every one of them stands as one text between what is not.

        The end of one statement and the beginning of the next are one such text.
        """
        beginning = f'{{"{wire.ROW_NUMBER}":'
        constant, count = self._fixed, len(counted)
        row, places = [""], [counted]  # a statement with gaps at every other place, and what goes there
        for of_column in pieces:
            if of_column.same:
                constant += of_column.texts[0]
                continue
            row += constant + of_column.opening, ""
            places.append(of_column.texts)
            if of_column.between:
                row += of_column.between, ""
                places.append(of_column.texts)
            constant = of_column.closing
        row.append(f"{constant}}},{beginning}")
        texts = row * count
        for index, part in enumerate(places):
            texts[2 * index :: len(row)] = part
        texts[-1] = constant + "}"
        return beginning + "".join(texts)

    def _locate(self, numbers: Sequence[int], pieces: list[Pieces]) -> None:
        at = self._names.index("location")
        texts = pieces[at].texts
        blank = pieces[at].may_be_blank and "" in texts
        if self._location and blank:
            pieces[at] = Pieces([piece or self._location for piece in texts])
        elif not self._location and (blank or not self._located):
            heading = self._columns[at][1].heading
            for number, piece in zip(numbers, texts, strict=True):
                self._locations.note(number, f"row {number}, column {heading}", present=bool(piece))
            self._located = True

    def _note(self, numbers: Sequence[int], column: Column, cells: Sequence[object], pieces: Sequence[str]) -> None:
        for number, raw, piece in zip(numbers, cells, pieces, strict=True):
            if type(piece) is Marked:
                if piece.notice:
                    self._findings.notice(piece.notice, number)
                else:
                    self._findings.fault(number, f"row {number}, column {column.heading}", raw, piece.message)

    def _check_required(self, numbers: Sequence[int], pieces: Sequence[Pieces]) -> None:
        for i in self._required:
            if pieces[i].may_be_blank and "" in pieces[i].texts:
                heading = self._columns[i][1].heading
                for number, piece in zip(numbers, pieces[i].texts, strict=True):
                    if not piece:
                        self._findings.fault(number, f"row {number}, column {heading}", "", MISSING[self._names[i]])

    def _look_at_contacts(self, numbers: Sequence[int], pieces: Sequence[Pieces]) -> None:
        if not self._reach or any(pieces[i].opening for i in self._reach):
            return  # no such column, or one without a gap
        reached = list(map("".join, zip(*(pieces[i].texts for i in self._reach), strict=True)))
        if not _NO_CONTACT.isdisjoint(reached):
            for number, contact in zip(numbers, reached, strict=True):
                if contact in _NO_CONTACT:
                    self._findings.notice(UNREACHABLE, number)
