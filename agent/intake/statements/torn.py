"""Amounts that a comma may have torn in two: `1,150.00` without quotes reads as 1 and, in the next column, 150.00."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent.intake.statements import wire
from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.readers import Block

_FRONT = re.compile(r"\s*[-+(]*\s*(?:US)?\$?\s*\d{1,3}").fullmatch
_BACK = re.compile(r"(\d{3}\.\d\d)\s*[-)]?\s*").fullmatch
_MESSAGE = "This may be {whole}, cut in two by its comma. Have the amounts written without commas, or in double quotes."


def watched(blocks: Iterable[Block], mapping: Mapping, findings: Findings) -> Iterator[Block]:
    """Yield the blocks of a table with commas between its cells; an amount that may be torn is a fault that asks."""
    amounts = [index for field, index in mapping.indexes.items() if wire.FIELDS[field].kind == "money"]
    for block in blocks:
        columns = block.columns
        for index in amounts:
            if columns is None:
                cells = [(row[index], row[index + 1]) if len(row) > index + 1 else ("", "") for row in block.rows]
            elif len(columns) > index + 1 and not all("." in str(cell) for cell in columns[index]):
                cells = list(zip(columns[index], columns[index + 1], strict=True))
            else:
                continue
            _look(block, cells, mapping.headings[index], findings)
        yield block


def _look(block: Block, cells: Iterable[tuple[object, object]], heading: str, findings: Findings) -> None:
    for number, (front, back) in zip(block.numbers, cells, strict=True):
        if isinstance(front, str) and isinstance(back, str) and _FRONT(front) and (part := _BACK(back)):
            message = _MESSAGE.format(whole=f"{front.strip()},{part[1]}")
            findings.fault(number, f"row {number}, column {heading}", front, message)
