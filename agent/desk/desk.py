"""What the desk works with: the tray, the notices and the page read snapshots and the ledger, and file requests.

Nothing here may change a packet by itself: whatever people decide is a `Request` to the control thread, or a file that
is written into a watched folder or onto a shelf, where the engine meets it like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

from agent.clock import Clock
from agent.delivery.board import Board
from agent.delivery.engine import Engine
from agent.delivery.requests import Answer, Request
from agent.delivery.snapshot import Snapshot, moment
from agent.folder.filesystem import FileSystem
from agent.folder.real import RealFileSystem
from agent.ledger.ledger import Ledger
from agent.settings.locations import named_folders
from agent.settings.schema import Settings


@dataclass(frozen=True)
class Desk:
    """The desk's view of an agent. Every member may be used from any thread; `ledger` for reading only.

    `progress` gives the packets that are being sent, with (bytes sent, bytes in all). `is_alive` is false once the
    engine has stopped: then nothing may be shown as in order. `stop` ends the agent.

    `ask` posts a request. Its future comes to the `Answer` once the control thread has carried it out; whoever waits
    for that does so with a limit, and never in the control thread. `note` has it written down that a person has seen
    something (`requests.SEEN`), and nobody waits for that.
    """

    settings: Settings
    clock: Clock
    files: FileSystem
    ledger: Ledger
    board: Board
    ask: Callable[[Request], Future[Answer]]
    progress: Callable[[], Mapping[str, tuple[int, int]]]
    is_alive: Callable[[], bool]
    stop: Callable[[], None]
    note: Callable[[Request], object] = lambda _request: None

    def snapshot(self) -> Snapshot:
        """Return what the agent is doing now; `running` tells the truth also after the engine has stopped."""
        latest = self.board.latest
        if latest is None:
            return Snapshot(moment(self.clock.now()) or "", self.is_alive(), 0, (), (), 0)
        return replace(latest, running=latest.running and self.is_alive())


def desk_of(engine: Engine, is_alive: Callable[[], bool]) -> Desk:
    """Return the desk of an engine in this process."""
    control = engine.control
    return Desk(
        settings=engine.settings,
        clock=control.state.clock,
        files=RealFileSystem(named_folders(engine.settings)),
        ledger=engine.ledger,
        board=engine.board,
        ask=control.inbox.ask,
        progress=lambda: dict(control.state.sending),
        is_alive=is_alive,
        stop=control.inbox.stop,
        note=control.inbox.ask,
    )
