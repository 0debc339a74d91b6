"""`outtray status`: what the agent is doing, or, when none runs, what the ledger remembers."""

from __future__ import annotations

from typing import Any

import typer

from agent.commands.options import ConfigOption, JsonOption, answer_json, load_or_exit
from agent.commands.requests import reachable
from agent.console import terminal
from agent.shown import shown

LEFT_ALONE_SHOWN = 10


def status(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show each lane's state and every packet that has not come to rest."""
    from agent.desk.asking import current_status

    settings = load_or_exit(config, ctx).settings
    with reachable():
        snapshot = current_status(settings)
    if as_json:
        answer_json(snapshot)
    else:
        _tell(snapshot)


def _tell(snapshot: dict[str, Any]) -> None:
    from rich.table import Table

    from agent.desk.rehearsal import NOTHING_COUNTS, sandbox_sentences

    environments = [(lane["lane"], lane.get("environment", "")) for lane in snapshot["lanes"]]
    console = terminal()
    console.print("OutTray is running." if snapshot["running"] else "OutTray is not running; nothing is being sent.")
    for said in sandbox_sentences(environments):
        console.print(f"This is a test: {said} {NOTHING_COUNTS}")
    for note in snapshot["notes"]:
        console.print(shown(note))
    lanes = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Lane", "State", "Waiting", "Held", "To send", "Sent today", "Needs you"):
        lanes.add_column(heading)
    for lane in snapshot["lanes"]:
        counts = lane["counts"]
        to_send = counts.get("queued", 0) + counts.get("sending", 0)
        figures = (counts.get("waiting", 0), counts.get("held", 0), to_send, counts.get("sent", 0))
        lanes.add_row(shown(lane["lane"]), lane["state"], *map(str, figures), str(lane["needs_attention"]))
    console.print()
    console.print(lanes)
    for lane in snapshot["lanes"]:
        if lane["problem"]:
            console.print()
            console.print(shown(f"{lane['lane']}: {lane['problem']['sentence']}"))
            console.print(shown(f"  What to do: {lane['problem']['what_to_do']}"))
        left_alone = lane.get("left_alone")
        if left_alone and left_alone != lane["problem"]:
            console.print(shown(f"{lane['lane']}: {left_alone['sentence']}"))
        details = left_alone["details"] if left_alone else ()
        for fault in details[:LEFT_ALONE_SHOWN]:
            console.print(shown(f"  {fault['where']}: {fault['message']}"))
        if len(details) > LEFT_ALONE_SHOWN:
            console.print(f"  and {len(details) - LEFT_ALONE_SHOWN} more; --json names them")
    if snapshot["packets"]:
        console.print()
        packets = Table(box=None, header_style="bold", pad_edge=False)
        for heading in ("Name", "State", "Goes at", "Why"):
            packets.add_column(heading, overflow="fold", no_wrap=heading in ("State", "Goes at"))
        for packet in snapshot["packets"]:
            goes_at = _local(packet["next_at"]) if packet["next_at"] else ""
            packets.add_row(shown(packet["name"]), packet["state"], goes_at, shown(packet["why"]))
        console.print(packets)


def _local(moment: str) -> str:
    from datetime import datetime

    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
