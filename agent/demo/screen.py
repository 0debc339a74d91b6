"""Where the demo shows itself: a live table on a terminal, plain lines elsewhere, nothing where JSON is wanted."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.live import Live

from agent.console import terminal
from agent.demo import telling
from agent.demo.summary import Item, Summary
from agent.model import PacketState
from agent.shown import shown


class Screen(Protocol):
    """Who watches. `show` is called several times a second, in the control thread, and returns at once."""

    def begin(self) -> None:
        """Say that the demo begins: the first files are a few seconds away."""
        ...

    def link(self, url: str) -> None:
        """Tell where the activity page is: no browser was found that would show it."""
        ...

    def show(self, summary: Summary) -> None:
        """Show how things stand."""
        ...

    def close(self) -> None:
        """Take away what only holds while the samples are on their way."""
        ...

    def conclude(self, summary: Summary, folder: Path, *, page: bool) -> None:
        """Tell what became of everything. `page`: the activity page was shown, and ends now."""
        ...

    def invite(self, folder: Path) -> None:
        """Tell what a person can do now; from here on each item is told in full."""
        ...


class Silent:
    """Shows nothing: the answer is JSON."""

    def begin(self) -> None:
        """Say nothing."""

    def link(self, url: str) -> None:
        """Say nothing."""

    def show(self, summary: Summary) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing is shown."""

    def conclude(self, summary: Summary, folder: Path, *, page: bool) -> None:
        """Tell nothing."""

    def invite(self, folder: Path) -> None:
        """Tell nothing."""


class Lines:
    """Tells each item once it has come to rest, in a line, and in full after `invite`; and what hampers a lane."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: set[tuple[str, str, PacketState]] = set()
        self._troubles: tuple[str, ...] = ()
        self._in_full = False

    def begin(self) -> None:
        """Say nothing: a line is told once there is something to tell."""

    def link(self, url: str) -> None:
        """Print the link by itself, so that it can be copied."""
        self._print(telling.Line("The activity page opens once, within a minute, at:"), telling.Line(url))

    def show(self, summary: Summary) -> None:
        """Tell what has come to rest since."""
        for trouble in summary.troubles:
            if trouble not in self._troubles:
                self._print(*telling.paragraph(trouble, self._console.width))
        self._troubles = summary.troubles
        for item in self._news(summary):
            self._print(telling.Line(telling.line(item)))
            if self._in_full:
                self._print(*telling.reason(item, datetime.now(UTC), self._console.width))

    def close(self) -> None:
        """Lines need no closing."""

    def conclude(self, summary: Summary, folder: Path, *, page: bool) -> None:
        """Print the summary."""
        self._news(summary)
        self._print(telling.Line(), *telling.conclusion(summary, datetime.now(UTC), self._console.width))
        self._print(telling.Line(), *telling.places(folder))
        if page:
            self._print(telling.Line(), telling.Line("The activity page ends with the demo. To keep both: --stay"))

    def invite(self, folder: Path) -> None:
        """Print what a person can do."""
        self._print(telling.Line(), *telling.invitation(folder), telling.Line())
        self._in_full = True

    def _news(self, summary: Summary) -> list[Item]:
        news = [item for item in summary.items if item.resting and _key(item) not in self._told]
        self._told.update(map(_key, news))
        return news

    def _print(self, *lines: telling.Line) -> None:
        """Print lines as they are: broken already, or not to be broken."""
        for line in lines:
            self._console.print(shown(line.text), style=line.style, soft_wrap=True)


class Table(Lines):
    """Shows a live table until it is closed, and lines from then on."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._live: Live | None = Live(console=console, transient=True, refresh_per_second=10)
        self._plain = console.options.ascii_only or console.legacy_windows

    def begin(self) -> None:
        """Show the table's heading."""
        if self._live is not None:
            self._live.start()
            self.show(Summary((), 0.0))

    def show(self, summary: Summary) -> None:
        """Show how things stand."""
        if self._live is None:
            super().show(summary)
        else:
            self._live.update(telling.progress(summary, height=self._console.height, plain=self._plain))

    def close(self) -> None:
        """Take the table away."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def screen_for(*, as_json: bool) -> Screen:
    """Return what suits the answer that is wanted, and where standard output goes."""
    if as_json:
        return Silent()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a file name may hold what this console cannot show
    console = terminal()
    return Table(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)


def _key(item: Item) -> tuple[str, str, PacketState]:
    return (item.packet or str(item.lane), item.packet or item.name, item.state)
