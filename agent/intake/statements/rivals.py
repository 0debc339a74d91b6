"""Two columns that both say what one field is: they are compared in every row, and where they differ, it is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from agent.intake.statements import wire
from agent.intake.statements.columns import compiled
from agent.intake.statements.converters import NOTED
from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import SPOKEN, Mapping
from agent.intake.statements.readers import Column as Cells
from agent.intake.statements.values import plain

_OTHERWISE = "The column {heading} says {other}. Remove the one that is not meant."
_OF_ANOTHER = "The column {heading} says {other}. Keep the one of the person who gets the statement."
_MESSAGES = {
    "account": "The column {heading} says {other}. Remove the one that is not the patient's number; where both are to "
    "go, call them External Patient ID and PMS Patient ID.",
    "amount_due": "The column {heading} says {other}. Remove the one that is not due.",
    **dict.fromkeys(
        ("name", "first_name", "last_name"), "The column {heading} says {other}. Remove the one who is not billed."
    ),
    **dict.fromkeys(
        ("email", "phone", "address_1", "address_2", "city", "state", "zip", "city_state_zip"), _OF_ANOTHER
    ),
}
_words = re.compile(r"\w+").findall


class Rivals:
    """The columns of one table that could be what is sent as well as those that are taken."""

    def __init__(self, mapping: Mapping, findings: Findings) -> None:
        self._findings = findings
        self._headings = mapping.headings
        layout, no_day_ahead = mapping.layout, date(2200, 1, 1)
        self._pairs = [(pair, compiled(wire.FIELDS[pair.field], "", layout, no_day_ahead)) for pair in mapping.compared]

    def compare(self, numbers: Sequence[int], columns: Sequence[Cells]) -> None:
        """Note a fault for every row in which another column says something else."""
        for pair, column in self._pairs if numbers else ():
            others = columns[pair.other]
            if not any(others):
                continue
            for number, there, *here in zip(numbers, others, *(columns[i] for i in pair.taken), strict=True):
                if here[0] == there or not plain(there):
                    continue
                if pair.by_words:
                    same = _are_of_one(" ".join(map(plain, here)), plain(there))
                else:
                    other = column[there].replace(NOTED, "").casefold()
                    same = not other or column[here[0]].replace(NOTED, "").casefold() == other
                if not same:
                    taken, heading = self._headings[pair.taken[0]], self._headings[pair.other]
                    message = _MESSAGES.get(pair.field, _OTHERWISE).format(heading=heading, other=plain(there)[:60])
                    self._findings.differ(taken, heading, SPOKEN.get(pair.field, wire.FIELDS[pair.field].meaning))
                    self._findings.fault(number, f"row {number}, column {taken}", here[0], message)


def _are_of_one(one: str, other: str) -> bool:
    """Tell whether all words of the shorter text stand in the other: a middle name is no contradiction."""
    first, second = set(_words(one.casefold())), set(_words(other.casefold()))
    return bool(first and second) and (first <= second or second <= first)
