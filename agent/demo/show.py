"""The show itself: the sandbox and the real agent in one process, and somebody who drops files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.run import stopped_by_signals
from agent.delivery.engine import Engine, engine
from agent.demo.samples import DROPS, Drop
from agent.demo.settings import FOLDERS, made_up_secrets, write_settings
from agent.demo.summary import Summary, summary_of
from agent.desk.browser import open_in_browser
from agent.desk.desk import desk_of
from agent.desk.page.server import PageServer, page_server
from agent.log import write_to
from agent.model import PacketState
from agent.sandbox.server import Sandbox
from agent.settings.locations import log_folder
from agent.settings.reading import parse

if TYPE_CHECKING:
    from agent.delivery.inbox import Inbox
    from agent.demo.screen import Screen

_BETWEEN_DROPS = 0.15  # seconds
_BETWEEN_LOOKS = 0.1
_CALM = 0.5  # seconds for which all must have been at rest
_LONGEST = 240.0  # some seconds on any PC; a very busy one gets through as well


class Show:
    """One demo. `play` is the samples' way; `stay` goes on with what people drop."""

    def __init__(self, agent: Engine, page: PageServer, folder: Path, samples: Path, screen: Screen) -> None:
        self.interrupted = False
        self._agent = agent
        self._page = page
        self._folder = folder
        self._samples = samples
        self._screen = screen
        self._to_drop = list(DROPS)
        self._begun = self._last_drop = self._now()
        self._calm_since: float | None = None

    def open_page(self) -> None:
        """Show the activity page in the browser, or tell where it is."""
        link = self._page.link()
        if not open_in_browser(link):
            self._screen.link(link)

    def play(self) -> Summary:
        """Drop the samples and run until each has come to rest, or the time is up; return what became of them."""
        try:
            self._agent.control.run_until(self._is_over)
        finally:
            self._screen.close()
        return self._summary(finished=self._is_calm() and not self.interrupted)

    def stay(self) -> None:
        """Run on until Ctrl+C."""
        self._agent.control.run_until(self._watch)

    def interrupt(self) -> None:
        """End before the time: what is being sent is cut short and recorded."""
        self.interrupted = True
        self._agent.control.inbox.stop()

    def _now(self) -> float:
        return self._agent.control.state.clock.steady()

    def _summary(self, *, finished: bool = False) -> Summary:
        return summary_of(self._agent.control.state, self._now() - self._begun, finished=finished)

    def _watch(self) -> bool:
        self._screen.show(self._summary())
        return False

    def _is_over(self) -> bool:
        summary = self._summary()
        self._screen.show(summary)
        self._drop_next(summary)
        at_rest = not self._to_drop and sum(item.resting for item in summary.items) == len(DROPS) == len(summary.items)
        if not at_rest:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = self._now()
        return self._is_calm() or summary.seconds > _LONGEST

    def _is_calm(self) -> bool:
        return self._calm_since is not None and self._now() - self._calm_since >= _CALM

    def _drop_next(self, summary: Summary) -> None:
        if self._now() - self._last_drop < _BETWEEN_DROPS:
            return
        sent = {name for item in summary.of(PacketState.SENT) for name in item.files}
        ready = next((drop for drop in self._to_drop if _may_come(drop, sent)), None)
        if ready is not None:
            self._to_drop.remove(ready)
            ready.into(self._folder / FOLDERS[ready.lane], self._samples)
            self._last_drop = self._now()


def _may_come(drop: Drop, sent: set[str]) -> bool:
    return not drop.after or drop.after in sent


@contextmanager
def show_in(folder: Path, samples: Path, screen: Screen) -> Iterator[Show]:
    """Start both services, and the agent with `folder` as its home; end them afterwards. Ctrl+C interrupts the show."""
    with Sandbox() as sandbox:
        path = write_settings(folder, sandbox)
        settings = parse(path.read_text(encoding="utf-8"), path)
        write_to(log_folder(settings.agent))
        with (
            engine(settings, secrets=made_up_secrets(sandbox)) as agent,
            page_server(desk_of(agent, lambda: True)) as page,
        ):
            show = Show(agent, page, folder, samples, screen)
            with stopped_by_signals(show.interrupt), _waking(agent.control.inbox):
                yield show


@contextmanager
def _waking(inbox: Inbox) -> Iterator[None]:
    """Wake the control thread several times a second, so that progress is seen while it happens."""
    over = threading.Event()

    def wake() -> None:
        while not over.wait(_BETWEEN_LOOKS):
            inbox.hint()

    thread = threading.Thread(target=wake, name="demo", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
