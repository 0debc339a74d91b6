"""The rows of a table that belong to one statement: those that stand together under one account and date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.intake.statements.columns import Column
from agent.intake.statements.converters import NOTED, REFUSED
from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.profile import normal
from agent.intake.statements.readers import MOST_ROWS, Block, Line, Record, Row
from agent.intake.statements.rows import Kept
from agent.intake.statements.values import plain

_KEYS = frozenset({"account", "account_and_name", "external_id", "pms_id", "statement_date"})
_OF_LINE_OR_STATEMENT = frozenset({"amount", "balance"})  # whoever has named the columns
_OF_STATEMENT = frozenset(
    {
        *("amountdue", "amtdue", "totaldue", "balancedue", "totalamountdue", "statementamount", "statementbalance"),
        *("totalbalance", "accountbalance", "totalbal", "totalamount", "outstandingbalance"),
    }
)
"""What a table calls the sum of a statement. A portion, a responsibility or a mere `Due` may be a line's."""

_WHOSE_AMOUNT = (
    "The amounts of this column may be those of the lines or that of the whole statement. Call the column Charges if "
    "they are the lines', or Amount Due if each row repeats what the statement asks for."
)

_WHOSE_LINE = (
    "A row that is left out stands between this line and the statement above it. Fill in the account number of the "
    "patient whose line this is."
)


def grouped(
    blocks: Iterator[Block], mapping: Mapping, findings: Findings, columns: Sequence[tuple[int, Column]]
) -> Iterator[Record]:
    """Yield one record for the rows that stand together under one account and date, whichever way these are written.

    A row whose cells of the statement are all blank belongs to the statement above it on its sheet. Lines of one
    statement that do not stand together, or that do not agree on it, are faults: joining them would be a guess.
    """
    kept = Kept(mapping, findings)
    of_statement = [(i, column) for i, column in columns if not column.field.of_line]
    keys = [(i, column) for i, column in of_statement if column.field.name in _KEYS]
    whose = next((i for i, c in of_statement if c.field.name == "amount_due" and _is_open(mapping, i)), None)
    begun: dict[int, int] = {}
    record: Record | None = None
    current: tuple[object, ...] = ()
    first: Row = ()
    last = 0
    for block in blocks:
        for number, row in zip(*kept.of(block), strict=True):
            key = tuple(_said(column, row[i]) for i, column in keys)
            follows = record is not None and number // MOST_ROWS == record.number // MOST_ROWS
            follows = follows and (key == current or not any(plain(row[i]) for i, _ in of_statement))
            place = f"row {number}"
            cells = dict(zip(mapping.headings, row, strict=True))
            if record is not None and follows and key != current and findings.has_left_out(last, number):
                index, column = next((one for one in keys if one[1].field.name != "statement_date"), keys[0])
                findings.fault(number, f"row {number}, column {column.heading}", row[index], _WHOSE_LINE)
            last = number
            if record is not None and follows:
                _agree(findings, of_statement, first, row, number, record.number)
                if whose is not None and plain(row[whose]):
                    findings.fault(number, f"{place}, column {mapping.headings[whose]}", row[whose], _WHOSE_AMOUNT)
            else:
                if record is not None:
                    yield record
                record, current, first = Record(number, place, {}), key, row
                before = begun.setdefault(hash(key), number)
                if before != number and any(key):
                    message = f"The statement of this account began in row {before}. Sort the file by account number."
                    index, column = keys[0]
                    findings.fault(number, f"{place}, column {column.heading}", row[index], message)
            record.lines.append(Line(number, place, cells))
    if record is not None:
        yield record


def _is_open(mapping: Mapping, index: int) -> bool:
    heading = normal(mapping.headings[index])
    return heading in _OF_LINE_OR_STATEMENT or (mapping.profile.recognise.any_table and heading not in _OF_STATEMENT)


def _said(column: Column, raw: object) -> str:
    """Return what a cell becomes, or its text where it cannot be sent: `$100.00` and `100.00` are the same."""
    piece = column[raw].replace(NOTED, "")
    return plain(raw) if piece.startswith(REFUSED) else piece


def _agree(
    findings: Findings, of_statement: Sequence[tuple[int, Column]], first: Row, row: Row, number: int, began: int
) -> None:
    for index, column in of_statement:
        here, there = row[index], first[index]
        if here != there and plain(here) and _said(column, here) != _said(column, there):
            message = f"Row {began} of the same statement says {plain(there)[:60] or 'nothing'} here."
            findings.fault(number, f"row {number}, column {column.heading}", here, message)
