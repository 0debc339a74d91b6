"""`outtray trace`: everything that happened to one packet, in its order."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from agent.commands.options import USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, load_or_exit
from agent.console import say, tell


def trace(
    ctx: typer.Context,
    packet: Annotated[str, typer.Argument(metavar="PACKET", help="Its id, as outtray history --json shows it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what happened to a packet: the journal, its tries, and the lines of the log that name it."""
    from agent.desk.trace import trace_of
    from agent.ledger.opening import LedgerUnavailable

    settings = load_or_exit(config, ctx).settings
    try:
        lines = trace_of(settings, packet)
    except LedgerUnavailable:
        lines = []
    if not lines:
        tell(f"There is no packet {packet}. outtray history --json shows them all with their ids.")
        raise typer.Exit(USAGE_OR_SETTINGS)
    if as_json:
        answer_json(lines)
        return
    for line in lines:
        say(f"{line['at']}  {line['source']:<7}  {line['event']}{_more(line)}")


def _more(line: dict[str, Any]) -> str:
    more = {key: value for key, value in line.items() if key not in ("at", "source", "event") and value}
    return f"  {json.dumps(more)}" if more else ""
