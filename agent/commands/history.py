"""`outtray history`: the packets, the newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from agent.commands.options import USAGE_OR_SETTINGS, ConfigOption, JsonOption, answer_json, load_or_exit
from agent.commands.requests import reachable
from agent.console import say, tell
from agent.model import PacketState

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def history(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="A date (2026-07-04), a moment, or an age: 90m, 12h, 7d, 2w.")
    ] = None,
    state: Annotated[
        list[PacketState] | None, typer.Option(help="Only packets of this state; may be repeated.")
    ] = None,
    store: Annotated[str | None, typer.Option(help="Only packets of this store.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the packets that OutTray has had, the newest first."""
    from agent.delivery.requests import LISTED
    from agent.delivery.told import as_told
    from agent.desk.asking import ask_note
    from agent.folder.real import RealFileSystem
    from agent.ledger.ledger import Ledger
    from agent.ledger.opening import LedgerUnavailable, read_only
    from agent.settings.locations import ledger_file

    settings = load_or_exit(config, ctx).settings
    moment = _moment(since)
    if store is not None and store not in [known.name for known in settings.store]:
        names = ", ".join(known.name for known in settings.store)
        tell(f'There is no store "{store}" in the settings. The stores are: {names}.')
        raise typer.Exit(USAGE_OR_SETTINGS)
    try:
        ledger = Ledger(read_only(ledger_file(settings.agent)))
    except LedgerUnavailable:
        packets = []
    else:
        with reachable():
            ask_note(settings, LISTED)
        fs = RealFileSystem()
        found = ledger.history(since=moment, states=state or (), store=store, limit=limit)
        packets = [as_told(fs, packet) for packet in found]
        ledger.close()
    if as_json:
        answer_json([_row(packet) for packet in packets])
        return
    _tell(packets)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if text[-1:] in UNITS and text[:-1].isdigit():
        return datetime.now(UTC) - timedelta(**{UNITS[text[-1]]: int(text[:-1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        tell(f'--since {text} is not a date or an age. Write it as 2026-07-04, "2026-07-04 09:30", 12h or 7d.')
        raise typer.Exit(USAGE_OR_SETTINGS) from None


def _row(packet: Any) -> dict[str, Any]:
    from agent.delivery.snapshot import moment

    return {
        "packet": packet.id,
        "store": packet.lane.store,
        "lane": str(packet.lane.kind),
        "name": packet.name,
        "files": [
            {"name": file.name, "size": file.identity.size, "sha256": file.sha256 or None} for file in packet.files
        ],
        "state": str(packet.state),
        "claim": packet.claim or None,
        "upload_name": packet.upload_name or None,
        "attachment_control_number": packet.control_number or None,
        "arrived_at": moment(packet.arrived_at),
        "next_at": moment(packet.next_at),
        "ended_at": moment(packet.ended_at),
        "attempts": packet.attempts,
        "possibly_sent_twice": packet.possibly_sent,
        "code": packet.problem.code if packet.problem else None,
        "sentence": packet.problem.sentence if packet.problem else None,
    }


def _tell(packets: list[Any]) -> None:
    import textwrap
    from shutil import get_terminal_size

    if not packets:
        say("No packets yet.")
    width = get_terminal_size().columns
    for packet in packets:
        arrived = f"{packet.arrived_at.astimezone():%Y-%m-%d %H:%M}"
        say(f"{arrived}  {packet.state!s:8}  {packet.name}  ({packet.lane})")
        more = packet.control_number or (packet.problem.sentence if packet.problem else "")
        indent = " " * 28
        for line in textwrap.wrap(more, max(width - len(indent), 30), break_long_words=False):
            say(indent + line)
