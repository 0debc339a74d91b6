"""The control thread: it alone owns the ledger and runs the planner.

It wakes on a hint, a result, a request, or the next due time, and otherwise sleeps. `step` does everything that is to
do now and tells when it wants to be called again; `run` is the loop around it. A simulation calls `step` itself.
"""

from __future__ import annotations

import queue
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Event

from agent.clock import Clock
from agent.delivery.actions import Check, Found
from agent.delivery.carrying_out import CarryingOut
from agent.delivery.clock_guard import mind_the_clock
from agent.delivery.jobs import Jobs
from agent.delivery.lane import Lane
from agent.delivery.planner import LaneView, View, plan
from agent.delivery.recovery import recover_lane, recover_ledger
from agent.delivery.requests import Request
from agent.delivery.retrying import retry
from agent.delivery.verdicts import Finished
from agent.delivery.verification import AFTER, Answer, Verification, in_receipt
from agent.folder.filesystem import FileSystemProblem
from agent.ledger.ledger import Ledger
from agent.ledger.records import LaneRecord, PacketRecord
from agent.log import log
from agent.model import AttemptResult, Checked, LaneId, LaneKind, PacketState, Problem

ROUNDS = 50  # a step ends when the planner has nothing more to do now; more rounds than this would be a loop of ours
LONGEST_SLEEP = 60.0


@dataclass(frozen=True)
class _Hint:
    lane: LaneId | None


@dataclass(frozen=True)
class _Back:
    packet: str
    result: AttemptResult


@dataclass(frozen=True)
class _CheckDone:
    lane: LaneId
    packet: str
    checked: Checked | None


@dataclass(frozen=True)
class _Said:
    packet: str
    answer: Answer


