"""Two columns that both say what is asked for: they are compared in every row, and where they differ, it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from agent.intake.statements import wire
from agent.intake.statements.columns import compiled
from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.readers import Column as Cells
from agent.intake.statements.values import plain


class Rivals:
    """The columns of one table that could be its amount due as well as the one that is taken."""

    def __init__(self, mapping: Mapping, findings: Findings) -> None:
        self._findings = findings
        self._headings = mapping.headings
        self._taken = mapping.indexes.get("amount_due", 0)
        self._others = [index for field, index in mapping.rivals if field == "amount_due"]
        self._column = compiled(wire.FIELDS["amount_due"], "", mapping.layout, date.max) if self._others else None

    def compare(self, numbers: Sequence[int], columns: Sequence[Cells]) -> None:
        """Note a fault for every row in which another column asks for another amount."""
        if self._column is None or not numbers:
            return
        taken = columns[self._taken]
        for index in self._others:
            for number, here, there in zip(numbers, taken, columns[index], strict=True):
                if here != there and plain(there) and self._column[here] != self._column[there]:
                    where = f"row {number}, column {self._headings[self._taken]}"
                    message = (
                        f"The column {self._headings[index]} says {plain(there)[:60]}. Remove the one that is not due."
                    )
                    self._findings.fault(number, where, here, message)
