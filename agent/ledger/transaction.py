"""What can be written to the ledger: one method a fact, each with its line in the journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from agent.folder.names import name_key
from agent.ledger import schema
from agent.ledger.chain import TRIMMED, link
from agent.ledger.forgetting import Forgetting
from agent.ledger.kept import without_values
from agent.ledger.life import FIRST, TRANSITIONS, ImpossibleTransition, before
from agent.ledger.records import ClaimState, FilenameClaim, JournalLine, LaneRecord, PacketRecord, Shelf
from agent.ledger.standing_claims import Touched
from agent.ledger.times import Times
from agent.log import log
from agent.model import Fault, LaneId, Observation, PacketState, Problem, SentFile
from agent.shown import in_unicode

FILES_GONE = "files-gone"
"""Why a failed packet needs nobody: people have taken its files away."""

# What every packet asks for is made once: making a statement costs more than carrying it out.
_NOTE, _ADMIT, _ADMIT_FILE = insert(schema.journal), insert(schema.packet), insert(schema.packet_file)
_LAST_LINK = select(schema.journal.c.chain).order_by(schema.journal.c.number.desc()).limit(1)
_CHANGE = update(schema.packet).where(schema.packet.c.id == bindparam("of"))
_STEP = {
    (target, reconciled): _CHANGE.where(schema.packet.c.state.in_(before(target, reconciled=reconciled))).values(
        state=target
    )
    for target in {change.target for change in TRANSITIONS}
    for reconciled in (False, True)
}
_DIGEST = update(schema.packet_file).where(
    schema.packet_file.c.packet == bindparam("of"), schema.packet_file.c.name == bindparam("called")
)
_ATTEMPT = insert(schema.attempt)
_END_ATTEMPT = update(schema.attempt).where(
    schema.attempt.c.packet == bindparam("of"), schema.attempt.c.number == bindparam("which")
)
_CLAIM = insert(schema.filename_claim)
_CLAIM_OF = schema.filename_claim.c.packet == bindparam("of")
_MARK_CLAIM, _RELEASE_CLAIM = (
    update(schema.filename_claim).where(_CLAIM_OF),
    delete(schema.filename_claim).where(_CLAIM_OF),
)


class Transaction(Times, Forgetting):
    """Writes over one connection, inside one database transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.touched = Touched()
        self.last_line = 0  # of the journal, that this has written
        self.lets_go = False  # of something that nobody is to find in the file any more
        self._chain: str | None = None  # of its last line; None: not asked yet

    # --- Packets ----------------------------------------------------------------------------------------------------

    def admit(self, record: PacketRecord, at: datetime) -> None:
        """Remember a new packet, whose files stand on `record.shelf`. Raises ImpossibleTransition."""
        if record.state not in FIRST:
            raise ImpossibleTransition(record.id, record.state)
        values = {
            name: value
            for name, value in vars(record).items()
            if name not in ("lane", "files", "warnings", "problem", "size")
        }
        values.update(
            store=record.lane.store,
            kind=record.lane.kind,
            size=sum(record.sizes),
            warnings=list(record.warnings),
            problem=problem_to(_at_rest(record) if record.shelf is Shelf.FAILED else record.problem),
        )
        self._connection.execute(_ADMIT, values)
        files = [
            {
                "packet": record.id,
                "position": position,
                "role": file.role,
                "name": file.name,
                "sha256": file.sha256,
                **asdict(file.identity),
            }
            for position, file in enumerate(record.files)
        ]
        if files:
            self._connection.execute(_ADMIT_FILE, files)
        code = {"code": record.problem.code} if record.problem else {}
        self.note(at, "admitted", packet=record.id, lane=record.lane, state=str(record.state), **code)

    def start_attempt(self, record: PacketRecord, at: datetime) -> None:
        """Remember that a try begins, before the first byte goes out."""
        number = record.attempts + 1
        self._step(
            record,
            PacketState.SENDING,
            shelf=Shelf.SENDING,
            attempts=number,
            first_attempt_at=record.first_attempt_at or at,
            last_tried_at=at,
            next_at=None,
        )
        self._connection.execute(_ATTEMPT, {"packet": record.id, "number": number, "started_at": at, "code": ""})
        self.note(at, "attempt", packet=record.id, lane=record.lane, number=number)

    def end_attempt(
        self, record: PacketRecord, at: datetime, outcome: str, status: int = 0, code: str = "", body: str = ""
    ) -> None:
        """Remember what became of the try under way, and how much of its body went out (empty: not known)."""
        values = {"ended_at": at, "outcome": outcome, "status": status, "code": code, "body": body}
        self._connection.execute(_END_ATTEMPT, {"of": record.id, "which": record.attempts, **values})
        self.note(
            at, "outcome", packet=record.id, lane=record.lane, outcome=outcome, status=status, code=code, body=body
        )

    def deliver(
        self,
        record: PacketRecord,
        receipt: dict[str, Any],
        sent: Iterable[SentFile],
        at: datetime,
        problem: Problem | None = None,
    ) -> None:
        """Remember a delivery and its receipt, with what a person has to look at; the files have to be shelved yet."""
        self._step(
            record,
            PacketState.DELIVERED,
            receipt=receipt,
            warnings=list(receipt["warnings"]),
            control_number=receipt["attachment_control_number"] or "",
            problem=problem_to(problem),
            next_at=None,
            ended_at=at,
        )
        by_name = {file.name: file.sha256 for file in sent}
        for file in record.documents:
            base = file.name.rpartition("/")[2]  # a packet's files are of one folder, which the service is not told of
            if base in by_name:
                self._connection.execute(_DIGEST, {"of": record.id, "called": file.name, "sha256": by_name[base]})

    def verified(self, record: PacketRecord, receipt: dict[str, Any], problem: Problem | None, at: datetime) -> None:
        """Remember what the service says of a delivered packet afterwards; it stays delivered."""
        self._change(record, receipt=receipt, problem=problem_to(problem))
        code = problem.code if problem else ""
        self.note(at, "verified", packet=record.id, lane=record.lane, code=code)

    def fail(self, record: PacketRecord, problem: Problem, at: datetime) -> None:
        """Remember that the packet has failed, and its doubts; the files still have to be shelved."""
        ended: dict[str, Any] = {"problem": problem_to(problem), "next_at": None, "ended_at": at}
        self._step(record, PacketState.FAILED, **ended, **_evidence(record))
        self.note(at, "failed", packet=record.id, lane=record.lane, code=problem.code)

    def queue(
        self, record: PacketRecord, next_at: datetime | None, *, problem: Problem | None = None, possibly_sent: bool
    ) -> None:
        """Remember that the packet goes again, not before `next_at`, and what its tries so far prove."""
        self._step(
            record,
            PacketState.QUEUED,
            next_at=next_at,
            problem=problem_to(problem),
            **_evidence(record) | {"possibly_sent": possibly_sent},
        )

    def hold(
        self, record: PacketRecord, until: datetime, problem: Problem | None, at: datetime, *, refused: bool
    ) -> None:
        """Remember that the packet waits for the filename rule until `until`."""
        self._step(
            record,
            PacketState.HELD,
            shelf=Shelf.HELD,
            next_at=until,
            problem=problem_to(problem),
            name_refusals=record.name_refusals + (1 if refused else 0),
        )
        self.note(at, "held", packet=record.id, lane=record.lane, until=until.isoformat())

    def readdress(self, record: PacketRecord, account: str, at: datetime) -> None:
        """Remember that a packet that waits goes to another account now, where nothing of it has been tried.

        What the account of before may have of it stays remembered, and is known again where the packet comes back.
        """
        self.touched.everything = True
        column = schema.filename_claim.c
        mine = self._connection.execute(select(schema.filename_claim).where(column.packet == record.id)).first()
        left = self._connection.execute(select(schema.filename_claim).where(column.packet == _left(record.id, account)))
        earlier = left.first()
        self._connection.execute(delete(schema.filename_claim).where(column.packet == _left(record.id, account)))
        if mine is not None and mine.accepted_at is not None:
            behind = {**mine._mapping, "packet": _left(record.id, mine.store_id)}
            self._connection.execute(insert(schema.filename_claim).values(**behind))
        values = {"state": ClaimState.RESERVED, "accepted_at": None, "unproved": False, "service_date": None}
        if earlier is not None:
            values = {name: getattr(earlier, name) for name in values}
        self._connection.execute(
            update(schema.filename_claim).where(column.packet == record.id).values(store_id=account, **values)
        )
        lost_since = earlier.accepted_at if earlier is not None else None
        self._change(record, account=account, lost_tries=0, lost_whole=False, lost_since=lost_since)
        self.note(at, "readdressed", packet=record.id, lane=record.lane)

    def reschedule(self, record: PacketRecord, until: datetime) -> None:
        """Remember another moment at which a waiting packet goes, and what of its waiting counts as trying."""
        self._change(record, next_at=until, tried_seconds=record.tried_seconds)

    def shelved(self, record: PacketRecord, at: datetime, stands_as: str = "") -> None:
        """Remember that the files have come to their last shelf, and where their documents stand there.

        Of what is wrong with a failed packet no value is kept from now on: those stand in its problem document.
        """
        if record.state is PacketState.DELIVERED:
            self._step(record, PacketState.SENT, shelf=Shelf.SENT, stands_as=stands_as)
        else:
            self.lets_go = True
            kept: dict[str, Any] = {"problem": problem_to(_at_rest(record)), "warnings": []}
            self._change(record, shelf=Shelf.FAILED, stands_as=stands_as, **kept)
        self.note(at, "shelved", packet=record.id, lane=record.lane)

    def stands(self, record: PacketRecord, stands_as: str) -> None:
        """Remember where a packet that has come to rest stands."""
        self._change(record, stands_as=stands_as)

    def prove(self, proven: PacketRecord, at: datetime) -> None:
        """Take over what a document on a shelf says of a packet that the ledger believed to be on its way."""
        self._step(
            proven,
            proven.state,
            reconciled=True,
            attempts=proven.attempts,
            possibly_sent=proven.possibly_sent,
            receipt=proven.receipt,
            control_number=proven.control_number,
            problem=problem_to(proven.problem),
            next_at=None,
            ended_at=proven.ended_at,
        )
        self.note(at, "proven", packet=proven.id, lane=proven.lane, state=str(proven.state))

    def resolve(self, record: PacketRecord, at: datetime, how: str, actor: str = "") -> None:
        """Remember that a packet with a problem needs nobody any more. Where its files are gone, their names go too."""
        self._change(record, resolved_at=at)
        if how == FILES_GONE:
            self.forget(record)
        self.note(at, "resolved", packet=record.id, lane=record.lane, actor=actor, how=how)

    def _step(self, record: PacketRecord, target: PacketState, *, reconciled: bool = False, **values: Any) -> None:
        """Change a packet's state, as its life allows; raise ImpossibleTransition where it does not."""
        self._touch(record)
        if self._connection.execute(_STEP[target, reconciled], {"of": record.id, **values}).rowcount != 1:
            raise ImpossibleTransition(record.id, target)

    def _change(self, record: PacketRecord, **values: Any) -> None:
        self._touch(record)
        self._connection.execute(_CHANGE, {"of": record.id, **values})

    def _touch(self, record: PacketRecord) -> None:
        self.touched.packets.add(record.id)
        self.touched.keys.add(name_key(record.upload_name))

    # --- Filename claims --------------------------------------------------------------------------------------------

    def claim(self, claim: FilenameClaim) -> None:
        """Stand in line for a filename."""
        self.touched.names.add((claim.store_id, claim.key))
        stored = {key: value for key, value in vars(claim).items() if key not in ("active", "not_before")}
        self._connection.execute(_CLAIM, stored)

    def mark_claim(self, packet: str, state: ClaimState, accepted_at: datetime, *, unproved: bool = False) -> None:
        """Remember that the service has taken the name, or may have: in this boot, or (`unproved`) in one before it."""
        self.touched.packets.add(packet)
        taken = {"state": state, "accepted_at": accepted_at, "unproved": unproved, "service_date": None}
        marked = self._connection.execute(_MARK_CLAIM, {"of": packet, **taken})
        ahead = self.ahead_of_service(packet) if marked.rowcount and not unproved else None
        if ahead is not None:
            self._connection.execute(_MARK_CLAIM, {"of": packet, "service_date": accepted_at - ahead})

    def release_claim(self, packet: str) -> None:
        """Let go of a name that was never taken."""
        self.touched.packets.add(packet)
        self._connection.execute(_RELEASE_CLAIM, {"of": packet})

    # --- Lanes ------------------------------------------------------------------------------------------------------

    def lane(self, record: LaneRecord) -> None:
        """Remember a lane's state."""
        key = {"store": record.id.store, "kind": record.id.kind}
        values = {name: value for name, value in vars(record).items() if name not in ("id", "problem", "places")}
        values["problem"] = problem_to(record.problem)
        values["places"] = asdict(record.places) if record.places else None
        column = schema.lane.c
        changed = self._connection.execute(
            update(schema.lane).where(column.store == record.id.store, column.kind == record.id.kind).values(**values)
        )
        if changed.rowcount == 0:
            self._connection.execute(insert(schema.lane).values(**key, **values))

    def rename_lanes(self, names: Mapping[LaneId, LaneId], at: datetime) -> None:
        """Remember that lanes have other names: all that is known of an old one is the new one's.

        Two may have changed names with each other, so that all let go of theirs first.
        """
        self.touched.everything = True
        for old in names:
            self._rename_store(old, _on_the_move(old))
        for old, new in names.items():
            for table in (schema.lane, schema.waiting):  # the new name has begun with less than what the old one knows
                column = table.c
                self._connection.execute(delete(table).where(column.store == new.store, column.kind == new.kind))
            self._rename_store(LaneId(_on_the_move(old), old.kind), new.store)
            self.note(at, "renamed", lane=new, was=str(old))

    def _rename_store(self, lane: LaneId, store: str) -> None:
        for table in (schema.packet, schema.lane, schema.waiting):
            of_lane = (table.c.store == lane.store, table.c.kind == lane.kind)
            self._connection.execute(update(table).where(*of_lane).values(store=store))

    def waits(self, lane: LaneId, keys: Iterable[tuple[str, str]], since: datetime) -> None:
        """Remember since when files (names and identities) wait, so that a PC switched off at night does not forget."""
        for name, identity in keys:
            self._connection.execute(
                insert(schema.waiting).values(
                    store=lane.store, kind=lane.kind, name=name, identity=identity, since=since
                )
            )

    def waits_no_more(self, lane: LaneId, keys: Iterable[tuple[str, str]]) -> None:
        """Forget files that wait no longer."""
        column = schema.waiting.c
        for name, identity in keys:
            self._connection.execute(
                delete(schema.waiting).where(
                    column.store == lane.store,
                    column.kind == lane.kind,
                    column.name == name,
                    column.identity == identity,
                )
            )

    def _as_stored(self, problem: Problem | None) -> dict[str, Any] | None:
        return problem_to(problem)

    def _note_trimmed(self, at: datetime, through: int, chain: str) -> None:
        self.note(at, TRIMMED, through=through, chain=chain)

    def _note_clock(self, at: datetime, by: timedelta) -> None:
        self.note(at, "clock-set", by_seconds=by.total_seconds())

    # --- Journal ----------------------------------------------------------------------------------------------------

    def note(
        self, at: datetime, event: str, *, packet: str = "", lane: LaneId | str = "", actor: str = "", **detail: Any
    ) -> None:
        """Add a line to the journal, and the same to the log. `detail` never holds a name."""
        log.info(event, extra={"packet": packet, "lane": str(lane), "detail": detail})
        said = json.loads(json.dumps(in_unicode(detail)))
        line = JournalLine(at, event, packet, str(lane), said, actor)
        if self._chain is None:
            self._chain = self._connection.execute(_LAST_LINK).scalar() or ""
        self._chain = link(self._chain, line)
        written = self._connection.execute(_NOTE, {**vars(line), "chain": self._chain}).inserted_primary_key
        self.last_line = written[0] if written else self.last_line