class Control:
    """Runs the lanes. Every public method but `step` and `run` may be called from any thread: it only posts."""

    def __init__(
        self,
        lanes: Mapping[LaneId, Lane],
        ledger: Ledger,
        clock: Clock,
        jobs: Jobs,
        *,
        senders: int = 4,
        dice: random.Random | None = None,
        requests: Callable[[], Iterable[Request]] = tuple,
        changed: Callable[[Control], None] = lambda _control: None,
        fresh_ledger: bool = False,
    ) -> None:
        self.lanes = lanes
        self.ledger = ledger
        self.clock = clock
        self._jobs = jobs
        self._senders = senders
        self._dice = dice or random.SystemRandom()
        self._requests = requests
        self._changed = changed
        self._fresh_ledger = fresh_ledger
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._finished: list[Finished] = []
        self._stopping = False
        self._started = False
        self._look_at: dict[LaneId, float] = {}
        self._tidy_at: dict[LaneId, float] = {}
        self.cancel = Event()
        self.packets: dict[str, PacketRecord] = {}
        self.lane_records: dict[LaneId, LaneRecord] = {}
        self.verifying: dict[str, Verification] = {}
        self.sending: dict[str, tuple[int, int]] = {}  # packet, (bytes sent, bytes in all)
        self.ended: list[PacketRecord] = []  # what came to rest since the start, for a pass that reports
        self._carrying_out = CarryingOut(self)

    # --- From any thread --------------------------------------------------------------------------------------------

    def hint(self, lane: LaneId | None = None) -> None:
        """Say that it may be worth looking at a lane, or at the requests."""
        self._inbox.put(_Hint(lane))

    def stop(self) -> None:
        """End: cut short what is being sent, record it, and let `run` return."""
        self.cancel.set()
        self._inbox.put(None)

    # --- The loop ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until `stop`. Returns when every try that was under way is recorded."""
        self.run_until(lambda: False)

    def run_until(self, is_over: Callable[[], bool]) -> None:
        """Work until `stop`, or until `is_over`, which is asked after each step, says so."""
        while True:
            pause = self.step()
            if self._stopping:
                if not self.sending and self._inbox.empty():
                    return
            elif is_over():
                return
            try:
                self._receive(self._inbox.get(timeout=pause))
            except queue.Empty:
                continue

    def step(self) -> float:
        """Do all that is to do now; return in how many seconds at most there is something to do again."""
        if not self._started:
            self._start()
        now = self.clock.now()
        if mind_the_clock(self.ledger, self.clock.read()):
            self._read_all()
        while not self._inbox.empty():
            self._receive(self._inbox.get_nowait())
        for request in self._requests():
            self._carry_out_request(request, now)
        for lane in self.lanes.values():
            if lane.watcher is not None:
                lane.watcher.supervise(self.clock.steady())
            if not self._stopping and self.clock.steady() >= self._look_at.get(lane.id, 0.0):
                self._look(lane, now)
        self._decide(now)
        self._verify(now)
        self._changed(self)
        return self._next_due(now)

    def _start(self) -> None:
        now = self.clock.now()
        recover_ledger(self.ledger, now)
        self._read_all()
        for packet in self.packets.values():
            if (
                packet.state is PacketState.DELIVERED
                and packet.lane in self.lanes
                and "verification" not in (packet.receipt or {})
            ):
                self.verify_later(packet)
        self._started = True

    def _read_all(self) -> None:
        self.packets = {packet.id: packet for packet in self.ledger.unfinished()}
        known = self.ledger.lanes()
        self.lane_records = {lane: known.get(lane, LaneRecord(lane)) for lane in self.lanes}

    def _receive(self, message: object) -> None:
        match message:
            case None:
                self._stopping = True
            case _Hint(lane=lane):
                if lane is not None:
                    self._look_at[lane] = 0.0
            case _Back(packet=packet_id, result=result):
                self.sending.pop(packet_id, None)
                packet = self.packets.get(packet_id)
                if packet is not None:
                    self._finished.append(Finished(packet, result, self._dice.random(), cut_short=self.cancel.is_set()))
            case _Said(packet=packet_id, answer=answer):
                self._said(packet_id, answer)
            case _CheckDone(lane=lane, packet=packet_id, checked=checked):
                self.lanes[lane].check_done(packet_id, checked)
            case _:
                log.error("a message that nobody knows", extra={"kind": type(message).__name__})

    # --- Looking ----------------------------------------------------------------------------------------------------

    def _look(self, lane: Lane, now: datetime) -> None:
        record = self.lane_records[lane.id]
        self._look_at[lane.id] = lane.look(self.ledger, record, now)
        if lane.offline is not None:
            return
        try:
            self._after_look(lane, record, now)
        except FileSystemProblem as trouble:
            self._look_at[lane.id] = lane.unreachable(trouble)

    def _after_look(self, lane: Lane, record: LaneRecord, now: datetime) -> None:
        if not record.marker_expected:
            self.record_lane(LaneRecord(**{**vars(record), "marker_expected": True}))
        if not lane.recovered:
            recover_lane(self.ledger, lane, now, fresh_ledger=self._fresh_ledger)
            lane.recovered = True
            self._read_all()
        if self.clock.steady() >= self._tidy_at.get(lane.id, 0.0):
            self._tidy_at[lane.id] = self.clock.steady() + lane.settings.rescan_seconds
            self._carrying_out.notice_what_people_did(lane)

    # --- Deciding ---------------------------------------------------------------------------------------------------

    def _decide(self, now: datetime) -> None:
        for _ in range(ROUNDS):
            actions = plan(self._view(now), now)
            if not actions:
                return
            self._finished.clear()
            for action in actions:
                if isinstance(action, Check):
                    self._check(action)
            self._carrying_out.all([action for action in actions if not isinstance(action, Check)], now)
        log.error("the planner found no end", extra={"actions": [type(action).__name__ for action in actions]})

    def _view(self, now: datetime) -> View:
        steady = self.clock.steady()
        return View(
            lanes=tuple(self._lane_view(lane, now) for lane in self.lanes.values()),
            packets=tuple(sorted(self.packets.values(), key=lambda packet: (packet.arrived_at, packet.id))),
            finished=tuple(self._finished),
            free_senders=0 if self._stopping else self._senders - len(self.sending),
            stuck=self._carrying_out.stuck(steady),
            verifying=frozenset(self.verifying),
            stopping=self._stopping,
        )

    def _lane_view(self, lane: Lane, now: datetime) -> LaneView:
        statements = lane.id.kind is LaneKind.STATEMENTS
        active = {packet.id for packet in self.packets.values()}
        found = tuple(one for one in lane.found.values() if one.packet not in active)
        relevant = statements and (found or any(packet.lane == lane.id for packet in self.packets.values()))
        return LaneView(
            id=lane.id,
            terms=lane.terms,
            record=self.lane_records[lane.id],
            offline=lane.offline is not None or not lane.recovered,
            found=found,
            lookalikes={}
            if statements
            else {one.packet: self._lookalikes(lane, one, now) for one in found if one.checked},
            claims=tuple(self.ledger.claims(lane.terms.store_id, now)) if relevant else (),
        )

    def _lookalikes(self, lane: Lane, found: Found, now: datetime) -> tuple[PacketRecord, ...]:
        since = now - timedelta(days=lane.duplicate_days)
        size = sum(file.identity.size for file in found.candidate.files)
        return tuple(self.ledger.lookalikes(lane.id, size, since))

    def _check(self, action: Check) -> None:
        lane, found = self.lanes[action.lane], action.found
        lane.checking(found.packet)
        now = self.clock.now()
        hash_ahead = lane.id.kind is LaneKind.ATTACHMENTS and bool(self._lookalikes(lane, found, now))
        self._jobs.check(
            partial(lane.check, found, now, hash_ahead=hash_ahead),
            lambda checked: self._inbox.put(_CheckDone(lane.id, found.packet, checked)),
            lambda _trouble: self._inbox.put(_CheckDone(lane.id, found.packet, lane.broken_check(found))),
        )

    # --- Asking afterwards ------------------------------------------------------------------------------------------

    def verify_later(self, packet: PacketRecord) -> None:
        """Ask the service about a delivered packet, where the settings want that."""
        if self.lanes[packet.lane].verifier is not None:
            self.verifying[packet.id] = Verification(self.clock.steady())

    def _verify(self, now: datetime) -> None:
        steady = self.clock.steady()
        for packet_id, verification in self.verifying.items():
            if verification.under_way or verification.due > steady or self._stopping:
                continue
            verification.under_way = True
            packet = self.packets[packet_id]
            lane = self.lanes[packet.lane]
            self._jobs.check(
                partial(lane.verify, packet, self.cancel, now),
                partial(self._post_answer, packet_id),
                partial(self._post_broken_answer, packet_id),
            )

    def _post_answer(self, packet_id: str, answer: Answer) -> None:
        self._inbox.put(_Said(packet_id, answer))

    def _post_broken_answer(self, packet_id: str, _trouble: Exception) -> None:
        self._post_answer(packet_id, Answer())

    def _said(self, packet_id: str, answer: Answer) -> None:
        verification = self.verifying[packet_id]
        verification.asked += 1
        verification.under_way = False
        if answer.problem is None and verification.asked < len(AFTER):
            return
        packet, now = self.packets[packet_id], self.clock.now()
        with self.ledger.transaction() as tx:
            tx.verified(packet, in_receipt(packet, answer, now), answer.problem, now)
        del self.verifying[packet_id]
        self.refresh([packet_id])

    # --- For the hands ----------------------------------------------------------------------------------------------

    def launch(self, packet: PacketRecord) -> None:
        """Give a packet to a sender."""
        lane = self.lanes[packet.lane]
        self.sending[packet.id] = (0, sum(packet.sizes))

        def progress(sent: int, total: int) -> None:
            if packet.id in self.sending:
                self.sending[packet.id] = (sent, total)

        self._jobs.send(
            partial(lane.send, packet, progress, self.cancel, self.clock.now()),
            lambda result: self._inbox.put(_Back(packet.id, result)),
            lambda _trouble: self._inbox.put(_Back(packet.id, lane.broken_send(packet))),
        )

    def refresh(self, packet_ids: Iterable[str]) -> None:
        """Read packets again that have been written."""
        for packet_id in packet_ids:
            packet = self.ledger.packet(packet_id)
            if packet is not None and (packet.unshelved or packet.state not in (PacketState.SENT, PacketState.FAILED)):
                self.packets[packet_id] = packet
            else:
                self.packets.pop(packet_id, None)
                if packet is not None:
                    self.ended.append(packet)

    def record_lane(self, record: LaneRecord) -> None:
        """Write down a lane's state."""
        with self.ledger.transaction() as tx:
            tx.lane(record)
        self.lane_records[record.id] = record

    def look_again(self, lane: LaneId, seconds: float) -> None:
        """Look at a lane again before its time."""
        self._look_at[lane] = min(self._look_at.get(lane, 0.0), self.clock.steady() + seconds)

    def trouble_of(self, lane: LaneId) -> Problem | None:
        """Return what hampers a lane that runs."""
        return self.lanes[lane].trouble or self._carrying_out.trouble_of(lane)

    # --- Requests ---------------------------------------------------------------------------------------------------

    def _carry_out_request(self, request: Request, now: datetime) -> None:
        if request.verb == "retry":
            for lane in retry(self.ledger, self.lanes, request.packets, now, request.actor):
                self._look_at[lane] = 0.0
            return
        chosen = [lane for lane in self.lanes if not request.lanes or str(lane) in request.lanes]
        for lane in chosen:
            with self.ledger.transaction() as tx:
                tx.note(now, request.verb, lane=lane, actor=request.actor)
            self.record_lane(asked(self.lane_records[lane], request.verb, now))
            self._look_at[lane] = 0.0

    # --- Sleeping ---------------------------------------------------------------------------------------------------

    def _next_due(self, now: datetime) -> float:
        if not self._inbox.empty():
            return 0.0
        steady = self.clock.steady()
        due = [LONGEST_SLEEP, *(at - steady for at in self._look_at.values()), *self._carrying_out.due(steady)]
        due.extend(one.due - steady for one in self.verifying.values() if not one.under_way)
        due.extend(lane.watcher.due - steady for lane in self.lanes.values() if lane.watcher and lane.watcher.due)
        due.extend(
            (packet.next_at - now).total_seconds() for packet in self.packets.values() if packet.next_at is not None
        )
        due.extend(
            (record.rest_until - now).total_seconds()
            for record in self.lane_records.values()
            if record.rest_until is not None
        )
        # What is due already and was not done waits for something else (a sender, a lane): that wakes the loop itself.
        return min(seconds for seconds in due if seconds > 0)


def asked(record: LaneRecord, verb: str, now: datetime) -> LaneRecord:
    """Return a lane's state after `pause` or `resume`. Resuming also makes a blocked lane try again at once."""
    if verb == "pause":
        return LaneRecord(**{**vars(record), "paused_since": record.paused_since or now})
    return LaneRecord(
        **{**vars(record), "paused_since": None, "blocked_since": None, "rest_until": None, "setbacks": 0}
    )
