"""Two columns that both say what one field is: they are compared in every row, and where they differ, it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from agent.intake.statements import wire
from agent.intake.statements.columns import compiled
from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import COMPARED, Mapping
from agent.intake.statements.readers import Column as Cells
from agent.intake.statements.values import plain

_MESSAGES = {
    "amount_due": "The column {heading} says {other}. Remove the one that is not due.",
    "name": "The column {heading} says {other}. Remove the one who is not billed.",
    "service_date": "The column {heading} says {other}. Remove the one that is not meant.",
}


class Rivals:
    """The columns of one table that could be its amount due, name or date as well as the one that is taken."""

    def __init__(self, mapping: Mapping, findings: Findings) -> None:
        self._findings = findings
        self._headings = mapping.headings
        self._pairs = [
            (mapping.indexes[field], index, compiled(wire.FIELDS[field], "", mapping.layout, date(2200, 1, 1)), field)
            for field, index in mapping.rivals
            if field in COMPARED
        ]

    def compare(self, numbers: Sequence[int], columns: Sequence[Cells]) -> None:
        """Note a fault for every row in which another column says something else."""
        if not self._pairs or not numbers:
            return
        for taken, index, column, field in self._pairs:
            for number, here, there in zip(numbers, columns[taken], columns[index], strict=True):
                if here != there and plain(there) and column[here] != column[there]:
                    where = f"row {number}, column {self._headings[taken]}"
                    message = _MESSAGES[field].format(heading=self._headings[index], other=plain(there)[:60])
                    self._findings.fault(number, where, here, message)
