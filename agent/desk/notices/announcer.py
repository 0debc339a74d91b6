"""Watches what the agent does and tells what there is to tell."""

from __future__ import annotations

from collections.abc import Sequence

from agent.delivery.snapshot import Snapshot
from agent.desk.desk import Desk
from agent.desk.notices.notice import Notice
from agent.desk.notices.situation import situation_of
from agent.desk.notices.telling import Told, tell
from agent.ledger.lookups import needing_someone
from agent.ledger.opening import UNUSABLE
from agent.ledger.records import PacketRecord
from agent.log import log, where


class Announcer:
    """Remembers what was told, so that nothing is told twice. Used by one thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told = Told()
        self._needing: Sequence[PacketRecord] = ()
        self._needing_of: object = None

    def __call__(self, snapshot: Snapshot) -> Sequence[Notice]:
        """Return what there is to say now."""
        settings = self._desk.settings.agent
        if settings.notices == "none":
            return ()
        situation = situation_of(snapshot, self._in_need(snapshot))
        telling = tell(situation, self._told, self._desk.clock.now(), settings.notices, show_names=settings.show_names)
        self._told = telling.told
        for notice in telling.notices:
            log.info("notice", extra={"target": notice.target})
        return telling.notices

    def _in_need(self, snapshot: Snapshot) -> Sequence[PacketRecord]:
        """Return the packets that need someone; the ledger is asked only when their number has changed."""
        numbers = [(lane.lane, lane.needs_attention) for lane in snapshot.lanes]
        if not snapshot.running or numbers == self._needing_of:
            return self._needing
        try:
            self._needing = needing_someone(self._desk.ledger) if snapshot.needs_attention else ()
            self._needing_of = numbers
        except UNUSABLE as trouble:
            log.warning("what needs someone could not be asked", extra={"trouble": where(trouble)})
        return self._needing
