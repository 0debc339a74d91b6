"""The ledger: every lasting fact about packets, and the journal of how they came about.

The control thread owns it and writes in transactions: `with ledger.transaction() as tx: tx.admit(...)`. A transaction
is synced to disk when it ends, unless it says that what it records can be found out again from the shelves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import get_ident
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, and_, bindparam, func, or_, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from agent.clock import Reading
from agent.ledger import reading_journal, schema
from agent.ledger.chain import Linked, Verdict
from agent.ledger.filename_rule import WINDOW
from agent.ledger.forgetting import forgettable
from agent.ledger.opening import LedgerUnavailable
from agent.ledger.records import (
    ClaimState,
    FilenameClaim,
    JournalLine,
    LanePlaces,
    LaneRecord,
    PacketFile,
    PacketRecord,
    Shelf,
)
from agent.ledger.standing_claims import StandingClaims
from agent.ledger.times import Boot
from agent.ledger.transaction import Transaction, problem_from
from agent.model import Identity, LaneId, LaneKind, PacketState
from agent.settings.account import account_at, names_of

ACTIVE = (PacketState.QUEUED, PacketState.SENDING, PacketState.HELD, PacketState.DELIVERED)
MOST_VALUES = 32_766  # in one statement (sqlite.org/limits.html, section 9)
SLACK = timedelta(hours=1)  # claims that stay in mind must do as well for a clock that is a little behind the one now

# What the control loop asks for with every step is made once: making a query costs more than answering it.
_PACKET, _CLAIM = schema.packet.c, schema.filename_claim.c
_PACKETS = select(schema.packet).order_by(_PACKET.arrived_at, _PACKET.id)
_BY_ID = _PACKETS.where(_PACKET.id.in_(bindparam("ids", expanding=True)))
_UNFINISHED = _PACKETS.where(
    or_(
        _PACKET.state.in_(ACTIVE),
        and_(_PACKET.state == PacketState.FAILED, _PACKET.shelf.in_([Shelf.SENDING, Shelf.HELD])),
    )
)
_UNRESOLVED = _PACKETS.where(
    _PACKET.state == PacketState.FAILED, _PACKET.shelf == Shelf.FAILED, _PACKET.resolved_at.is_(None)
)
_LOOKALIKES = _PACKETS.where(
    or_(
        _PACKET.account == bindparam("account"),
        and_(_PACKET.account == "", _PACKET.store == bindparam("store"), _PACKET.kind == bindparam("kind")),
    ),
    or_(
        and_(_PACKET.fingerprint != "", _PACKET.fingerprint == bindparam("fingerprint")),
        and_(_PACKET.fingerprint == "", _PACKET.size == bindparam("size")),
        # One whose metadata was corrected meanwhile: its scans may be there already.
        and_(_PACKET.state == PacketState.FAILED, _PACKET.size == bindparam("size")),
    ),
    or_(
        _PACKET.state.in_(ACTIVE),
        and_(_PACKET.state == PacketState.SENT, _PACKET.ended_at >= bindparam("since")),
        and_(_PACKET.state == PacketState.FAILED, _PACKET.possibly_sent, _PACKET.ended_at >= bindparam("since")),
    ),
)
_FILES = (
    select(schema.packet_file)
    .where(schema.packet_file.c.packet.in_(bindparam("ids", expanding=True)))
    .order_by(schema.packet_file.c.position)
)
_CLAIMS = (
    select(schema.filename_claim, _PACKET.state.label("packet_state"), _PACKET.next_at)
    .join(schema.packet, _PACKET.id == _CLAIM.packet, isouter=True)
    .where(
        _CLAIM.store_id.in_([bindparam("store_id"), bindparam("before")]),
        or_(_PACKET.state.in_(ACTIVE), _CLAIM.accepted_at > bindparam("since"), _CLAIM.unproved),
    )
)
_CLAIMS_ON = _CLAIMS.where(_CLAIM.key.in_(bindparam("keys", expanding=True)))
_WAITING = select(schema.waiting).where(
    schema.waiting.c.store == bindparam("store"), schema.waiting.c.kind == bindparam("kind")
)


class Ledger:
    """Reads and writes over one database. While it is not `open`, all of it raises LedgerUnavailable.

    `is_there`: whether what was opened still stands where it stood.
    """

    def __init__(self, engine: Engine | Callable[[], Engine], is_there: Callable[[], bool] = lambda: True) -> None:
        self._is_there = is_there
        self._writer: int | None = None  # the thread that has a transaction open
        self._opener = engine
        self._opened = engine if isinstance(engine, Engine) else None
        self._standing = StandingClaims()
        self.last_line = 0  # of the journal, as far as it is known to be on the disk
        self._has_let_go = True  # a log that was left by one that was killed may hold anything

    def open(self) -> None:
        """Open it, where that has not been done. Raises LedgerUnavailable."""
        if self._opened is None and not isinstance(self._opener, Engine):
            self._opened = self._opener()

    @property
    def is_gone(self) -> bool:
        """Whether somebody has deleted it since it was opened, or put another in its place.

        What is open goes on for as long as it is open, on systems that let go of a name before the file; nobody will
        ever read it again.
        """
        return self._opened is not None and not self._is_there()

    def open_anew(self) -> None:
        """Open what stands in its place now, or make a new one. Raises LedgerUnavailable."""
        self.close()
        self._opened, self.last_line = None, 0
        self._standing.forget_all()
        self.open()

    @property
    def _engine(self) -> Engine:
        if self._opened is None:
            raise LedgerUnavailable("The ledger could not be opened yet.", may_pass=True)
        if self._writer == get_ident() and isinstance(self._opened.pool, StaticPool):
            raise RuntimeError("in memory there is one connection: whoever reads within a transaction undoes it")
        return self._opened

    @contextmanager
    def transaction(self, *, synced: bool = True) -> Iterator[Transaction]:
        """Write several facts as one. `synced=False`: losing them to a power cut does no harm."""
        with self._engine.connect() as connection:
            sqlite = connection.dialect.name == "sqlite"
            if sqlite and not synced:
                connection.execute(text("PRAGMA synchronous=NORMAL"))
                connection.commit()
            writing = Transaction(connection)
            self._writer = get_ident()
            try:
                with connection.begin():
                    yield writing
                self._has_let_go |= writing.lets_go
                if synced:
                    self.last_line = max(self.last_line, writing.last_line)
            finally:
                self._writer = None
                self._standing.forget(writing.touched)
                if sqlite and not synced:
                    _sync_again(connection)

    def packet(self, packet_id: str) -> PacketRecord | None:
        """Return one packet, or None."""
        found = self.packets([packet_id])
        return found[0] if found else None

    def packets(self, packet_ids: Sequence[str]) -> list[PacketRecord]:
        """Return these packets, as far as they are known."""
        return self._packets(_BY_ID, ids=_filled_up(packet_ids)) if packet_ids else []

    def unfinished(self) -> list[PacketRecord]:
        """Return every packet that has not come to rest, in order of arrival."""
        return self._packets(_UNFINISHED)

    def standing(self, lane: LaneId, since: datetime) -> set[str]:
        """Return where the lane's failed packets stand, and those sent after `since`: `PacketRecord.stands_as`."""
        column = schema.packet.c
        query = select(column.stands_as).where(
            column.store == lane.store,
            column.kind == lane.kind,
            or_(column.state == PacketState.FAILED, column.ended_at >= since),
        )
        with self._engine.connect() as connection:
            return set(connection.scalars(query)) - {""}

    def unresolved(self) -> list[PacketRecord]:
        """Return the failed packets that nobody has dealt with yet."""
        return self._packets(_UNRESOLVED)

    def unresolved_counts(self) -> dict[LaneId, int]:
        """Return how many packets of each lane need someone: failed ones, and sent ones that the service took amiss."""
        column = schema.packet.c
        amiss = and_(column.state == PacketState.SENT, column.problem.is_not(None))
        query = (
            select(column.store, column.kind, func.count())
            .where(or_(column.state == PacketState.FAILED, amiss), column.resolved_at.is_(None))
            .group_by(column.store, column.kind)
        )
        with self._engine.connect() as connection:
            return {LaneId(store, LaneKind(kind)): count for store, kind, count in connection.execute(query)}

    def history(
        self,
        *,
        since: datetime | None = None,
        states: Sequence[PacketState] = (),
        store: str | None = None,
        limit: int | None = None,
    ) -> list[PacketRecord]:
        """Return packets by arrival, the newest first."""
        column = schema.packet.c
        where = [
            *([column.arrived_at >= since] if since else []),
            *([column.state.in_(list(states))] if states else []),
            *([column.store == store] if store else []),
        ]
        newest_first = select(schema.packet).order_by(column.arrived_at.desc(), column.id)
        return self._packets(newest_first.where(*where).limit(limit))

    def at_rest_before(
        self, lane: LaneId, state: PacketState, moment: datetime | None, most: int = 1000
    ) -> list[PacketRecord]:
        """Return the lane's packets that came to rest in this state before `moment` and are not forgotten yet.

        The oldest first, `most` of them; none where there is no such moment.
        """
        if moment is None:
            return []
        return self._packets(
            select(schema.packet)
            .where(forgettable(lane, state, moment))
            .order_by(schema.packet.c.ended_at, schema.packet.c.id)
            .limit(most)
        )

    def lookalikes(
        self, lane: LaneId, account: str, fingerprint: str, size: int, since: datetime
    ) -> list[PacketRecord]:
        """Return the account's packets of this fingerprint that are under way or were sent after `since`.

        Of those that have none (read back from a shelf, say), and of failed ones that may have arrived, all that have
        the total size: their bytes may tell.
        """
        about = {"store": lane.store, "kind": lane.kind, "account": account}
        found = self._packets(_LOOKALIKES, **about, size=size, fingerprint=fingerprint, since=since)
        return [packet for packet in found if packet.account or not _went_elsewhere(packet, account)]

    def claims(self, store_id: str, now: datetime) -> list[FilenameClaim]:
        """Return the store's filename claims that can still matter at `now`."""
        with self._engine.connect() as connection:
            rows = connection.execute(_CLAIMS, {**_as_claimed(store_id), "since": now - WINDOW})
            return [_claim(row) for row in rows]

    def has_claim(self, packet: str) -> bool:
        """Tell whether there is a claim of this packet, known or not."""
        with self._engine.connect() as connection:
            return connection.scalar(select(_CLAIM.packet).where(_CLAIM.packet == packet)) is not None

    def claims_on(self, store_id: str, keys: Collection[str], now: datetime) -> list[FilenameClaim]:
        """Return the store's claims on these names (`name_key`) that can still matter at `now`, and maybe a few more.

        For the thread that writes alone: only what it has written since it last asked is read again.
        """
        missing = self._standing.missing(store_id, keys)
        with self._engine.connect() as connection:
            for start in range(0, len(missing), 500):
                some = missing[start : start + 500]
                values = _as_claimed(store_id) | {"since": now - WINDOW - SLACK, "keys": _filled_up(some)}
                self._standing.remember(store_id, some, list(map(_claim, connection.execute(_CLAIMS_ON, values))))
        return self._standing.on(store_id, keys)

    def read_claims_again(self) -> None:
        """Believe nothing that is remembered of claims."""
        self._standing.forget_all()

    def lanes(self) -> dict[LaneId, LaneRecord]:
        """Return what is remembered of each lane."""
        with self._engine.connect() as connection:
            return {record.id: record for record in map(_lane, connection.execute(select(schema.lane)))}

    def waiting_since(self, lane: LaneId) -> dict[tuple[str, str], datetime]:
        """Return since when files of the lane have waited, by name and identity."""
        with self._engine.connect() as connection:
            rows = connection.execute(_WAITING, {"store": lane.store, "kind": lane.kind})
            return {(row.name, row.identity): row.since for row in rows}

    def journal(self, packet: str | None = None) -> list[JournalLine]:
        """Return what happened, in order: all, or to one packet."""
        query = select(schema.journal).order_by(schema.journal.c.number)
        if packet is not None:
            query = query.where(schema.journal.c.packet == packet)
        with self._engine.connect() as connection:
            return [
                JournalLine(row.at, row.event, row.packet, row.lane, row.detail, row.actor)
                for row in connection.execute(query)
            ]

    def linked(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Linked]:
        """Yield the lines of a period with their links, in order; the end is no part of the period."""
        return reading_journal.linked(self._engine, since, until)

    def last_detail(self, event: str) -> dict[str, Any] | None:
        """Return what the newest line of this event says, None where there is none."""
        column = schema.journal.c
        query = select(column.detail).where(column.event == event).order_by(column.number.desc()).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def verify_journal(self, expected: str = "") -> Verdict:
        """Tell whether the journal is as it was written. `expected`: a link of it that was kept elsewhere."""
        return reading_journal.verify_journal(self._engine, expected)

    def read_last_line(self) -> int:
        """Return how far the journal has come, and remember it as `last_line`."""
        with self._engine.connect() as connection:
            self.last_line = connection.scalar(select(func.max(schema.journal.c.number))) or 0
        return self.last_line

    def counts(self, since: datetime) -> dict[LaneId, dict[PacketState, int]]:
        """Return how many packets of each state each lane has; those sent and failed only since `since`."""
        column = schema.packet.c
        query = (
            select(column.store, column.kind, column.state, func.count())
            .where(or_(column.state.in_(ACTIVE), column.ended_at >= since))
            .group_by(column.store, column.kind, column.state)
        )
        found: dict[LaneId, dict[PacketState, int]] = {}
        with self._engine.connect() as connection:
            for store, kind, state, count in connection.execute(query):
                found.setdefault(LaneId(store, LaneKind(kind)), {})[PacketState(state)] = count
        return found

    def clock_reading(self) -> Reading | None:
        """Return the last remembered look at the clocks."""
        with self._engine.connect() as connection:
            row = connection.execute(select(schema.clock_reading)).first()
        return None if row is None else Reading(row.wall, float(row.steady), row.boot)

    def boot(self) -> Boot | None:
        """Return what is remembered of the boot in which the clocks were last seen."""
        with self._engine.connect() as connection:
            row = connection.execute(select(schema.clock_reading)).first()
        return None if row is None or row.since is None else Boot(row.since, timedelta(seconds=row.gap))

    def service_clocks(self) -> dict[str, timedelta]:
        """Return how far the wall clock of this boot is ahead of the services' own, by account."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(schema.service_clock))
            return {row.account: timedelta(seconds=row.ahead) for row in rows}

    def accounts_in_doubt(self) -> frozenset[str]:
        """Return the accounts that have claims whose time nothing proves yet."""
        query = select(_CLAIM.store_id).where(_CLAIM.unproved).distinct()
        with self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    @property
    def like_ignores_case(self) -> bool:
        """Tell whether the database's LIKE takes capital and small letters for the same by itself."""
        return self._engine.dialect.name == "sqlite"

    def read(self, query: Select[Any]) -> list[PacketRecord]:
        """Return the packets of a query over the packet table, with their files."""
        return self._packets(query)

    def rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """Return what a query finds."""
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    def write_over(self) -> None:
        """Have nothing stand in the database's log either of what was let go of: it holds what pages were before.

        While somebody reads it cannot be; then the next call does it. Nobody is kept waiting.
        """
        if not self._has_let_go or self._engine.dialect.name != "sqlite":
            return
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            patience = connection.execute(text("PRAGMA busy_timeout")).scalar_one()
            connection.execute(text("PRAGMA busy_timeout = 0"))
            try:
                is_busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
            finally:
                connection.execute(text(f"PRAGMA busy_timeout = {int(patience)}"))
        self._has_let_go = bool(is_busy)

    def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            self._opened.dispose()

    def _packets(self, query: Select[Any], **values: Any) -> list[PacketRecord]:
        with self._engine.connect() as connection:
            rows = connection.execute(query, values).all()
            files: dict[str, list[PacketFile]] = {}
            for chunk in (rows[start : start + 500] for start in range(0, len(rows), 500)):
                for row in connection.execute(_FILES, {"ids": _filled_up([row.id for row in chunk])}):
                    identity = Identity(row.size, row.mtime_ns, row.file_id)
                    files.setdefault(row.packet, []).append(PacketFile(row.name, row.role, identity, row.sha256))
        return [_packet(row, tuple(files.get(row.id, ()))) for row in rows]


