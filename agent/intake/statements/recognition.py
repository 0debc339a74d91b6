"""Which profile fits a file, where its table begins, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agent.intake.statements import profile as profiles
from agent.intake.statements.date_order import require_month_first
from agent.intake.statements.findings import Findings
from agent.intake.statements.mapping import Mapping, laid_over
from agent.intake.statements.problems import (
    HIDDEN_SHEETS,
    NO_HEADER,
    SAVE_AS,
    SHEETS_DIFFER,
    TWO_PROFILES,
    WRONG_PROFILE,
    Unreadable,
    unreadable,
)
from agent.intake.statements.profile import Profile, heading_keys, normal
from agent.intake.statements.readers import Block, Row, text, workbook, xml
from agent.intake.statements.sheets import Hidden, continues, sheet_rows
from agent.intake.statements.source import Source
from agent.intake.statements.title_dates import of_titles
from agent.intake.statements.values import plain

_HEADER_ROWS = 40
_FEWEST_COLUMNS, _MOST_COLUMNS = 2, 1000
Head = tuple[Sequence[tuple[int, Row]], str, workbook.Sheet | None]
"""The first rows of a text or a sheet with their numbers, the delimiter that made them, and the sheet."""

_FORMATS = {"xml": "an XML file", "json": "a JSON file", "text": "a table", "workbook": "a table"}


@dataclass(frozen=True)
class Table:
    """Where a table was found: after its heading row, in text or in a sheet."""

    mapping: Mapping
    header_number: int  # 0 where there is no row of headings
    delimiter: str = ""
    sheet: workbook.Sheet | None = None
    titles: tuple[str, ...] = ()
    strength: int = 0

    def blocks(
        self, source: Source, findings: Findings, hidden: Hidden = "ask", order: int | None = None
    ) -> Iterator[Block]:
        """Yield the rows after the headings. `hidden` and `order`: see `sheet_rows`."""
        if self.sheet is not None:
            yield from sheet_rows(self.sheet, self.mapping, self.header_number, hidden, findings, order)
            return
        for block in text.blocks(source, self.delimiter):
            rest = block.after(self.header_number)
            if rest is not None:
                yield rest


@dataclass(frozen=True)
class Choice:
    """The profile that a file is read with."""

    profile: Profile
    why: str
    table: Table | None = None
    also: tuple[Table, ...] = ()  # the tables of the sheets behind, with the same headings
    beside: tuple[str, ...] = ()  # other sheets with something in them, which do not go

    @property
    def tables(self) -> tuple[Table, ...]:
        """All that goes, in order."""
        return (self.table, *self.also) if self.table else ()


def would_choose(source: Source, profile: Profile, own: Sequence[Profile], hidden: Hidden) -> Profile | None:
    """Return which profile a file would be read with by itself, where that is not `profile` as it stands here.

    None where what `profile` makes of the file is what goes. `own`: the store's own profiles, this one among them.
    Raises `Unreadable` where the file can be read by neither.
    """
    by_itself, as_said = choose(source, "auto", own, hidden), choose(source, profile, (), hidden)
    same = [t.header_number for t in by_itself.tables] == [t.header_number for t in as_said.tables]
    same = same and [t.delimiter for t in by_itself.tables] == [t.delimiter for t in as_said.tables]
    return None if same and by_itself.profile == as_said.profile else by_itself.profile


def choose(source: Source, wanted: str | Profile, own: Sequence[Profile] = (), hidden: Hidden = "ask") -> Choice:
    """Return how to read the file, with the profile that is `wanted`, or by looking at it (`auto`).

    `own`: profiles that are tried first where none is wanted by name: what the store itself has said of its exports.

    Raises `Unreadable`: the file fits no profile, two equally well, or not the one that the settings name; or it has
    statements on sheets that are hidden (`hidden` is "ask") or unlike.
    """
    if isinstance(wanted, Profile):
        candidates, wanted = [wanted], wanted.name
    elif wanted != "auto":
        candidates = [profiles.find(wanted)]
    else:
        candidates = list(profiles.built_in().values())
    named = wanted != "auto"
    kind = source.format if source.format in ("xml", "json") else "table"
    fitting = [p for p in candidates if p.recognise.format == kind]
    if not fitting:
        raise _wrong(source, candidates[0], f"it is {_FORMATS[source.format]}")
    if kind == "json":
        return Choice(fitting[0], "it is JSON" if not named else _by_name(wanted))
    if kind == "xml":
        return _choose_xml(source, fitting, wanted)
    return _choose_table(source, fitting, wanted, () if named else own, hidden)


def _choose_xml(source: Source, fitting: list[Profile], wanted: str) -> Choice:
    root = xml.root(source)
    matches = [p for p in fitting if p.recognise.root == root]
    if len(matches) > 1:
        raise _tie(source, matches)
    if matches:
        return Choice(matches[0], f"its outermost element is {root}" if wanted == "auto" else _by_name(wanted))
    if wanted != "auto":
        raise _wrong(source, fitting[0], f"its outermost element is {root}, not {fitting[0].recognise.root}")
    if root == "Workbook":
        raise unreadable(source.name, "it is an Excel table of the 2003 XML kind", SAVE_AS)
    raise unreadable(
        source.name,
        f"it is XML of a kind that OutTray does not know (its outermost element is {root[:40]})",
        "Export the statements as an Open Dental e-bill file, as CSV or as an Excel workbook instead.",
    )


def _choose_table(
    source: Source, fitting: list[Profile], wanted: str, own: Sequence[Profile], hidden: Hidden
) -> Choice:
    named = wanted != "auto"
    everything = list(heads_of(source))
    shown = [head for head in everything if head[2] is None or not head[2].hidden]
    heads = shown if shown or hidden == "skip" else everything
    if mine := [t for p in own for head in heads if p.recognise.headings and (t := _found(p, *head, named=False))]:
        best = max(reversed(mine), key=lambda t: t.strength)  # of two that fit alike, what was said last
        why = f"row {best.header_number} has the headings of {best.mapping.profile.name}, the store's own profile"
        return _with_sheets(source, Choice(best.mapping.profile, why, best), everything, [*own, *fitting], hidden)
    tables = [t for p in fitting for head in heads if (t := _found(p, *head, named=named))]
    if not tables:
        if named and fitting[0].recognise.headings:
            raise _wrong(
                source, fitting[0], f"it has no row with the headings {', '.join(fitting[0].recognise.headings)}"
            )
        raise Unreadable(NO_HEADER.problem(name=source.name))
    best = max(tables, key=lambda t: (t.strength, not t.mapping.missing(), t.mapping.score))
    rivals = {t.mapping.profile.name: t.mapping.profile for t in tables if t.strength == best.strength}
    if len(rivals) > 1:
        raise _tie(source, list(rivals.values()))
    chosen = best.mapping.profile
    if chosen.recognise.record_id and best.header_number == 0:
        why = f"its rows begin with {chosen.recognise.record_id}"
    elif best.strength:
        why = f"row {best.header_number} has the headings {', '.join(chosen.recognise.headings)}"
    else:
        why = f"row {best.header_number} has headings for {best.mapping.score} fields, and no other profile fits"
    rows = next((rows for rows, delimiter, sheet in heads if (delimiter, sheet) == (best.delimiter, best.sheet)), ())
    require_month_first(source.name, best.mapping, best.header_number, rows)
    choice = Choice(chosen, _by_name(wanted) if named else why, best)
    return _with_sheets(source, choice, everything, fitting, hidden)


def _with_sheets(
    source: Source, choice: Choice, heads: Sequence[Head], profiles_: Sequence[Profile], hidden: Hidden
) -> Choice:
    """Return the choice with what becomes of the other sheets: all of one shape go, and none is dropped unawares."""
    best = choice.table
    if best is None or best.sheet is None:
        return choice
    alike: list[Table] = []
    unlike, unseen, beside = [], [], []
    for head in heads:
        sheet = head[2]
        table = best if sheet is best.sheet else _on_sheet(head, best, profiles_)
        if sheet is None:
            continue
        if sheet.hidden and hidden == "skip":
            beside.append(sheet.name)
        elif table is not None and sheet.hidden and hidden == "ask":
            unseen.append(sheet.name)
        elif table is not None and _headings(table) == _headings(best):
            alike.append(table)
        elif table is not None or (not sheet.hidden and continues(head[0], best.mapping)):
            unlike.append(sheet.name)
        else:
            beside.append(sheet.name)
    if unseen:
        raise Unreadable(HIDDEN_SHEETS.problem(name=source.name, sheets=", ".join(unseen)))
    if unlike:
        sheets = ", ".join([*(table.sheet.name for table in alike if table.sheet), *unlike])
        raise Unreadable(SHEETS_DIFFER.problem(name=source.name, sheets=sheets))
    return replace(choice, table=alike[0], also=tuple(alike[1:]), beside=tuple(beside))


def _on_sheet(head: Head, best: Table, profiles_: Sequence[Profile]) -> Table | None:
    """Return the table of statements on another sheet, by the same profile if that fits."""
    for profile in (best.mapping.profile, *profiles_):
        table = _found(profile, *head, named=profile is best.mapping.profile)
        if table is not None and not table.mapping.missing():
            return table
    return None


def _headings(table: Table) -> list[str]:
    headings = [normal(heading) for heading in table.mapping.headings]
    while headings and not headings[-1]:
        headings.pop()
    return headings


def heads_of(source: Source) -> Iterator[Head]:
    """Yield the first rows: once a delimiter for text, once a sheet for a workbook."""
    if source.format == "workbook":
        for sheet in workbook.sheets(source):
            yield sheet.head(), "", sheet
        return
    lines = text.head_lines(source)
    for delimiter in text.DELIMITERS:
        if any(delimiter in line for line in lines):
            yield text.rows_of(lines, delimiter), delimiter, None


def _found(
    profile: Profile, rows: Sequence[tuple[int, Row]], delimiter: str, sheet: workbook.Sheet | None, *, named: bool
) -> Table | None:
    layout, rule = profile.layout, profile.recognise
    if layout.delimiter and delimiter and layout.delimiter != delimiter:
        return None
    if rule.record_id:
        first = next((row for _, row in rows if any(row)), ())
        if not first or plain(first[0]) != rule.record_id:
            return None
        return Table(laid_over(profile, layout.positions), 0, delimiter, sheet, (), len(layout.positions))
    wanted = {normal(h) for h in rule.headings}
    best: Table | None = None
    titles: list[str] = []
    for number, row in rows[:_HEADER_ROWS]:
        if len(row) > _MOST_COLUMNS:
            continue
        if wanted:
            if wanted <= {normal(cell) for cell in row}:
                if rule.exact and not (_all_exact(profile, row) or named):
                    continue
                if rule.whole_row and heading_keys(rule.headings) != heading_keys(row):
                    continue
                return Table(laid_over(profile, row), number, delimiter, sheet, tuple(titles), len(wanted))
        elif rule.any_table or named:
            mapping = laid_over(profile, row)
            table = Table(mapping, number, delimiter, sheet, tuple(titles))
            if not mapping.missing() and mapping.score >= _FEWEST_COLUMNS:
                return table
            if mapping.score >= _FEWEST_COLUMNS and (best is None or mapping.score > best.mapping.score):
                best = table
        titles.append(" ".join(plain(cell) for cell in row if cell not in ("", None)))
    return best


def _all_exact(profile: Profile, row: Row) -> bool:
    """Tell whether every heading is spelled as the profile spells it, and none is missing."""
    spelled = {spelling for spellings in (profile.ignore, *profile.columns.values()) for spelling in spellings}
    headings = {text for cell in row if (text := plain(cell))}
    return headings <= spelled and not laid_over(profile, row).missing()


def statement_date(table: Table, today: date) -> tuple[str, str]:
    """Return the date for statements whose file has no column for it, and the warning that says so."""
    layout = table.mapping.profile.layout
    written = of_titles(table.titles, layout.dates, today) if layout.statement_date == "title-or-today" else ""
    if written:
        return written, f"There is no column for the statement date: {written}, from the title, was taken."
    return today.isoformat(), f"There is no column for the statement date: today, {today.isoformat()}, was taken."


def _by_name(wanted: str) -> str:
    return f"the settings name it ({wanted})"


def _wrong(source: Source, profile: Profile, reason: str) -> Unreadable:
    return Unreadable(WRONG_PROFILE.problem(name=source.name, profile=profile.name, reason=reason))


def _tie(source: Source, rivals: list[Profile]) -> Unreadable:
    return Unreadable(TWO_PROFILES.problem(name=source.name, first=rivals[0].name, second=rivals[1].name))
