"""Amounts that a comma may have torn in two: `1,150.00` without quotes reads as 1 and, in the next column, 150.00."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent.intake.statements import wire
from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.readers import Block

_FRONT = re.compile(r"[^\d.,]{0,8}\d{1,3}\s*").fullmatch
_BACK = re.compile(r"\s*\d{3}(?P<rest>(?:\.\d{0,2})?\s*(?:[-)]|cr\.?|dr\.?|usd?|dollars)?\s*)", re.IGNORECASE).fullmatch
_NUMBERS = frozenset({"account", "external_id", "pms_id", "patient_id", "provider_id", "location", "order_id", "code"})
_MESSAGE = "This may be {whole}, cut in two by its comma. Have the amounts written without commas, or in double quotes."


def watched(blocks: Iterable[Block], mapping: Mapping, findings: Findings) -> Iterator[Block]:
    """Yield the blocks of a table with commas between its cells; an amount that may be torn is a fault that asks.

    Three digits that say nothing more may be a value of their own, such as an office's number or a code: they count
    only where they begin with a zero, more of an amount follows, or their column is not one for such values.
    """
    fields = {index: field for field, index in mapping.indexes.items()}
    amounts = [index for index, field in fields.items() if wire.FIELDS[field].kind == "money"]
    for block in blocks:
        columns = block.columns
        for index in amounts:
            if columns is None:
                rows = [row[index : index + 3] for row in block.rows]
            elif len(columns) > index + 1 and not all("." in str(cell) for cell in columns[index]):
                rows = list(zip(*columns[index : index + 3], strict=True))
            else:
                continue
            heading = mapping.headings[index + 1] if index + 1 < len(mapping.headings) else ""
            beside = fields.get(index + 1, "")
            may_be_plain = bool(heading) and (
                not beside or beside in _NUMBERS or wire.FIELDS[beside].kind in ("money", "date")
            )
            for number, cells in zip(block.numbers, rows, strict=True):
                whole = _torn(cells, beside in _NUMBERS, may_be_plain) if len(cells) > 1 else ""
                if whole:
                    where = f"row {number}, column {mapping.headings[index]}"
                    findings.fault(number, where, cells[0], _MESSAGE.format(whole=whole))
        yield block


def _torn(cells: Iterable[object], numbers: bool, may_be_plain: bool) -> str:
    """Return what the first cell may be the beginning of, an empty string if of nothing."""
    front, back, *more = cells
    if not (isinstance(front, str) and isinstance(back, str) and _FRONT(front) and (part := _BACK(back))):
        return ""
    if not part["rest"].strip():
        goes_on = bool(more) and isinstance(more[0], str) and bool((end := _BACK(more[0])) and end["rest"].strip())
        padded = back.strip().startswith("0") and not numbers
        if may_be_plain and not padded and not goes_on:
            return ""
        back = f"{back.strip()},{more[0]}" if goes_on else back
    return f"{front.strip()},{back.strip()}"
