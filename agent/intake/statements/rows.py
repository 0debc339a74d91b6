"""Tables in which one row is one statement: hundreds of rows at a time, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import repeat
from operator import itemgetter

from agent.intake.statements import wire
from agent.intake.statements.columns import NOTED, REFUSED, Column, Marked, Pieces
from agent.intake.statements.findings import MOST_FAULTS, Findings
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.problems import SAME_ACCOUNT, TOTAL_LEFT_OUT, UNREACHABLE
from agent.intake.statements.profile import normal
from agent.intake.statements.readers import Block, Row
from agent.intake.statements.values import plain

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
_TOTALS = frozenset({"total", "totals", "grand total", "grand totals", "report total", "report totals", "sum"})
_MAY_BE_TOTALS = frozenset(" TtGgRrSs")
_FIRST: Callable[[Row], object] = itemgetter(0)


class Locations:
    """The service takes a file in which every statement names its location, or none does (its refusal: 412)."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._any = False
        self._without: list[tuple[int, str]] = []

    def note(self, number: int, where: str, *, present: bool) -> None:
        """Note one statement."""
        self._any = self._any or present
        if not present and len(self._without) < MOST_FAULTS:
            self._without.append((number, where))

    def settle(self) -> None:
        """Note a fault for every statement that lacks what others have. Raises `TooManyFaults`."""
        if self._any:
            for number, where in self._without:
                self._findings.fault(number, where, "", "The location is missing, and other statements name one.")


class Kept:
    """The rows of a table that say something: no blank ones, no repeated headings, no totals."""

    def __init__(self, mapping: Mapping, findings: Findings) -> None:
        self._findings = findings
        self._width = len(mapping.headings)
        self._first = mapping.headings[0] if mapping.headings else ""
        self._header = [normal(h) for h in mapping.headings]
        self._account = next(mapping.indexes[f] for f in (*_IDENTIFIERS, "pms_id") if f in mapping.indexes)
        self._of_account = itemgetter(self._account)
        layout = mapping.profile.layout
        self._record_id = mapping.profile.recognise.record_id
        overflow = normal(layout.overflow)
        self._overflow = self._header.index(overflow) if overflow and overflow in self._header else None

    def of(self, block: Block) -> tuple[Sequence[int], Sequence[Row]]:
        """Return the rows to send, each as wide as the headings, with their numbers."""
        if self._all_to_send(block.rows):
            return block.numbers, block.rows
        numbers: list[int] = []
        rows: list[Row] = []
        account, width, first = self._account, self._width, self._first
        for number, row in zip(block.numbers, block.rows, strict=True):
            if len(row) != width:
                if not any(row):
                    continue
                row = self._fitted(number, row)
            cell = row[account]
            if (not cell or (type(cell) is str and cell[0] in _MAY_BE_TOTALS)) and self._aside(number, row):
                continue
            if row[0] == first and self._is_header(row):
                continue
            if self._record_id and row[0] != self._record_id:
                message = f"Every row of this file begins with {self._record_id}, and this one does not."
                self._findings.fault(number, f"row {number}", row[0], message)
            numbers.append(number)
            rows.append(row)
        return numbers, rows

    def _all_to_send(self, rows: Sequence[Row]) -> bool:
        """Tell, at one glance at all rows, whether none of them needs a closer look."""
        if self._record_id or set(map(len, rows)) != {self._width}:
            return False
        try:
            beginnings = {cell[0] for cell in map(self._of_account, rows)}
        except (TypeError, IndexError):  # a number, or nothing
            return False
        return beginnings.isdisjoint(_MAY_BE_TOTALS) and self._first not in map(_FIRST, rows)

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
        """Tell whether a row without an account is blank, or one of totals."""
        words = [text for cell in row if (text := plain(cell))]
        if not words:
            return True
        if words[0].rstrip(" :").lower() in _TOTALS:
            self._findings.notice(TOTAL_LEFT_OUT, number)
            return True
        return False

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
        self._seen: set[int] = set()
        self.locations = Locations(findings)
        self._located = False
        self.count = 0

    def texts(self, blocks: Iterator[Block]) -> Iterator[str]:
        """Yield the statements of one block after another, joined by commas. Faulty blocks yield nothing."""
        for block in blocks:
            numbers, rows = self._kept.of(block)
            if rows:
                text = self._text(numbers, rows)
                if not self._findings.faults:
                    yield text

    def _text(self, numbers: Sequence[int], rows: Sequence[Row]) -> str:
        by_column = list(zip(*rows, strict=True))
        cells = [by_column[index] for index, _ in self._columns]
        pieces = [column.pieces(of_column) for (_, column), of_column in zip(self._columns, cells, strict=True)]
        if "location" in self._names:
            self._locate(numbers, pieces)
        self._check_required(numbers, pieces)
        self._look_at_accounts(numbers, pieces[self._account].texts)
        self._look_at_contacts(numbers, pieces)
        start = self.count + 1
        self.count += len(rows)
        text = ",".join(self._joined(map(str, range(start, self.count + 1)), pieces))
        if REFUSED in text or NOTED in text:
            for (_, column), raw, of_column in zip(self._columns, cells, pieces, strict=True):
                self._note(numbers, column, raw, of_column.texts)
            text = text.replace(NOTED, "")
        return text

    def _joined(self, counted: Iterable[str], pieces: Sequence[Pieces]) -> Iterator[str]:
        """Return the statements. What is the same in every one of them stands as one text between what is not."""
        parts: list[Iterable[str]] = [repeat(f'{{"{wire.ROW_NUMBER}":'), counted]
        constant = self._fixed
        for of_column in pieces:
            constant += of_column.opening
            if constant:
                parts.append(repeat(constant))
            parts.append(of_column.texts)
            constant = of_column.closing
        parts.append(repeat(constant + "}"))
        return map("".join, zip(*parts, strict=False))

    def _locate(self, numbers: Sequence[int], pieces: list[Pieces]) -> None:
        at = self._names.index("location")
        texts = pieces[at].texts
        if self._location and "" in texts:
            pieces[at] = Pieces([piece or self._location for piece in texts])
        elif not self._location and ("" in texts or not self._located):
            heading = self._columns[at][1].heading
            for number, piece in zip(numbers, texts, strict=True):
                self.locations.note(number, f"row {number}, column {heading}", present=bool(piece))
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
            if "" in pieces[i].texts:
                heading = self._columns[i][1].heading
                for number, piece in zip(numbers, pieces[i].texts, strict=True):
                    if not piece:
                        self._findings.fault(number, f"row {number}, column {heading}", "", MISSING[self._names[i]])

    def _look_at_accounts(self, numbers: Sequence[int], pieces: Sequence[str]) -> None:
        new = set(map(hash, pieces))
        if len(new) < len(pieces) or not self._seen.isdisjoint(new):
            for number, account in zip(numbers, map(hash, pieces), strict=True):
                if account in self._seen:
                    self._findings.notice(SAME_ACCOUNT, number)
                self._seen.add(account)
        self._seen |= new

    def _look_at_contacts(self, numbers: Sequence[int], pieces: Sequence[Pieces]) -> None:
        if not self._reach or any(pieces[i].opening for i in self._reach):
            return  # no such column, or one without a gap
        reached = list(map("".join, zip(*(pieces[i].texts for i in self._reach), strict=True)))
        if not _NO_CONTACT.isdisjoint(reached):
            for number, contact in zip(numbers, reached, strict=True):
                if contact in _NO_CONTACT:
                    self._findings.notice(UNREACHABLE, number)