def _sync_again(connection: Connection) -> None:
    """Let a connection sync what it writes; one that cannot be told so writes nothing more."""
    try:
        connection.execute(text("PRAGMA synchronous=FULL"))
        connection.commit()
    except SQLAlchemyError:
        connection.invalidate()


def _filled_up(values: Sequence[str]) -> list[str]:
    """Return the values, with the last one again and again up to the next power of two.

    Each number of values makes a statement of its own, and the driver keeps the last 128 of them, of up to 90 KB each.
    """
    wanted = min(1 << max(len(values) - 1, 0).bit_length(), MOST_VALUES)
    return [*values, *list(values[-1:]) * (wanted - len(values))]


def _as_claimed(account: str) -> dict[str, Any]:
    return dict(zip(("store_id", "before"), names_of(account), strict=True))


def _went_elsewhere(packet: PacketRecord, account: str) -> bool:
    """Tell whether a packet of an older OutTray, which noted no account, was sent to another address."""
    destination = str((packet.receipt or {}).get("destination") or "")
    return bool(destination) and account_at(destination, account) != account


def _packet(row: Row[Any], files: tuple[PacketFile, ...]) -> PacketRecord:
    return PacketRecord(
        id=row.id,
        lane=LaneId(row.store, LaneKind(row.kind)),
        state=PacketState(row.state),
        name=row.name,
        shelf=Shelf(row.shelf),
        files=files,
        arrived_at=row.arrived_at,
        folder=row.folder,
        keep_names=row.keep_names,
        next_at=row.next_at,
        attempts=row.attempts,
        name_refusals=row.name_refusals,
        first_attempt_at=row.first_attempt_at,
        possibly_sent=row.possibly_sent,
        lost_tries=row.lost_tries,
        lost_whole=row.lost_whole,
        tried_seconds=row.tried_seconds,
        last_tried_at=row.last_tried_at,
        lost_since=row.lost_since,
        claim=row.claim,
        fingerprint=row.fingerprint,
        upload_name=row.upload_name,
        warnings=tuple(row.warnings),
        problem=problem_from(row.problem),
        receipt=row.receipt,
        control_number=row.control_number,
        ended_at=row.ended_at,
        resolved_at=row.resolved_at,
        account=row.account,
        stands_as=row.stands_as,
    )


