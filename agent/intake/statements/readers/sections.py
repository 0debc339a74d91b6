"""A table of two parts: a row of the statement's own values, then, under a second row of headings, its lines.

So Open Dental writes a single statement as CSV. Its cells are in double quotes, and quotes in a cell are not escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.intake.statements import wire
from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import laid_over
from agent.intake.statements.problems import unreadable
from agent.intake.statements.profile import Profile
from agent.intake.statements.readers import Block, Line, Record, Row
from agent.intake.statements.rows import Kept
from agent.intake.statements.source import Source

UNQUOTED = (
    "This row has more cells than headings. Put the cell with the comma in it, such as 1,234.56, in double quotes."
)
_BEFORE_COMMA = re.compile(r"-?\$?\d{1,3}").fullmatch
_AFTER_COMMA = re.compile(r"\d{3}(?:\.\d\d)?").fullmatch
_CODE = re.compile(r"[A-Z]\d{4}").match
_FEWEST_LINE_COLUMNS = 3


def records(
    source: Source, profile: Profile, headings: Sequence[str], blocks: Iterator[Block], findings: Findings
) -> Iterator[Record]:
    """Yield the one statement. `headings` are those of the first part, `blocks` what follows them."""
    record: Record | None = None
    kept: Kept | None = None
    lines_under: tuple[str, ...] = ()
    for block in blocks:
        for number, row in zip(block.numbers, block.rows, strict=True):
            if not any(str(cell).strip() for cell in row):
                continue
            if record is None:
                row = with_commas(row, len(headings))
                if len(row) > len(headings) and (
                    _pairs(row) or any(str(cell).strip() for cell in row[len(headings) :])
                ):
                    findings.fault(number, f"row {number}", ",".join(map(str, row)), UNQUOTED)
                cells = _spelled(profile, dict(zip(headings, row, strict=False)))
                record = Record(number, f"row {number}", cells)
            elif kept is None:
                mapping = laid_over(profile, row)
                if sum(wire.FIELDS[f].of_line for f in mapping.indexes) < _FEWEST_LINE_COLUMNS:
                    raise unreadable(source.name, f"row {number} should have the headings of the statement's lines")
                kept, lines_under = Kept(mapping, findings), mapping.headings
            else:
                width = len(lines_under) + (1 if lines_under[-1] and not str(row[-1]).strip() else 0)
                row = with_commas(row, width)
                if len(row) > width and (_pairs(row) or _is_moved(lines_under, profile, row)):
                    findings.fault(number, f"row {number}", ",".join(map(str, row)), UNQUOTED)
                record.lines += _lines(kept, profile, lines_under, number, row)
    if record is not None:
        yield record


def with_commas(row: Row, width: int) -> Row:
    """Return the row with its amounts whole: `1,150.00` without quotes stands there as two cells.

    Only where joining all such pairs makes the row as wide as its headings; else it is returned as it is.
    """
    cells = [str(cell) for cell in row]
    pairs = _pairs(row)
    if not pairs or len(cells) - len(pairs) != width:
        return row
    joined: list[str] = []
    for index, cell in enumerate(cells):
        if index - 1 in pairs:
            joined[-1] += f",{cell.strip()}"
        else:
            joined.append(cell)
    return joined


def _pairs(row: Row) -> list[int]:
    """Return where two cells may be one amount."""
    cells = [str(cell).strip() for cell in row]
    return [i for i in range(len(cells) - 1) if _BEFORE_COMMA(cells[i]) and _AFTER_COMMA(cells[i + 1])]


def _is_moved(headings: Sequence[str], profile: Profile, row: Row) -> bool:
    """Tell whether a comma stands before the column that takes what is too much: the code is found in that one."""
    at = headings.index(profile.layout.overflow) if profile.layout.overflow in headings else 0
    return at > 0 and bool(_CODE(str(row[at]).strip())) and not _CODE(str(row[at - 1]).strip())


def _lines(kept: Kept, profile: Profile, headings: Sequence[str], number: int, row: Row) -> list[Line]:
    numbers, rows = kept.of(Block([number], [row]))
    return [
        Line(n, f"row {n}", _spelled(profile, dict(zip(headings, r, strict=True))))
        for n, r in zip(numbers, rows, strict=True)
    ]


def _spelled(profile: Profile, cells: dict[str, object]) -> dict[str, object]:
    """Return the cells under the profile's own spelling of their headings."""
    return {profile.spelling(heading): cell for heading, cell in cells.items() if heading}
