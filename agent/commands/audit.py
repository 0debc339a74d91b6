"""`outtray audit`: the journal, proved and written out, for whoever has to see who did what."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.commands.options import (
    UNREACHABLE,
    USAGE_OR_SETTINGS,
    ConfigOption,
    JsonOption,
    answer_json,
    load_or_exit,
)
from agent.commands.requests import reachable
from agent.console import say, tell
from agent.shown import in_unicode

if TYPE_CHECKING:
    from agent.ledger.chain import Linked
    from agent.ledger.ledger import Ledger
    from agent.settings.schema import Settings

app = typer.Typer(help="The journal: who did what, and whether it is as it was written.", no_args_is_help=True)

COLUMNS = ("number", "at", "event", "actor", "lane", "packet", "detail", "chain")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    JSON = "json"


@app.command()
def verify(
    ctx: typer.Context,
    link: Annotated[
        str, typer.Option(help="A link that was kept elsewhere, such as the last of an export: it has to be there too.")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell whether any line of the journal was changed, left out or put in. Ends with 4 where one was."""
    ledger = _ledger(load_or_exit(config, ctx).settings)
    found = ledger.verify_journal(link)
    ledger.close()
    if as_json:
        whole = {"whole": not found.broken_at, "lines": found.lines, "link": found.head or None}
        answer_json({**whole, "broken_at": found.broken_at or None, "begins_behind": found.begins_behind})
    elif found.broken_at:
        say(f"The journal was changed: line {found.broken_at} is not as it was written.")
        say("Keep a copy of the ledger as it is, and tell whoever looks after this practice's security.")
    else:
        said = f" Lines up to {found.begins_behind} were removed for their age." if found.begins_behind else ""
        say(f"The journal is as it was written: {found.lines:,} line{'s' * (found.lines != 1)}.{said}")
        say(f"Its newest link, to be kept elsewhere: {found.head}")
    if found.broken_at:
        raise typer.Exit(UNREACHABLE)


@app.command()
def export(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(help="From this day or moment on, such as 2026-07-01.")] = "",
    until: Annotated[str, typer.Option(help="Up to the end of this day, or to this moment.")] = "",
    form: Annotated[Form, typer.Option("--format", help="csv or json.")] = Form.CSV,
    config: ConfigOption = None,
) -> None:
    """Write the journal of a period to standard output. Days are this PC's; moments in it are UTC.

    The export itself is written down first.
    """
    from agent.desk.asking import ask_note

    first, end = _moment("--since", since), _moment("--until", until, is_end=True)
    settings = load_or_exit(config, ctx).settings
    ledger = _ledger(settings)
    with reachable():
        ask_note(settings, "audit-exported")
    rows = (_row(linked) for linked in ledger.linked(first, end))
    if form is Form.JSON:
        answer_json(list(rows))
    else:
        _write_csv(rows)
    ledger.close()


def _ledger(settings: Settings) -> Ledger:
    from agent.ledger.ledger import Ledger
    from agent.ledger.opening import LedgerUnavailable, read_only
    from agent.settings.locations import ledger_file

    try:
        return Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        tell("There is no ledger yet, so nothing was written down.")
        raise typer.Exit(USAGE_OR_SETTINGS) from None


def _row(linked: Linked) -> dict[str, Any]:
    """Return a line as it stands, also one that cannot be read: whoever sees the export has to see that, too."""
    detail = linked.said["detail"] if linked.line is None else linked.line.detail
    said = {name: one if isinstance(one, str | int) else str(one) for name, one in linked.said.items()}
    return {name: said[name] for name in COLUMNS} | {"detail": detail if isinstance(detail, dict) else str(detail)}


def _write_csv(rows: Iterator[dict[str, Any]]) -> None:
    import json

    say(_line(COLUMNS))
    for row in rows:
        cells = {**row, "detail": json.dumps(row["detail"], sort_keys=True)}
        say(_line([_harmless(str(in_unicode(cells[name]))) for name in COLUMNS]))


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula."""
    text = cell.encode("ascii", "backslashreplace").decode()
    return f"'{text}" if text.startswith(_FORMULA) else text


def _moment(option: str, text: str, *, is_end: bool = False) -> datetime | None:
    from datetime import timedelta

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        is_day = len(text) <= len("2026-07-01")
        return (moment + timedelta(days=1) if is_day and is_end else moment).astimezone()
    except (ValueError, OverflowError, OSError):
        tell(f'{option} {text} is not a date. Write it as 2026-07-01 or "2026-07-01 09:30".')
        raise typer.Exit(USAGE_OR_SETTINGS) from None
