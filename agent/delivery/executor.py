"""Carries the planner's actions out: files first, then one transaction, then the senders, then the shelves.

The order is the promise. Files are taken before the ledger says so (a crash in between leaves a manifest, and the files
go back); an outcome is committed before anything is shelved (a crash in between repeats the shelving).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from agent.crashpoints import here
from agent.delivery import documents, problems
from agent.delivery.actions import (
    Action,
    Admit,
    Check,
    Deliver,
    Fail,
    Found,
    Hold,
    Requeue,
    Reschedule,
    SetLane,
    Shelve,
    Start,
)
from agent.delivery.lane import Lane
from agent.delivery.open_questions import Verifications
from agent.delivery.reconcile.people import withdrawn
from agent.delivery.reconcile.reconciliation import Reconciliation
from agent.delivery.service_times import ServiceTimes
from agent.delivery.state import State
from agent.delivery.troubles import FIRST_PATIENCE, Thing, is_ledgers
from agent.delivery.workers import Workers
from agent.folder.filesystem import Busy, Changed, FileSystemProblem, Missing
from agent.folder.names import name_key
from agent.ledger.records import ClaimState, PacketFile, PacketRecord, Shelf
from agent.ledger.transaction import Transaction
from agent.log import log
from agent.model import AttemptResult, LaneId, LaneKind, PacketState, Problem, Unknown, both
from agent.settings.schema import ShelfName


class Executor:
    """Carries actions out. Belongs to the control thread. `show_names`: the log may have the files' names."""

    def __init__(
        self,
        state: State,
        workers: Workers,
        verifications: Verifications,
        service_times: ServiceTimes,
        reconciliation: Reconciliation,
        *,
        show_names: bool = False,
    ) -> None:
        self._state = state
        self._workers = workers
        self._verifications = verifications
        self._service_times = service_times
        self._reconciliation = reconciliation
        self._show_names = show_names

    def carry_out(self, actions: Sequence[Action], now: datetime) -> set[str]:
        """Carry actions out; return the packets of which something could not be written down."""
        for action in actions:
            if isinstance(action, Check):
                self._workers.check(action)
        actions = [action for action in actions if not isinstance(action, Check)]
        ready = [action for action in actions if self._files_first(action, now)]
        to_write: list[Action] = [action for action in ready if not isinstance(action, Shelve)]
        unwritten = self._write_down(to_write, now) if to_write else []
        left = set(map(id, unwritten))
        for action in (action for action in ready if id(action) not in left):
            match action:
                case Admit(start=True, found=found):
                    self._workers.send(self._state.packets[found.packet])
                case Start(packet=packet):
                    self._workers.send(self._state.packets[packet.id])
                case Deliver(packet=packet):
                    self._verifications.begin(self._state.packets[packet.id])
                case Hold(packet=packet):
                    if not self._move_to_shelf(packet, Shelf.HELD):
                        self._reconciliation.recover_again(packet.lane)
                case _:
                    pass
        self._shelve_all([action.packet for action in ready if isinstance(action, Shelve)], now)
        return {thing.name for action in unwritten for thing in _things(action) if thing.kind == "packet"}

    def _write_down(self, actions: Sequence[Action], now: datetime) -> list[Action]:
        """Write actions down, all as one where that can be; return those that could not be written."""
        written: list[str] = []
        try:
            before = [action.continues for action in actions if isinstance(action, Admit) and action.continues]
            continued = {packet.id: packet for packet in self._state.ledger.packets(before)}
            with self._state.ledger.transaction() as tx:
                for action in actions:
                    written.extend(self._write(tx, action, now, continued))
                here("not-committed")
        except Exception as error:
            if is_ledgers(error):
                raise
            if len(actions) > 1:  # one of them is amiss: the others do not wait for it
                return [left for action in actions for left in self._write_down([action], now)]
            self._not_written(actions[0], error)
            return list(actions)
        here("committed")
        for action in actions:
            if isinstance(action, SetLane):
                self._state.lane_records[action.record.id] = action.record
        self._state.refresh(written)
        for action in actions:
            for thing in _things(action):
                self._state.troubles.over(thing)
        return []

    def _not_written(self, action: Action, error: Exception) -> None:
        """Remember what could not be written; files that were taken or moved for it go back."""
        for thing in _things(action):
            named = action.packet.name if not isinstance(action, Admit | SetLane | Check) else thing.name
            self._state.troubles.meet(thing, error, named or thing.lane)
            if thing.lane is not None:
                self._reconciliation.recover_again(thing.lane)
                self._state.timetable.look_within(thing.lane, 0.0)

    # --- Files first ------------------------------------------------------------------------------------------------

    def _files_first(self, action: Action, now: datetime) -> bool:
        """Move the files that have to be moved before the ledger is written; False: not now."""
        if isinstance(action, Admit):
            return self._take(action, now)
        if isinstance(action, Start) and action.packet.shelf is Shelf.HELD:
            return self._move_to_shelf(action.packet, Shelf.SENDING)
        if isinstance(action, Start) and action.packet.attempts:
            return self._name_as_taken(action.packet)
        return True

    def _name_as_taken(self, packet: PacketRecord) -> bool:
        """Before another try, undo what people have renamed meanwhile; False: not now."""
        try:
            self._state.lanes[packet.lane].places.name_as_taken(packet)
        except Exception as trouble:  # noqa: BLE001 - of this packet alone
            self._set_back(packet, trouble)
            return False
        return True

    def _take(self, action: Admit, now: datetime) -> bool:
        lane = self._state.lanes[action.lane]
        found = action.found
        shelf = Shelf.HELD if action.state is PacketState.HELD else Shelf.SENDING
        try:
            lane.places.take(found, shelf, now)
        except (Busy, Changed, Missing):
            # Someone has it open, or was quicker: not yet. The next look tells what is there now.
            self._not_taken(lane, found, FIRST_PATIENCE)
            return False
        except FileSystemProblem as trouble:
            self._not_taken(lane, found, FIRST_PATIENCE * 5, lane.problem_of(trouble))
            return False
        except Exception as trouble:  # noqa: BLE001 - of these files alone
            self._state.troubles.meet(Thing("files", lane.id, found.candidate.name), trouble, found.candidate.name)
            self._not_taken(lane, found, FIRST_PATIENCE * 5)
            return False
        here("taken-not-recorded")
        lane.drop(found.packet)
        if self._failed_before(found, lane.id):  # dragged back: what stands on `failed` for it is done with
            self._state.timetable.tidy_soon(lane.id)
        return True

    def _failed_before(self, found: Found, lane: LaneId) -> bool:
        name = name_key(found.candidate.name)
        return any(
            packet.state is PacketState.FAILED and packet.lane == lane and name_key(packet.name) == name
            for packet in self._state.ended
        )

    def _not_taken(self, lane: Lane, found: Found, patience: float, trouble: Problem | None = None) -> None:
        lane.not_yet(found.packet, trouble)
        self._state.timetable.look_within(lane.id, patience)
        if lane.places.is_half_taken(found.packet):  # what had moved could not be put back just now either
            self._reconciliation.recover_again(lane.id)

    def _move_to_shelf(self, packet: PacketRecord, shelf: Shelf) -> bool:
        """Move a packet between `held` and `sending`; one that people took away is withdrawn."""
        lane = self._state.lanes[packet.lane]
        other = Shelf.HELD if shelf is Shelf.SENDING else Shelf.SENDING
        try:
            lane.places.transfer(packet, other, shelf)
        except Missing:
            withdrawn(self._state, packet)
            return False
        except Exception as trouble:  # noqa: BLE001 - of this packet alone
            self._set_back(packet, trouble)
            return False
        self._state.troubles.over(_thing(packet))
        here("transferred-not-recorded")
        return True

    # --- The ledger -------------------------------------------------------------------------------------------------

    def _write(
        self, tx: Transaction, action: Action, now: datetime, continued: Mapping[str, PacketRecord]
    ) -> Iterable[str]:
        """Write one action down; return the packets that it changes. `continued`: those that `Admit`s go on with."""
        match action:
            case Admit():
                return [self._admit(tx, action, now, continued.get(action.continues))]
            case Start(packet=packet):
                tx.start_attempt(packet, now)
                return [packet.id]
            case Deliver(packet=packet, result=result, delivered=delivered):
                destination = self._state.lanes[packet.lane].destination.name
                sent_at = self._service_times.truly(packet.lane, now)  # it names the day on the shelf
                receipt = documents.receipt(packet, result, delivered, destination, sent_at)
                tx.end_attempt(packet, now, "delivered", delivered.status, body=str(result.body))
                # What goes out of a statement file is made of it: its own digest is known from the check.
                sent = result.files if packet.lane.kind is LaneKind.ATTACHMENTS else ()
                tx.deliver(packet, receipt, sent, sent_at, delivered.problem)
                tx.mark_claim(packet.id, ClaimState.ACCEPTED, action.accepted_at)
                return [packet.id]
            case Requeue(packet=packet, result=result, problem=problem):
                _end_attempt(tx, packet, result, now)
                tx.queue(packet, action.next_at, problem=problem, possibly_sent=action.possibly_sent)
                if result is not None and isinstance(result.outcome, Unknown):
                    tx.mark_claim(packet.id, ClaimState.UNKNOWN, now)
                return [packet.id]
            case Hold(packet=packet, result=result, until=until, problem=problem, refused=refused):
                _end_attempt(tx, packet, result, now)
                tx.hold(packet, until, problem, now, refused=refused)
                return [packet.id]
            case Reschedule(packet=packet, until=until):
                tx.reschedule(packet, until)
                return [packet.id]
            case Fail(packet=packet, result=result, problem=problem):
                _end_attempt(tx, packet, result, now)
                tx.fail(packet, problem, now)
                if result is not None and isinstance(result.outcome, Unknown):
                    tx.mark_claim(packet.id, ClaimState.UNKNOWN, now)
                elif not packet.possibly_sent:
                    tx.release_claim(packet.id)
                return [packet.id]
            case SetLane(record=record):
                tx.lane(record)
                tx.note(
                    now,
                    "lane",
                    lane=record.id,
                    blocked=record.blocked_since is not None,
                    code=record.problem.code if record.problem else "",
                )
        return []

    def _admit(self, tx: Transaction, action: Admit, now: datetime, continued: PacketRecord | None) -> str:
        found, candidate = action.found, action.found.candidate
        digests = found.digests
        roles = [*(("document", file) for file in candidate.files)]
        if candidate.sidecar is not None:
            roles.append(("sidecar", candidate.sidecar))
        record = PacketRecord(
            id=found.packet,
            lane=action.lane,
            state=action.state,
            name=candidate.name,
            shelf=Shelf.HELD if action.state is PacketState.HELD else Shelf.SENDING,
            files=tuple(PacketFile(file.name, role, file.identity, digests.get(file.name, "")) for role, file in roles),
            arrived_at=now,
            folder=candidate.folder,
            keep_names=candidate.keep_names,
            next_at=action.until,
            possibly_sent=action.possibly_sent,
            claim=found.checked.claim if found.checked else "",
            fingerprint=found.checked.fingerprint if found.checked else "",
            upload_name=found.upload_name,
            warnings=found.checked.warnings if found.checked else (),
            problem=action.problem,
            ended_at=now if action.state is PacketState.FAILED else None,
            account=self._state.lanes[action.lane].terms.account,
        )
        if action.continues:
            record = _with_doubts_of(record, continued)
        tx.admit(record, now)
        if self._show_names:
            log.info("named", extra={"packet": record.id, "files": [file.name for file in record.files]})
        if action.continues:
            tx.release_claim(action.continues)
        if action.claim is not None:
            tx.claim(action.claim)
        if action.start:
            tx.start_attempt(record, now)
        return record.id

    # --- The shelves ------------------------------------------------------------------------------------------------

    def _shelve_all(self, packets: Sequence[PacketRecord], now: datetime) -> None:
        """Move ended packets' files to their last shelf, and remember that, of all that came there as one."""
        places = [(packet, self._shelve(packet, now)) for packet in packets]
        shelved = [(packet, stands_as) for packet, stands_as in places if stands_as is not None]
        if not shelved:
            return
        try:
            with self._state.ledger.transaction(synced=False) as tx:
                for packet, stands_as in shelved:
                    tx.shelved(packet, now, stands_as)
        except Exception as trouble:  # noqa: BLE001 - to shelve them once more does no harm
            for packet, _ in shelved:
                self._set_back(packet, trouble)
            return
        for packet, _ in shelved:
            self._state.troubles.over(_thing(packet))
        here("shelved")
        self._state.refresh([packet.id for packet, _ in shelved])

    def _shelve(self, packet: PacketRecord, now: datetime) -> str | None:
        """Move an ended packet's files to their last shelf; return where they stand (`stands_as`), None: not now."""
        lane = self._state.lanes[packet.lane]
        ended = packet.ended_at or now
        shelf: ShelfName
        try:
            if packet.state is PacketState.DELIVERED:
                packet = self._held_against_its_receipt(lane, packet, now)
                beside = documents.beside_sent(packet, lane.places.installation)
                shelf, day = "sent", f"{ended.astimezone():%Y-%m-%d}"
            else:
                problem = packet.problem or problems.VANISHED.problem(name=packet.name)
                beside = documents.beside_failed(packet, problem, ended, lane.places.installation)
                shelf, day = "failed", ""
            here("recorded-not-shelved")
            stands_as = lane.places.shelve(packet, shelf, beside, day)
            here("shelved-not-recorded")
            lane.forget(packet.id)  # before the last word: a packet at rest has left nothing in the spool
        except Exception as trouble:  # noqa: BLE001 - of this packet alone
            self._set_back(packet, trouble)
            return None
        return stands_as

    def _held_against_its_receipt(self, lane: Lane, packet: PacketRecord, now: datetime) -> PacketRecord:
        """Return the packet with a word in its receipt where its files were changed while it was sent, or after."""
        problem = problems.CHANGED_AFTERWARDS.problem(name=packet.upload_name or packet.name)
        receipt = {**(packet.receipt or {})}
        told = receipt.get("warnings", ())
        if problem.sentence in told or not lane.changed_since(packet):
            return packet
        receipt["warnings"] = [*told, problem.sentence]
        with self._state.ledger.transaction() as tx:
            tx.verified(packet, receipt, both(packet.problem, problem), now)
        self._state.refresh([packet.id])
        return self._state.packets[packet.id]

    def _set_back(self, packet: PacketRecord, trouble: Exception) -> None:
        """Let a packet whose files could not be moved wait. What is the ledger's trouble is raised again."""
        if is_ledgers(trouble):
            raise trouble
        place = self._state.lanes[packet.lane].place_in(trouble) or packet.name
        self._state.troubles.meet(_thing(packet), trouble, place)


def _with_doubts_of(record: PacketRecord, earlier: PacketRecord | None) -> PacketRecord:
    """Return the packet with what is known of its tries when it was another one."""
    if earlier is None:
        return record
    return replace(record, lost_whole=earlier.lost_whole, lost_since=earlier.lost_since)


def _thing(packet: PacketRecord) -> Thing:
    return Thing("packet", packet.lane, packet.id)


def _things(action: Action) -> Iterator[Thing]:
    match action:
        case Admit(lane=lane, found=found):
            yield Thing("files", lane, found.candidate.name)
        case SetLane(record=record):
            yield Thing("lane", record.id)
        case Check():
            return
        case _:
            yield _thing(action.packet)


def _end_attempt(tx: Transaction, packet: PacketRecord, result: AttemptResult | None, now: datetime) -> None:
    if result is None:
        return
    outcome = result.outcome
    problem: Problem | None = getattr(outcome, "problem", None)
    tx.end_attempt(
        packet,
        now,
        type(outcome).__name__.lower(),
        getattr(outcome, "status", 0),
        problem.code if problem else "",
        str(result.body),
    )
