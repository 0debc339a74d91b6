"""Does what people choose in the menu, in threads of its own: the thread that draws the icon must never wait."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from enum import StrEnum

from agent.delivery.all_failed import of_all
from agent.delivery.requests import Request, Verb
from agent.desk.desk import Desk
from agent.desk.notices.notice import Notice
from agent.desk.tray.clipboard import copy
from agent.desk.tray.question import may_quit
from agent.desk.tray.recently import last_control_number
from agent.desk.tray.view import Act, Entry
from agent.desk.users import user_name
from agent.log import log, where
from agent.model import LaneId, LaneKind, LaneState

_HELP = Notice("OutTray's help", "The README tells how OutTray works; outtray --help lists its commands.")
_NO_CLIPBOARD = Notice(
    "The clipboard cannot be reached", "The page shows the control number, with a button to copy it."
)


class Wish(StrEnum):
    """Why the tray was left."""

    QUIT = "quit"
    START = "start"


class Errands:
    """`open_page` is None where there is no activity page; `leave` ends the tray; `say` shows a notice."""

    def __init__(
        self,
        desk: Desk,
        open_page: Callable[[str], None] | None,
        leave: Callable[[Wish], None],
        say: Callable[[Notice], None],
        ask: Callable[[int], bool] = may_quit,
    ) -> None:
        self._desk = desk
        self._open_page = open_page
        self._leave = leave
        self._say = say
        self._ask = ask
        self._asking = threading.Lock()
        self._chosen: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="tray-errands", daemon=True)

    def choose(self, entry: Entry) -> None:
        """Do what an entry of the menu says, soon; from any thread."""
        self._chosen.put(entry)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """End, once what was chosen before is done."""
        self._chosen.put(None)

    def _work(self) -> None:
        while (entry := self._chosen.get()) is not None:
            log.info("chosen in the tray", extra={"act": entry.act})
            try:
                self._do(entry)
            except Exception as trouble:  # noqa: BLE001 - whatever went wrong with one wish, the next is heard
                log.error("what was chosen in the tray could not be done", extra={"trouble": where(trouble)})

    def _do(self, entry: Entry) -> None:
        match entry.act:
            case Act.OPEN:
                if self._open_page is not None:
                    self._open_page(entry.target)
            case Act.HELP:
                self._help()
            case Act.FOLDER:
                self._show_folder(entry.target)
            case Act.PAUSE:
                self._post("pause")
            case Act.RESUME:
                paused = [lane.lane for lane in self._desk.snapshot().lanes if lane.state is LaneState.PAUSED]
                self._post("resume", lanes=tuple(paused))
            case Act.RETRY:
                self._post("retry", packets=of_all(self._desk.ledger.unresolved()))
            case Act.COPY:
                self._copy()
            case Act.START:
                self._leave(Wish.START)
            case Act.QUIT:
                threading.Thread(target=self._quit, name="tray-quit", daemon=True).start()

    def _post(self, verb: Verb, *, packets: tuple[str, ...] = (), lanes: tuple[str, ...] = ()) -> None:
        if verb == "pause" or packets or lanes:
            self._desk.ask(Request(verb, packets=packets, lanes=lanes, actor=user_name()))

    def _help(self) -> None:
        if self._open_page is None:
            self._say(_HELP)
        else:
            self._open_page("/help")

    def _show_folder(self, lane: str) -> None:
        from agent.desk.opening import show_folder

        store, _, kind = lane.partition("/")
        settings = self._desk.settings.lanes.get(LaneId(store, LaneKind(kind)))
        if settings is not None:  # else the settings do not name it any more
            show_folder(settings.folder)

    def _copy(self) -> None:
        number = last_control_number(self._desk.ledger)
        if number and not copy(number):
            self._say(_NO_CLIPBOARD)

    def _quit(self) -> None:
        """Ask, where uploads run, and leave. The question waits in a thread of its own, and is asked once."""
        if not self._asking.acquire(blocking=False):
            return
        try:
            if self._ask(len(self._desk.progress()) if self._desk.is_alive() else 0):
                self._leave(Wish.QUIT)
        finally:
            self._asking.release()
