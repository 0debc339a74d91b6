"""Whether a table proves that it writes the day before the month, where it is read the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.intake.statements import wire
from agent.intake.statements.mapping import Mapping
from agent.intake.statements.problems import DATES_TWO_WAYS, Unreadable
from agent.intake.statements.readers import Row
from agent.intake.statements.values import plain

_WRITTEN = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d{2})(?:[ T].*)?").fullmatch
_MONTHS = 12


def require_month_first(name: str, mapping: Mapping, header: int, rows: Sequence[tuple[int, Row]]) -> None:
    """Raise `Unreadable` where a column that is not sent has a 25/07/2026, and one that is sent a 07/08/2026.

    A profile that says which comes first is believed.
    """
    if not mapping.profile.recognise.any_table or mapping.layout.dates != "MDY":
        return
    sent = {i for field, i in mapping.indexes.items() if wire.FIELDS[field].kind == "date"}
    below = [row for number, row in rows if number > header]
    proof = next((c for c in _cells(below) if c[0] not in mapping.indexes.values() and _day_first(c[1])), None)
    doubtful = next((text for i, text in _cells(below) if i in sent and _either(text)), "")
    if proof and doubtful:
        heading = mapping.headings[proof[0]] or str(proof[0] + 1)
        raise Unreadable(DATES_TWO_WAYS.problem(name=name, proof=proof[1], column=heading, doubtful=doubtful))


def _cells(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    for row in rows:
        for index, cell in enumerate(row):
            if isinstance(cell, str):
                yield index, plain(cell)


def _day_first(text: str) -> bool:
    parts = _WRITTEN(text)
    return parts is not None and int(parts[1]) > _MONTHS >= int(parts[3]) > 0


def _either(text: str) -> bool:
    parts = _WRITTEN(text)
    return parts is not None and 0 < int(parts[1]) <= _MONTHS and 0 < int(parts[3]) <= _MONTHS and parts[1] != parts[3]
