"""The tray of a running agent: follows what it does, and shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from agent.delivery.all_failed import of_all
from agent.delivery.snapshot import Snapshot
from agent.desk.desk import Desk
from agent.desk.notices.notice import Notice
from agent.desk.tray.errands import Errands, Wish
from agent.desk.tray.face import Face, bring_up_to_date
from agent.desk.tray.recently import last_control_number, last_sent
from agent.desk.tray.view import Entry, Record, TrayView, view
from agent.ledger.opening import UNUSABLE
from agent.log import log, where
from agent.model import PacketState

_LONGEST_REST = 300.0  # seconds; whatever changes, the board tells it at once
_ENDING_SECONDS = 5.0

MakeFace = Callable[[Callable[[Entry], None]], Face]


class Tray:
    """An icon that says what the agent does, until someone quits.

    `make_face` makes the icon (`NoTray` passes through); `notices` returns what there is to say of a snapshot; `died`
    tells an agent that ended by itself from one that was ended; `seen` hears once whether a tray took the icon.
    """

    def __init__(
        self,
        desk: Desk,
        make_face: MakeFace,
        *,
        open_page: Callable[[str], None] | None = None,
        notices: Callable[[Snapshot], Sequence[Notice]] = lambda _snapshot: (),
        died: Callable[[], bool] = lambda: True,
        seen: Callable[[bool], None] = lambda _docked: None,
    ) -> None:
        self._desk = desk
        self._has_page = open_page is not None
        self._notices = notices
        self._died = died
        self._seen = seen
        self._closing = threading.Event()
        self._news = threading.Event()
        self._wish = Wish.QUIT
        self._shown: TrayView | None = None
        self._record = Record()
        self._record_of: object = None
        self._errands = Errands(desk, open_page, self._leave, self._say)
        self._face = make_face(self._errands.choose)
        self._follower = threading.Thread(target=self._follow, name="tray", daemon=True)

    def run(self) -> Wish:
        """Be on the screen until someone quits, or `close`. Called in the main thread."""
        self._errands.start()
        self._follower.start()
        self._face.run(self._seen)
        if not self._closing.is_set():
            log.warning("the screen went away; the agent runs on without an icon")
            self._closing.wait()
        return self._wish

    def close(self) -> None:
        """Leave the screen; `run` returns."""
        self._leave(Wish.QUIT)

    def end(self) -> None:
        """Wait until nothing here reads the ledger any more. Called when the engine has stopped."""
        self._errands.end()
        self._follower.join(_ENDING_SECONDS)

    def _leave(self, wish: Wish) -> None:
        if not self._closing.is_set():
            self._wish = wish
            self._closing.set()
            self._news.set()
            self._face.close()

    def _say(self, notice: Notice) -> None:
        self._face.say(notice)

    # --- Following --------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        stop_listening = self._desk.board.listen(self._news.set)
        while not self._closing.is_set():
            self._news.clear()
            try:
                self._refresh()
            except Exception as trouble:  # noqa: BLE001 - the icon must not stand still while the agent goes on
                self._shown = None  # all of it is shown again with the next change
                log.error("the tray could not be brought up to date", extra={"trouble": where(trouble)})
            self._news.wait(_LONGEST_REST)
        stop_listening()

    def _refresh(self) -> None:
        snapshot = self._desk.snapshot()
        if not snapshot.running and not self._died():
            return  # it is being ended, and so is this
        now = self._desk.clock.now().astimezone()
        fresh = view(snapshot, self._recorded(snapshot), now, page=self._has_page)
        bring_up_to_date(self._face, self._shown, fresh)
        self._shown = fresh
        for notice in self._notices(snapshot):
            self._face.say(notice)

    def _recorded(self, snapshot: Snapshot) -> Record:
        """Return what the ledger adds; it is asked only when packets have come to rest since the last time."""
        rested = [(lane.counts.get(PacketState.SENT), lane.needs_attention) for lane in snapshot.lanes]
        if not snapshot.running or rested == self._record_of:
            return self._record
        try:
            ledger = self._desk.ledger
            self._record = Record(
                last_sent=last_sent(ledger),
                failed=len(of_all(ledger.unresolved())) if snapshot.needs_attention else 0,
                numbered=bool(last_control_number(ledger)),
            )
            self._record_of = rested
        except UNUSABLE as trouble:
            log.warning("the tray could not ask the ledger", extra={"trouble": where(trouble)})
        return self._record
