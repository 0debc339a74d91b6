"""What becomes of what is old: sent files after `keep_sent_days`, failed ones after `keep_failed_days`, and with either
what the ledger knows of them. Off unless IT has set it: the default keeps everything for ever.

Nothing goes on the word of one clock: what is old by the PC's has to be old by the service's own as well; where that is
not known in this boot, the service is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from agent.delivery.keeping import old_days, remove_old
from agent.delivery.lane import Lane
from agent.delivery.places import shelf_packet
from agent.folder import failed
from agent.folder.filesystem import FileSystemProblem, Offline
from agent.ledger.ledger import Ledger
from agent.ledger.records import PacketRecord
from agent.model import LaneId, PacketState

KEPT_LONG_ENOUGH = "kept-long-enough"
_NEEDED_DAYS = 9
"""How long the ledger needs to know a sent packet whatever is kept of it: for the filename rule, and for what an older
ledger has missed."""


class Retention:
    """Removes what is old, once a day and lane. Belongs to the control thread.

    `proved`: the time of a lane's service, if it is known in this boot; `want` has it asked for.
    """

    def __init__(
        self,
        ledger: Ledger,
        keep_sent_days: int,
        keep_failed_days: int,
        proved: Callable[[LaneId, datetime], datetime | None],
        want: Callable[[LaneId], None],
    ) -> None:
        self._ledger = ledger
        self._sent_days = keep_sent_days
        self._failed_days = keep_failed_days
        self._proved = proved
        self._want = want
        self._looked_on: dict[LaneId, date] = {}
        self._unproved: set[LaneId] = set()  # where something is old by the PC's clock alone

    def look(self, lane: Lane, now: datetime) -> None:
        """Remove what is old of a lane. Raises FileSystemProblem where a shelf cannot be worked with."""
        today = now.astimezone().date()
        if not (self._sent_days or self._failed_days):
            return
        theirs = self._proved(lane.id, now)
        if self._looked_on.get(lane.id) == today and (lane.id not in self._unproved or theirs is None):
            return
        is_anything_old = self._is_anything_old(lane, today)
        self._looked_on[lane.id] = today
        self._unproved.discard(lane.id)
        if is_anything_old and theirs is None:
            self._unproved.add(lane.id)
            self._want(lane.id)
        if not is_anything_old or theirs is None:
            return
        day = min(today, theirs.astimezone().date())
        removed = remove_old(lane.fs, lane.settings.shelf("sent"), self._sent_days, day) if self._sent_days else 0
        gone = [(record, files) for record in self._old_failed(lane, day) if (files := _remove(lane, record))]
        removed += sum(files for _, files in gone)
        self._forget(lane, day, [record for record, _ in gone], removed, now)

    def _is_anything_old(self, lane: Lane, today: date) -> bool:
        if self._sent_days and old_days(lane.fs, lane.settings.shelf("sent"), self._sent_days, today):
            return True
        sent = self._ledger.at_rest_before(lane.id, PacketState.SENT, self._sent_before(lane, today), most=1)
        return bool(sent or self._old_failed(lane, today))

    def _old_failed(self, lane: Lane, today: date) -> list[PacketRecord]:
        before = _midnight(today, self._failed_days) if self._failed_days else None
        return self._ledger.at_rest_before(lane.id, PacketState.FAILED, before)

    def _sent_before(self, lane: Lane, today: date) -> datetime | None:
        days = max(self._sent_days, _NEEDED_DAYS, lane.duplicate_days + 1)
        return _midnight(today, days) if self._sent_days else None

    def _forget(self, lane: Lane, day: date, gone: list[PacketRecord], removed: int, now: datetime) -> None:
        """Let go of what the ledger knows of what was removed, and of lines that are older than anything is kept."""
        with self._ledger.transaction(synced=False) as tx:
            for record in gone:
                if record.resolved_at is None:
                    tx.resolve(record, now, KEPT_LONG_ENOUGH)
                tx.forget(record)
            forgotten = tx.forget_sent(lane.id, before) if (before := self._sent_before(lane, day)) else 0
            if removed or forgotten:
                tx.note(now, "old-files-removed", lane=lane.id, files=removed)
            if self._sent_days and self._failed_days:
                longest = max(self._sent_days, self._failed_days, _NEEDED_DAYS)
                tx.trim_journal(_midnight(day, longest), now)


def _midnight(day: date, days: float) -> datetime:
    return datetime.combine(day - timedelta(days=days), time.min).astimezone()


def _remove(lane: Lane, record: PacketRecord) -> int:
    """Remove a failed packet's files and its problem; return how many files that were, 0 where it cannot be now."""
    packet = shelf_packet(record, lane.places.installation)
    try:
        return sum(failed.remove(lane.fs, shelf, packet) for shelf in lane.places.stood("failed"))
    except Offline:
        raise
    except FileSystemProblem:  # of this packet alone: another program has it open, say
        return 0
