"""What is written of time: the clocks as they were last seen, what was learned of a service's own, and every moment
that still matters, moved along where a clock was set.

Moments stand in the ledger in the terms of this PC's wall clock as it is now. Of a claim from an earlier boot that is
not certain (`unproved`): nobody saw what the clock did while the PC was off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, insert, or_, select, update

from agent.clock import Reading
from agent.ledger import schema
from agent.ledger.filename_rule import WINDOW
from agent.ledger.standing_claims import Touched

INEXACT = timedelta(minutes=2)
"""By how much a service's time, carried on by our clock, can be off: a Date is of whole seconds, and was on its way."""

NEARLY_RIGHT = timedelta(minutes=10)
_PACKET, _CLAIM, _CLOCK = schema.packet.c, schema.filename_claim.c, schema.service_clock.c
_FORGET, _REMEMBER = delete(schema.clock_reading), insert(schema.clock_reading)


@dataclass(frozen=True)
class Boot:
    """When the agent first saw this boot, by the wall clock of now; `gap`: how long, by the wall clock, none was seen
    before it."""

    since: datetime
    gap: timedelta = timedelta()


class Times:
    """Writes over one connection, inside one database transaction."""

    _connection: Connection
    touched: Touched

    def remember_clock(self, reading: Reading, boot: Boot | None = None) -> None:
        """Remember a look at both clocks, against which a jump will show."""
        self._connection.execute(_FORGET)
        values = {
            "id": 1,
            "boot": reading.boot,
            "wall": reading.wall,
            "steady": repr(reading.steady),
            "since": boot.since if boot else None,
            "gap": boot.gap.total_seconds() if boot else 0.0,
        }
        self._connection.execute(_REMEMBER, values)

    def shift_times(
        self, by: timedelta, at: datetime, *, began: datetime | None = None, before: timedelta | None = None
    ) -> None:
        """Move every moment that still matters along with a clock that was set: waits stay as long as they were.

        What is of an earlier boot (an unproved claim; anything before `began`) moves by `before` instead.
        """
        self.touched.everything = True
        earlier = by if before is None else before
        doubted = select(_CLAIM.packet).where(_CLAIM.unproved)
        unproved = set(self._connection.execute(doubted).scalars())
        for table, column in _MOMENTS:
            for row in self._connection.execute(_moments(table, column)).all():
                if column.name in ("claimed_at", "since"):
                    is_old = began is not None and row[-1] < began
                else:
                    is_old = row[0] in unproved and column.name not in ("next_at", "rest_until")
                same = [key == value for key, value in zip(table.primary_key.columns, row, strict=False)]
                self._set(table, same, **{column.name: row[-1] + (earlier if is_old else by)})
        for row in self._connection.execute(select(schema.service_clock)).all():
            self._set(schema.service_clock, [_CLOCK.account == row.account], ahead=row.ahead + by.total_seconds())
        self._note_clock(at, by)

    def sees_anew(self, at: datetime) -> None:
        """Let what was seen of this boot begin now: claims were read from shelves, and nobody here saw when they were
        made."""
        self._connection.execute(update(schema.clock_reading).values(since=at))

    def let_go_of_drift(self, drift: timedelta, since: datetime) -> None:
        """Let the wall clock, which has run ahead a little, shorten no window: move the claims since then along."""
        self.touched.everything = True
        query = select(_CLAIM.packet, _CLAIM.accepted_at).where(_CLAIM.accepted_at > since)
        for row in self._connection.execute(query).all():
            self._set(schema.filename_claim, [_CLAIM.packet == row.packet], accepted_at=row.accepted_at + drift)

    def doubt_claims(self, last: datetime) -> None:
        """Another boot has begun: claims that were open at the `last` look of the one before are unproved now."""
        self.touched.everything = True
        self._connection.execute(
            update(schema.filename_claim).where(_CLAIM.accepted_at > last - WINDOW - INEXACT).values(unproved=True)
        )
        self._connection.execute(delete(schema.service_clock))

    def shorten_waits(self, now: datetime) -> None:
        """End waits that lie further away than anything is asked to wait: they were reckoned under a wrong clock."""
        furthest = now + WINDOW
        ahead = (_PACKET.state != "held") & (_PACKET.next_at > furthest)
        self._connection.execute(update(schema.packet).where(ahead).values(next_at=now))
        resting = schema.lane.c.rest_until > furthest
        self._connection.execute(update(schema.lane).where(resting).values(rest_until=now))

    def learn_clock(self, accounts: tuple[str, str], ahead: timedelta, began: datetime) -> None:
        """Remember how far the wall clock is ahead of a service's own, and prove by it what could be proved by nothing.

        `accounts`: its account, and the name by which an older OutTray called it. A claim of this boot, which `began`
        then, is dated by it. One of an earlier boot moves to where its date says; where it has none, it was made before
        `began`, and counts from there.
        """
        self.touched.everything = True
        account = accounts[0]
        self._connection.execute(delete(schema.service_clock).where(_CLOCK.account == account))
        self._connection.execute(insert(schema.service_clock).values(account=account, ahead=ahead.total_seconds()))
        query = select(schema.filename_claim).where(
            _CLAIM.store_id.in_(accounts),
            _CLAIM.accepted_at.is_not(None),
            or_(_CLAIM.unproved, _CLAIM.accepted_at >= began),
        )
        for row in self._connection.execute(query).all():
            mine = [_CLAIM.packet == row.packet]
            if not row.unproved:
                self._set(schema.filename_claim, mine, service_date=row.accepted_at - ahead)
            elif row.service_date is not None:
                at = min(row.service_date + ahead + INEXACT, began)
                self._set(schema.filename_claim, mine, accepted_at=at, unproved=False)
                self._move_tries(row.packet, at - row.accepted_at)
            else:
                self._set(schema.filename_claim, mine, accepted_at=began, unproved=False, service_date=began - ahead)
                if abs(ahead) > NEARLY_RIGHT:
                    self._set(
                        schema.packet,
                        [_PACKET.id == row.packet, _PACKET.lost_since.is_not(None)],
                        lost_since=began - WINDOW,
                    )

    def ahead_of_service(self, packet: str) -> timedelta | None:
        """Return how far the wall clock is ahead of that of the service on which a packet claims its name, if known."""
        query = select(_CLOCK.ahead).join(schema.filename_claim, _CLAIM.store_id == _CLOCK.account)
        ahead = self._connection.execute(query.where(_CLAIM.packet == packet)).scalar()
        return None if ahead is None else timedelta(seconds=ahead)

    def believe_claims(self, accounts: tuple[str, str]) -> None:
        """Believe the wall clock of an account's claims: the service does not tell its time."""
        self.touched.everything = True
        doubted = (_CLAIM.store_id.in_(accounts), _CLAIM.unproved)
        self._connection.execute(update(schema.filename_claim).where(*doubted).values(unproved=False))

    def end_doubts(self, began: datetime) -> None:
        """The agent has seen a whole window go by in this boot, which `began` then: nothing from before it counts."""
        self.touched.everything = True
        later = (_CLAIM.unproved, _CLAIM.accepted_at > began)
        self._connection.execute(update(schema.filename_claim).where(*later).values(accepted_at=began))
        self._connection.execute(update(schema.filename_claim).where(_CLAIM.unproved).values(unproved=False))

    def _move_tries(self, packet: str, by: timedelta) -> None:
        columns = (_PACKET.lost_since, _PACKET.last_tried_at, _PACKET.first_attempt_at)
        row = self._connection.execute(select(*columns).where(_PACKET.id == packet)).first()
        moved = {name: moment + by for name, moment in (row._mapping.items() if row else ()) if moment is not None}
        if moved:
            self._set(schema.packet, [_PACKET.id == packet], **moved)

    def _set(self, table: Table, where: list[ColumnElement[bool]], **values: object) -> None:
        self._connection.execute(update(table).where(*where).values(**values))

    def _note_clock(self, at: datetime, by: timedelta) -> None:
        raise NotImplementedError


def _moments(table: Table, column: ColumnElement[datetime]) -> Select[Any]:
    matters = [column.is_not(None), *([table.c.ended_at.is_(None)] if "ended_at" in table.c else [])]
    return select(*table.primary_key.columns, column).where(*matters)


_MOMENTS: tuple[tuple[Table, ColumnElement[datetime]], ...] = (
    (schema.filename_claim, _CLAIM.accepted_at),
    (schema.filename_claim, _CLAIM.claimed_at),
    (schema.packet, _PACKET.next_at),
    (schema.packet, _PACKET.first_attempt_at),
    (schema.packet, _PACKET.last_tried_at),
    (schema.packet, _PACKET.lost_since),
    (schema.lane, schema.lane.c.rest_until),
    (schema.waiting, schema.waiting.c.since),
)