def _claim(row: Row[Any]) -> FilenameClaim:
    return FilenameClaim(
        packet=row.packet,
        store_id=row.store_id,
        key=row.key,
        sha256=row.sha256,
        state=ClaimState(row.state),
        claimed_at=row.claimed_at,
        accepted_at=row.accepted_at,
        active=row.packet_state in ACTIVE and row.packet_state != PacketState.DELIVERED,
        not_before=row.next_at if row.packet_state == PacketState.HELD else None,
        unproved=row.unproved,
        service_date=row.service_date,
    )


def _lane(row: Row[Any]) -> LaneRecord:
    return LaneRecord(
        id=LaneId(row.store, LaneKind(row.kind)),
        paused_since=row.paused_since,
        blocked_since=row.blocked_since,
        rest_until=row.rest_until,
        setbacks=row.setbacks,
        problem=problem_from(row.problem),
        marker_expected=row.marker_expected,
        lost_in_a_row=row.lost_in_a_row,
        stopped=row.stopped,
        writes_in_steps=row.writes_in_steps,
        places=_places(row.places),
    )


def _places(stored: dict[str, Any] | None) -> LanePlaces | None:
    if stored is None:
        return None
    shelves = {name: tuple(places) for name, places in stored["shelves"].items()}
    folders = tuple(stored.get("folders", ()))  # an older OutTray did not note them
    return LanePlaces(stored["folder"], stored["account"], tuple(stored["names"]), shelves, folders)
