"""From an open file to its statements: the profile is chosen, the columns are laid out, one block follows another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agent.intake.statements.findings import Findings, TooManyFaults
from agent.intake.statements.grouping import grouped
from agent.intake.statements.problems import NO_STATEMENTS, Unreadable
from agent.intake.statements.profile import Profile
from agent.intake.statements.readers import json, sections, xml
from agent.intake.statements.recognition import Choice, Table, choose, statement_date
from agent.intake.statements.records import RecordStatements
from agent.intake.statements.rows import RowStatements
from agent.intake.statements.source import Source


@dataclass
class Reading:
    """One file being read. `texts` yields statements as JSON, joined by commas; then `count` and `findings` hold."""

    source: Source
    choice: Choice
    findings: Findings
    statements: RowStatements | RecordStatements
    today: date

    @property
    def count(self) -> int:
        """How many statements were read so far."""
        return self.statements.count

    def texts(self) -> Iterator[str]:
        """Yield the statements. After a fault nothing more is yielded, but all faults are found."""
        about: dict[str, Any] = {}
        try:
            yield from self._texts(about)
            self.statements.settle()
        except TooManyFaults:
            return
        if not self.count and not self.findings.faults:
            raise Unreadable(NO_STATEMENTS.problem(name=self.source.name))
        own_name = json.renamed_from(about)
        if own_name and own_name != self.source.name:
            self.findings.warn(
                "The file names another file name inside. It goes under the name that it has in the folder."
            )
        if isinstance(self.statements, RecordStatements) and self.choice.table is None:
            self._warn_of(tuple(self.statements.unknown))

    def _texts(self, about: dict[str, Any]) -> Iterator[str]:
        table, layout = self.choice.table, self.choice.profile.layout
        if isinstance(self.statements, RowStatements):
            if table is not None:
                yield from self.statements.texts(table.blocks(self.source))
        elif table is None and self.source.format == "json":
            yield from self.statements.texts(json.records(self.source, about, self.choice.profile.spelling))
        elif table is None:
            yield from self.statements.texts(xml.records(self.source, layout))
        elif layout.sections:
            blocks = table.blocks(self.source)
            found = sections.records(self.source, self.choice.profile, table.mapping.headings, blocks, self.findings)
            yield from self.statements.texts(found)
        else:
            columns = table.mapping.columns(self.today)
            yield from self.statements.texts(grouped(table.blocks(self.source), table.mapping, self.findings, columns))

    def _warn_of(self, headings: tuple[str, ...], why: str = "") -> None:
        if headings:
            shown = ", ".join(headings[:20]) + (f" and {len(headings) - 20} more" if len(headings) > 20 else "")
            self.findings.warn(f"Columns that are not sent{why}: {shown}.")


def begin(
    source: Source, wanted: str | Profile, today: date, location: str = "", own: Sequence[Profile] = ()
) -> Reading:
    """Choose the profile (`choose`) and lay out the columns. Raises `Unreadable` where the file cannot be read."""
    choice = choose(source, wanted, own)
    table, profile = choice.table, choice.profile
    findings = Findings("row" if table else "statement")
    for note in source.notes:
        findings.warn(note)
    if table is None or profile.layout.sections:
        reading = Reading(
            source, choice, findings, RecordStatements.of_profile(profile, findings, today, location), today
        )
    else:
        reading = _of_table(source, choice, table, findings, today, location)
    if choice.beside:
        findings.warn(f"Only the sheet {table.sheet.name if table and table.sheet else ''} is sent. Not sent: "
                      f"{', '.join(choice.beside)}.")  # fmt: skip
    if table is not None and not profile.layout.sections:
        reading._warn_of(table.mapping.unknown)
        reading._warn_of(table.mapping.lost, ", since another column was taken for the same")
    return reading


def _of_table(source: Source, choice: Choice, table: Table, findings: Findings, today: date, location: str) -> Reading:
    mapping = table.mapping
    mapping.require(source.name)
    dated = ""
    if "statement_date" not in mapping.indexes:
        dated, warning = statement_date(table, today)
        findings.warn(warning)
    if mapping.by_row:
        rows = RowStatements(mapping, findings, today, location, dated)
        return Reading(source, choice, findings, rows, today)
    columns = [(0, column.heading, column) for _, column in mapping.columns(today)]
    records = RecordStatements(choice.profile, columns, findings, location, dated)
    return Reading(source, choice, findings, records, today)
