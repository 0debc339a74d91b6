"""Which sheets, rows and columns of a workbook go: all that is shown, and what is hidden only where people say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import Mapping, laid_over
from agent.intake.statements.problems import HIDDEN_LEFT_OUT, HIDDEN_ROW, HIDDEN_SENT
from agent.intake.statements.readers import Block, Row, SheetRow
from agent.intake.statements.readers.workbook import Sheet
from agent.intake.statements.seen import as_seen
from agent.intake.statements.values import plain

Hidden = Literal["ask", "send", "skip"]
"""What becomes of rows, columns and sheets that a workbook hides."""


def hidden_headings(sheet: Sheet, mapping: Mapping) -> list[str]:
    """Return the headings of hidden columns that would be sent."""
    return [mapping.headings[i] for i in sorted(set(mapping.indexes.values())) if sheet.looks.is_hidden_column(i)]


def without_hidden_columns(sheet: Sheet, mapping: Mapping) -> Mapping:
    """Return what the profile makes of the columns that are shown."""
    shown = ["" if sheet.looks.is_hidden_column(i) else heading for i, heading in enumerate(mapping.headings)]
    return laid_over(mapping.profile, shown)


def sheet_rows(
    sheet: Sheet, mapping: Mapping, header_number: int, hidden: Hidden, findings: Findings, order: int | None = None
) -> Iterator[Block]:
    """Yield the rows behind the headings as a person sees them.

    `order`: the sheet's place among several that go; then the number of each row says of which sheet it is.
    """
    looks = sheet.looks
    name = _Name("" if order is None else sheet.name, order or 0)
    behind = (rest for block in sheet.blocks() if (rest := block.after(header_number)) is not None)
    for block in as_seen(behind, looks, mapping, header_number):
        going = _shown_rows(block, set(looks.hidden_among(block.numbers)), hidden, findings, name)
        if going is not None:
            yield going if order is None else Block(list(map(name, going.numbers)), going.rows)


_NO_DAY_AHEAD = date(2200, 1, 1)


@dataclass(frozen=True)
class _Name:
    """Gives a row of a sheet the number by which people find it."""

    sheet: str
    order: int

    def __call__(self, number: int) -> int:
        return SheetRow.of(number, self.sheet, self.order) if self.sheet else number


def _shown_rows(block: Block, unseen: set[int], hidden: Hidden, findings: Findings, name: _Name) -> Block | None:
    """Return the rows that go. A row in which nothing stands is no hidden row."""
    if not unseen:
        return block
    numbers: list[int] = []
    rows: list[Row] = []
    for number, row in zip(block.numbers, block.rows, strict=True):
        if number in unseen and any(plain(cell) for cell in row):
            if hidden == "skip":
                findings.notice(HIDDEN_LEFT_OUT, name(number))
                findings.leave_out(name(number))
                continue
            if hidden == "ask":
                findings.fault(name(number), f"row {name(number)}", "", HIDDEN_ROW)
            else:
                findings.notice(HIDDEN_SENT, name(number))
        numbers.append(number)
        rows.append(row)
    return Block(numbers, rows) if rows else None


def continues(rows: Sequence[tuple[int, Row]], mapping: Mapping) -> bool:
    """Tell whether the first rows of a sheet without headings read as rows of the table on another sheet."""
    columns = [
        (index, column)
        for index, column in mapping.columns(_NO_DAY_AHEAD)
        if column.field.kind in ("date", "money") and not column.field.of_line
    ]
    return bool(columns) and any(
        all(index < len(row) and plain(row[index]) and column[row[index]].startswith(',"') for index, column in columns)
        for _, row in rows
    )
