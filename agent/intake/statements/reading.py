"""From an open file to its statements: the profile is chosen, the columns are laid out, one block follows another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from agent.intake.statements.findings import Findings, TooManyFaults
from agent.intake.statements.grouping import grouped
from agent.intake.statements.problems import HIDDEN_COLUMNS, NO_STATEMENTS, SHEETS_DATED, Unreadable, unreadable
from agent.intake.statements.profile import Profile
from agent.intake.statements.readers import Block, json, sections, xml
from agent.intake.statements.recognition import Choice, Table, choose, statement_date
from agent.intake.statements.records import RecordStatements
from agent.intake.statements.rows import RowStatements
from agent.intake.statements.sheets import Hidden, hidden_headings, without_hidden_columns
from agent.intake.statements.source import Source
from agent.intake.statements.torn import watched
from agent.intake.statements.wire import FILENAME


@dataclass
class Reading:
    """One file being read. `texts` yields statements as JSON, joined by commas; then `count` and `findings` hold."""

    source: Source
    choice: Choice
    findings: Findings
    statements: RowStatements | RecordStatements
    today: date
    hidden: Hidden = "ask"

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
        beside = [str(name)[:40] for name in about if name != FILENAME]
        if beside:
            self.findings.warn(f"Not sent, since it stands beside the statements: {', '.join(beside[:20])}.")
        if isinstance(self.statements, RecordStatements) and self.choice.table is None:
            self._warn_of(tuple(self.statements.unknown))

    def _texts(self, about: dict[str, Any]) -> Iterator[str]:
        table, layout = self.choice.table, self.choice.profile.layout
        if isinstance(self.statements, RowStatements):
            yield from self.statements.texts(self._blocks())
        elif table is None and self.source.format == "json":
            yield from self.statements.texts(json.records(self.source, about, self.choice.profile.spelling))
        elif table is None:
            yield from self.statements.texts(xml.records(self.source, layout))
        elif layout.sections:
            found = sections.records(
                self.source, self.choice.profile, table.mapping.headings, self._blocks(), self.findings
            )
            yield from self.statements.texts(found)
        else:
            columns = table.mapping.columns(self.today)
            yield from self.statements.texts(grouped(self._blocks(), table.mapping, self.findings, columns))

    def _blocks(self) -> Iterator[Block]:
        tables = self.choice.tables
        for order, table in enumerate(tables):
            blocks = table.blocks(self.source, self.findings, self.hidden, order if len(tables) > 1 else None)
            may_tear = table.delimiter == "," and not table.mapping.profile.layout.sections
            yield from watched(blocks, table.mapping, self.findings) if may_tear else blocks

    def _warn_of(self, headings: tuple[str, ...], why: str = "") -> None:
        if headings:
            shown = ", ".join(headings[:20]) + (f" and {len(headings) - 20} more" if len(headings) > 20 else "")
            self.findings.warn(f"Columns that are not sent{why}: {shown}.")


def begin(
    source: Source,
    wanted: str | Profile,
    today: date,
    location: str = "",
    own: Sequence[Profile] = (),
    hidden: Hidden = "ask",
) -> Reading:
    """Choose the profile (`choose`) and lay out the columns. Raises `Unreadable` where the file cannot be read.

    `hidden`: what becomes of rows, columns and sheets that a workbook hides.
    """
    choice = choose(source, wanted, own, hidden)
    findings = Findings("row" if choice.table else "statement")
    choice = _with_hidden_columns(source, choice, hidden, findings)
    table, profile = choice.table, choice.profile
    for note in source.notes:
        findings.warn(note)
    if table is None or profile.layout.sections:
        reading = Reading(
            source, choice, findings, RecordStatements.of_profile(profile, findings, today, location), today, hidden
        )
    else:
        reading = _of_table(source, choice, table, findings, today, location, hidden)
    sheets = [t.sheet.name for t in choice.tables if t.sheet]
    if choice.beside:
        only = f"sheet {sheets[0]} is" if len(sheets) == 1 else f"sheets {', '.join(sheets)} are"
        findings.warn(f"Only the {only} sent. Not sent: {', '.join(choice.beside)}.")
    elif len(sheets) > 1:
        findings.warn(f"The statements of {len(sheets)} sheets are sent: {', '.join(sheets)}.")
    if len(sheets) > 1 and location and not any("location" in each.mapping.indexes for each in choice.tables):
        findings.warn(f"The statements of all these sheets go for the location {location}, as the settings say.")
    if table is not None and not profile.layout.sections:
        reading._warn_of(table.mapping.unknown)
        reading._warn_of(table.mapping.lost, ", since another column was taken for the same")
    return reading


def _with_hidden_columns(source: Source, choice: Choice, hidden: Hidden, findings: Findings) -> Choice:
    """Return the choice without hidden columns, or with a word about those that go. Raises `Unreadable` to ask."""
    unseen = [h for t in choice.tables if t.sheet for h in hidden_headings(t.sheet, t.mapping)]
    if not unseen:
        return choice
    columns = ", ".join(dict.fromkeys(unseen))
    if hidden == "ask":
        raise Unreadable(HIDDEN_COLUMNS.problem(name=source.name, columns=columns))
    if hidden == "send":
        findings.warn(f"Hidden columns are sent: {columns}.")
        return choice
    findings.warn(f"Hidden columns are not sent: {columns}.")
    tables = [replace(t, mapping=without_hidden_columns(t.sheet, t.mapping)) if t.sheet else t for t in choice.tables]
    return replace(choice, table=tables[0], also=tuple(tables[1:]))


def _of_table(
    source: Source, choice: Choice, table: Table, findings: Findings, today: date, location: str, hidden: Hidden
) -> Reading:
    mapping = table.mapping
    mapping.require(source.name)
    dated = ""
    if "statement_date" not in mapping.indexes:
        several = {statement_date(each, today) for each in choice.tables}
        if len(several) > 1:
            raise unreadable(source.name, "its sheets have different dates above their headings", SHEETS_DATED)
        dated, warning = statement_date(table, today)
        findings.warn(warning)
    if mapping.by_row:
        rows = RowStatements(mapping, findings, today, location, dated)
        return Reading(source, choice, findings, rows, today, hidden)
    columns = [(0, column.heading, column) for _, column in mapping.columns(today)]
    records = RecordStatements(choice.profile, columns, findings, location, dated)
    return Reading(source, choice, findings, records, today, hidden)
