"""How the demo says things: one line for an item, a table while it runs, the summary at its end. Prints nothing."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agent.delivery.problems import moment
from agent.demo.settings import FOLDERS
from agent.demo.summary import RESTING, Item, Summary
from agent.model import PacketState, Problem
from agent.settings.locations import SETTINGS_FILE
from agent.shown import shown

_MOST_DETAILS = 3
_WIDEST = 100  # longer lines are tiring to read
_NAME = 26
_BAR = 24
_HEADING, _SOFT = "bold", "dim"


@dataclass(frozen=True)
class Line:
    """One line of text, already broken to the width that it was made for; `style` is rich's."""

    text: str = ""
    style: str = ""


@dataclass(frozen=True)
class _Look:
    """How a state looks. Shape and word come before colour; `plain` is the shape for consoles with few characters."""

    shape: str
    plain: str
    style: str


_LOOKS = {
    PacketState.SETTLING: _Look("·", ".", "dim"),
    PacketState.QUEUED: _Look("·", ".", "dim"),
    PacketState.SENDING: _Look("↑", "^", "cyan"),
    PacketState.DELIVERED: _Look("↑", "^", "cyan"),
    PacketState.SENT: _Look("✓", "+", "green"),
    PacketState.HELD: _Look("»", ">", "blue"),
    PacketState.WAITING: _Look("…", "~", "blue"),
    PacketState.FAILED: _Look("!", "!", "yellow"),
}


# --- While it runs ---------------------------------------------------------------------------------------------------


def line(item: Item) -> str:
    """Return one line of plain text: the state, the name, the control number."""
    return f"{item.state:8} {item.name:{_NAME}}  {item.control_number}".rstrip()


def progress(summary: Summary, *, height: int, plain: bool) -> RenderableType:
    """Return the table that shows how things stand, in less than `height` lines: the newest."""
    newest = summary.items[-max(1, height - 5) :]
    above = len(summary.items) - len(newest)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=10, no_wrap=True)
    table.add_column(width=_NAME, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for item in newest:
        look = _LOOKS[item.state]
        state = Text(f"{look.plain if plain else look.shape} {item.state}", style=look.style)
        table.add_row(state, shown(item.name), _movement(item))
    head = Text("OutTray demo", style=_HEADING)
    head.append(f"   {_counts(summary) or 'both services start, and the first files arrive'}", style="not bold dim")
    more = [Text(f"  and {above} more above", style=_SOFT)] if above else []
    return Group(head, Text(), *more, Padding(table, (0, 0, 0, 2)))


def _movement(item: Item) -> RenderableType:
    if item.state is PacketState.SENDING:
        if item.sent_bytes >= item.total_bytes:
            return Text("the receipt is awaited", style=_SOFT)
        return ProgressBar(
            total=item.total_bytes, completed=item.sent_bytes, width=_BAR, complete_style="cyan", finished_style="cyan"
        )
    if item.state is PacketState.SENT:
        return Text(item.control_number)
    return Text(shown(item.problem.sentence) if item.problem else "", style=_SOFT)


# --- At the end ------------------------------------------------------------------------------------------------------


def conclusion(summary: Summary, now: datetime, width: int) -> Iterator[Line]:
    """Yield the summary: what was sent, what is held until when, what waits, what failed and what to do."""
    yield Line(f"OutTray demo: {_counts(summary)}, in {summary.seconds:.0f} seconds", _HEADING)
    yield Line("Both services were stand-ins on this computer; nothing has left it.", _SOFT)
    if sent := summary.of(PacketState.SENT):
        yield Line()
        yield Line(f"{'Sent':{_NAME + 4}}Control number", _HEADING)
        for item in sent:
            yield Line(f"  {item.name:{_NAME}}  {item.control_number or '- (statements have none)'}")
            for warning in item.warnings:
                yield from paragraph(warning, width, "    ", style=_SOFT)
    for state, heading in (
        (PacketState.HELD, "Held: goes by itself"),
        (PacketState.WAITING, "Waiting for a file"),
        (PacketState.FAILED, "Failed: needs someone"),
    ):
        if items := summary.of(state):
            yield Line()
            yield Line(heading, _HEADING)
            for item in items:
                yield Line(f"  {item.name}", "cyan")
                yield from reason(item, now, width)


def reason(item: Item, now: datetime, width: int) -> Iterator[Line]:
    """Yield why an item was not sent, what to do, and when it goes by itself."""
    problem = item.problem
    if problem is None:
        return
    yield from paragraph(problem.sentence, width, "    ")
    if item.state is PacketState.HELD and item.until is not None:
        yield Line(f"    It is kept safe and goes {when(item.until, now)}.")
        return
    for detail in _details(problem):
        yield from paragraph(detail, width, "    - ", "      ")
    yield from paragraph(f"What to do: {problem.what_to_do}", width, "    ")


def places(folder: Path) -> Iterator[Line]:
    """Yield where to look. A path has a line of its own and is not broken, so that it can be copied."""
    yield Line("Where to look", _HEADING)
    for name in FOLDERS.values():
        yield Line(f"  {folder / name}{os.sep}")
    yield Line("  In each: sent (with receipts), failed (with reasons), held.")
    yield Line("  They are kept until the next demo.", _SOFT)


def invitation(folder: Path) -> Iterator[Line]:
    """Yield what a person can do while the demo stays."""
    yield Line("The demo stays", _HEADING)
    yield Line("  Drop files of your own into these folders. A scan needs a sidecar: copy one")
    yield Line("  from sent, name it like the scan, and change what it says.")
    yield Line("  From another window:")
    for command in ("open", "status"):
        yield Line(f"  outtray {command} --config {_for_a_shell(folder / SETTINGS_FILE)}")
    yield Line("  Ctrl+C ends it.")


def paragraph(text: str, width: int, first: str = "", others: str | None = None, style: str = "") -> Iterator[Line]:
    """Yield a text broken into lines; `first` stands before the first of them, `others` before the rest."""
    for part in textwrap.wrap(
        text,
        min(width, _WIDEST),
        initial_indent=first,
        subsequent_indent=first if others is None else others,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield Line(part, style)


def when(at: datetime, now: datetime) -> str:
    """Return a coming moment as people say it, in the PC's own time zone: tomorrow at 8:12 AM."""
    local, today = at.astimezone(), now.astimezone().date()
    if local.date() not in (today, today + timedelta(days=1)):
        return f"on {moment(at)}"
    day = "today" if local.date() == today else "tomorrow"
    return f"{day} at {local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"


def _counts(summary: Summary) -> str:
    counted = ((len(summary.of(state)), str(state)) for state in RESTING)
    return ", ".join(f"{count} {state}" for count, state in counted if count)


def _details(problem: Problem) -> Sequence[str]:
    """Return what the sentence does not say already; at most a few, and how many more there are."""
    told = [
        fault.message
        if fault.where in fault.message
        else f"{fault.where}{f', {fault.value}' if fault.value else ''}: {fault.message}"
        for fault in problem.details
        if fault.message not in problem.sentence
    ]
    if len(problem.details) < 2 or not told:
        return ()
    rest = len(told) - _MOST_DETAILS
    return [*told[:_MOST_DETAILS], *([f"and {rest} more, in failed"] if rest > 0 else [])]


def _for_a_shell(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)
