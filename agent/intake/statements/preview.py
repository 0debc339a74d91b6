"""What a profile makes of a file, for `outtray profile try`: nothing is written and nothing is sent."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from agent.folder.filesystem import FileSystem
from agent.intake.statements import wire
from agent.intake.statements.problems import Unreadable
from agent.intake.statements.profile import Profile
from agent.intake.statements.reading import begin
from agent.intake.statements.sheets import Hidden
from agent.intake.statements.source import examine
from agent.model import Problem

_FIRST = 10
_AMOUNT = re.compile(rf'"{wire.FIELDS["amount_due"].wire[0]}":(-?[0-9]+)')  # a quotation mark in a text is escaped
_DIGITS = 18


@dataclass(frozen=True)
class Preview:
    """The chosen profile and why, what becomes of each column, the first statements, and every fault and warning."""

    problem: Problem | None = None
    profile: str = ""
    why: str = ""
    columns: dict[str, str] = field(default_factory=dict)  # heading to field
    unknown: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    count: int = 0
    typical: int = 0  # cents: the amount due that lies in the middle, whatever its sign; 0 where there is none
    first: tuple[dict[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()


def preview(
    fs: FileSystem,
    path: Path,
    profile: str | Profile,
    today: date,
    location: str = "",
    own: Callable[[], Sequence[Profile]] = tuple,
    hidden: Hidden = "ask",
) -> Preview:
    """Return what would become of the file at `path`. `own` gives the store's own profiles.

    Raises `FileSystemProblem` where the file cannot be opened.
    """
    with fs.open(path) as stream, ExitStack() as opened:
        try:
            source = opened.enter_context(examine(path.name, stream))
            reading = begin(source, profile, today, location, own(), hidden)
        except Unreadable as unreadable:
            return Preview(unreadable.problem)
        choice = reading.choice
        first: list[dict[str, Any]] = []
        amounts = array("q")
        problem = None
        try:
            for text in reading.texts():
                amounts.extend(
                    abs(int(cents)) for cents in _AMOUNT.findall(text) if len(cents) < _DIGITS and int(cents)
                )
                if len(first) < _FIRST:
                    first += json.loads(f"[{text}]")[: _FIRST - len(first)]
        except Unreadable as unreadable:
            problem = unreadable.problem
        mapping = choice.table.mapping if choice.table else None
        if mapping and not choice.profile.layout.sections:
            columns = {mapping.headings[i]: f for f, i in sorted(mapping.indexes.items(), key=lambda c: c[1])}
        else:
            columns = {", ".join(spelled): f for f, spelled in choice.profile.columns.items()}
        nested = tuple(getattr(reading.statements, "unknown", ())) if mapping is None else ()
        return Preview(
            problem or reading.findings.problem(path.name),
            choice.profile.name,
            choice.why,
            columns,
            mapping.unknown if mapping else nested,
            mapping.unused if mapping else (),
            reading.count,
            int(median(amounts)) if amounts else 0,
            tuple(first),
            reading.findings.warnings,
        )


def summary(statement: dict[str, Any]) -> tuple[str, str, str, str, str, str]:
    """Return row, account, name, date, amount and number of lines of a statement, for a table."""
    fields = wire.FIELDS
    name = " ".join(str(statement[w]) for w in fields["name"].wire if statement.get(w))
    amount = statement.get(fields["amount_due"].wire[0])
    return (
        str(statement[wire.ROW_NUMBER]),
        str(statement.get(fields["external_id"].wire[0], "")),
        name,
        str(statement.get(fields["statement_date"].wire[0], "")),
        "" if amount is None else f"{amount / 100:,.2f}",
        str(len(statement.get(wire.LINES, ()))),
    )
