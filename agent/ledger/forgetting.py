"""What is let go of for good: the names of what is gone, the replies of what was sent long ago, and the oldest lines.

A row stays, with its state, its times and its digests: so that what is counted stays right, and a copy of what was sent
is still known. With `secure_delete` what stood there is written over.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from agent.ledger import schema
from agent.ledger.filename_rule import WINDOW
from agent.ledger.kept import GONE, without_names
from agent.ledger.records import PacketRecord, Shelf
from agent.ledger.standing_claims import Touched
from agent.model import LaneId, PacketState

if TYPE_CHECKING:
    from agent.model import Problem

_PACKET, _FILE, _CLAIM, _LINE = schema.packet.c, schema.packet_file.c, schema.filename_claim.c, schema.journal.c
_NAMELESS: dict[str, Any] = {
    **{"name": GONE, "folder": "", "upload_name": "", "stands_as": "", "claim": "", "control_number": ""},
    **{"warnings": [], "receipt": None},
}


def forgettable(lane: LaneId, state: PacketState, before: datetime) -> ColumnElement[bool]:
    """Return what chooses the lane's packets that came to rest in this state before a moment and still have names.

    What was sent and still needs someone is not among them: nobody has looked yet.
    """
    shelf = Shelf.SENT if state is PacketState.SENT else Shelf.FAILED
    of_lane = (_PACKET.store == lane.store, _PACKET.kind == lane.kind)
    seen = or_(_PACKET.state != PacketState.SENT, _PACKET.problem.is_(None), _PACKET.resolved_at.is_not(None))
    return and_(
        *of_lane, _PACKET.state == state, _PACKET.shelf == shelf, _PACKET.ended_at < before, _PACKET.name != GONE, seen
    )


class Forgetting:
    """Writes over one connection, inside one database transaction."""

    _connection: Connection
    touched: Touched
    lets_go: bool

    def forget(self, record: PacketRecord) -> None:
        """Let go of the names of a failed packet whose files are gone. Its claim, if it may have arrived, stays."""
        self.lets_go = True
        self.touched.everything = True
        problem = self._as_stored(without_names(record.problem))
        self._connection.execute(
            update(schema.packet).where(_PACKET.id == record.id).values(**_NAMELESS, problem=problem)
        )
        self._connection.execute(update(schema.packet_file).where(_FILE.packet == record.id).values(name=GONE))

    def let_go(self, record: PacketRecord) -> None:
        """Know nothing any more of a packet that is another PC's to send; a name that it may have used stays used."""
        self.lets_go = True
        self.touched.everything = True
        self._connection.execute(delete(schema.attempt).where(schema.attempt.c.packet == record.id))
        self._connection.execute(delete(schema.packet_file).where(_FILE.packet == record.id))
        self._connection.execute(
            delete(schema.filename_claim).where(_CLAIM.packet == record.id, _CLAIM.accepted_at.is_(None))
        )
        self._connection.execute(delete(schema.packet).where(_PACKET.id == record.id))

    def forget_sent(self, lane: LaneId, before: datetime) -> int:
        """Let go of names, numbers and replies of what was sent before a moment; return how many packets that were."""
        self.lets_go = True
        self.touched.everything = True
        old = select(_PACKET.id).where(forgettable(lane, PacketState.SENT, before)).scalar_subquery()
        self._connection.execute(update(schema.packet_file).where(_FILE.packet.in_(old)).values(name=GONE))
        over = (_CLAIM.accepted_at < before - WINDOW, _CLAIM.unproved.is_(False))
        self._connection.execute(delete(schema.filename_claim).where(_CLAIM.packet.in_(old), *over))
        return self._connection.execute(
            update(schema.packet).where(forgettable(lane, PacketState.SENT, before)).values(**_NAMELESS, problem=None)
        ).rowcount

    def trim_journal(self, before: datetime, now: datetime) -> None:
        """Remove the lines from before a moment, up to the first that is younger; the chain goes on from the last."""
        first_kept = self._connection.execute(select(func.min(_LINE.number)).where(_LINE.at >= before)).scalar()
        old = select(_LINE.number, _LINE.chain).where(_LINE.number < (first_kept or 0)).order_by(_LINE.number.desc())
        last = self._connection.execute(old.limit(1)).first()
        if last is None:
            return
        self.lets_go = True
        self._connection.execute(delete(schema.journal_start))
        self._connection.execute(insert(schema.journal_start).values(id=1, number=last.number, chain=last.chain))
        self._connection.execute(delete(schema.journal).where(_LINE.number <= last.number))
        self._note_trimmed(now, last.number, last.chain)

    def _as_stored(self, problem: Problem | None) -> dict[str, Any] | None:
        raise NotImplementedError

    def _note_trimmed(self, at: datetime, through: int, chain: str) -> None:
        raise NotImplementedError