def _left(packet: str, account: str) -> str:
    """Return the name under which a packet's claim at an account stays while the packet goes to another."""
    return f"{packet}@{hashlib.sha256(account.encode()).hexdigest()[:8]}"


def _on_the_move(lane: LaneId) -> str:
    return f"{lane.store}\n"  # no store of the settings is called so


def _evidence(record: PacketRecord) -> dict[str, Any]:
    return {
        "possibly_sent": record.possibly_sent,
        "lost_tries": record.lost_tries,
        "lost_whole": record.lost_whole,
        "lost_since": record.lost_since,
        "tried_seconds": record.tried_seconds,
    }


def identity_text(file: Observation) -> str:
    """Return a file's identity as one text, as the `waiting` table keys it."""
    return f"{file.identity.size}-{file.identity.mtime_ns}-{file.identity.file_id}"


def _at_rest(record: PacketRecord) -> Problem | None:
    return without_values(record.problem, record.name)


def problem_to(problem: Problem | None) -> dict[str, Any] | None:
    """Return a problem as JSON."""
    return None if problem is None else asdict(problem)


def problem_from(stored: Any) -> Problem | None:
    """Return a problem from JSON."""
    if stored is None:
        return None
    details = tuple(Fault(**fault) for fault in stored["details"])
    return Problem(stored["code"], stored["sentence"], stored["what_to_do"], details)
