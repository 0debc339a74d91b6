"""The control thread: it alone owns the ledger and runs the planner.

It wakes on a hint, a result, a request, or the next due time, and otherwise sleeps. `step` does everything that is to
do now and tells when it wants to be called again; `run` is the loop around it. A simulation calls `step` itself.
"""

from __future__ import annotations

import queue
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event

from agent.clock import Clock
from agent.crashpoints import here
from agent.delivery.actions import Check, Found
from agent.delivery.carrying_out import CarryingOut
from agent.delivery.clock_guard import ClockGuard
from agent.delivery.jobs import Jobs
from agent.delivery.lane import Lane
from agent.delivery.planner import LaneView, View, plan
from agent.delivery.problems import INNER_TROUBLE, LEDGER_TROUBLE
from agent.delivery.reading_back import read_back
from agent.delivery.reconcile.old_folders import left_waiting
from agent.delivery.reconcile.other_pcs import SIGNED_EVERY, Foreign, foreign, guard_names, sign, still_there, told
from agent.delivery.reconcile.settings_changed import Known, adopt_renamed, places_of
from agent.delivery.recovery import readdress, recover_lane, recover_ledger
from agent.delivery.requests import Answer, Request
from agent.delivery.retention import Retention
from agent.delivery.service_times import Heard, ServiceTimes
from agent.delivery.troubles import LONGEST_PATIENCE, Thing, Troubles, as_problem, is_ledgers
from agent.delivery.verdicts import Finished
from agent.delivery.verification import Said, Verifications
from agent.delivery.wishes import Wishes
from agent.folder.filesystem import FileSystemProblem
from agent.folder.names import name_key
from agent.ledger.ledger import Ledger
from agent.ledger.records import FilenameClaim, LanePlaces, LaneRecord, PacketRecord
from agent.ledger.times import Boot
from agent.log import log, where
from agent.model import AttemptResult, Checked, Fault, LaneId, LaneKind, PacketState, Problem, Retry

ROUNDS = 50  # a step ends when the planner has nothing more to do now; more rounds than this would be a loop of ours
LONGEST_SLEEP = 60.0
LOOKS_SHARE = 10  # a program that writes slowly gives a hint with every write: looks take this part of the time
LOOKS_APART = 2.0  # seconds at most, however long a look takes
LEDGER_PATIENCE = 5.0
CHECK_PATIENCE = 2.0
KNOWN_ENDED = 500
UNSURE_DAYS = 30  # for how long a statement file is known again whose reply was lost
TELL_APART = 0.5  # seconds between two snapshots
TELL_SHARE = 20  # snapshots take at most this part of the time, however many packets there are


@dataclass(frozen=True)
class _Hint:
    lane: LaneId | None


@dataclass(frozen=True)
class _Back:
    packet: str
    result: AttemptResult
    heard: Heard


@dataclass(frozen=True)
class _CheckDone:
    lane: LaneId
    packet: str
    checked: Checked | Problem


@dataclass(frozen=True)
class _Asked:
    request: Request
    answered: Future[Answer] = field(default_factory=Future)


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
        keep_sent_days: int = 0,
        keep_failed_days: int = 0,
        show_names: bool = False,
        dice: random.Random | None = None,
        before_all: Callable[[Ledger, datetime], None] = lambda _ledger, _now: None,
        changed: Callable[[Control], None] = lambda _control: None,
    ) -> None:
        self.lanes = lanes
        self.ledger = ledger
        self.clock = clock
        self._clock_guard = ClockGuard(ledger)
        self._jobs = jobs
        self._senders = senders
        self.show_names = show_names
        self._dice = dice or random.SystemRandom()
        self._before_all = before_all
        self._changed = changed
        self.troubles = Troubles(clock.steady)
        self._patience = LEDGER_PATIENCE
        self._numbers: tuple[dict[LaneId, int], dict[LaneId, dict[PacketState, int]]] = ({}, {})
        self.adopted = False  # packets stood on the shelves that the ledger should have known: it was lost
        self._doubted: set[LaneId] = set()  # lanes whose shelves are still to be looked through for that reason
        self.outdated = False  # the shelves know more than the ledger: an old one was restored
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._finished: list[Finished] = []
        self._asked: deque[_Asked] = deque()
        self._stopping = False
        self._closed = False
        self._started = False
        self._reread = False
        self._untold = False
        self._tell_next = float("-inf")
        self._signed_at: dict[LaneId, float] = {}
        self._look_at: dict[LaneId, float] = {}
        self._tidy_at: dict[LaneId, float] = {}
        self._again: dict[LaneId, bool] = {}
        self._may_look_at: dict[LaneId, float] = {}
        self.cancel = Event()
        self.trouble: Problem | None = None  # what keeps the whole agent from working
        self.packets: dict[str, PacketRecord] = {}
        self.lane_records: dict[LaneId, LaneRecord] = {}
        self.other_records: dict[LaneId, LaneRecord] = {}  # of lanes that the settings do not name any more
        self.sending: dict[str, tuple[int, int]] = {}  # packet, (bytes sent, bytes in all)
        self.ended: deque[PacketRecord] = deque(maxlen=KNOWN_ENDED)  # what came to rest lately
        self.verifications = Verifications(self, jobs, self._inbox.put)
        self.service_times = ServiceTimes(self, jobs, self._inbox.put)
        self._retention = Retention(
            ledger, keep_sent_days, keep_failed_days, self.service_times.now, self.service_times.want
        )
        self._carrying_out = CarryingOut(self)
        self._wishes = Wishes(self)

    # --- From any thread --------------------------------------------------------------------------------------------

    def hint(self, lane: LaneId | None = None) -> None:
        """Say that it may be worth looking at a lane, or at what is due."""
        self._inbox.put(_Hint(lane))

    def ask(self, request: Request) -> Future[Answer]:
        """Ask for something; it is carried out at the next step, and answered then.

        While the ledger cannot be written the answer waits; nobody is answered by an agent that has ended.
        """
        asked = _Asked(request)
        self._inbox.put(asked)
        if self._closed:
            self.close()
        return asked.answered

    def close(self) -> None:
        """Leave what was asked and not carried out: those who wait for it learn that (CancelledError)."""
        self._closed = True
        with suppress(queue.Empty):
            while True:
                message = self._inbox.get_nowait()
                if isinstance(message, _Asked):
                    message.answered.cancel()
        for asked in self._asked:
            asked.answered.cancel()

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
            with suppress(queue.Empty):
                self._receive(self._inbox.get(timeout=pause))

    def step(self) -> float:
        """Do all that is to do now; return in how many seconds at most there is something to do again.

        Raises nothing: what keeps the whole agent from working is its `trouble`, and is tried again with patience.
        """
        while not self._inbox.empty():
            self._receive(self._inbox.get_nowait())
        try:
            pause = self._step()
        except Exception as trouble:  # noqa: BLE001 - the one place of this thread: it ends only when it is told to
            return self._all_in_trouble(trouble)
        self._patience = LEDGER_PATIENCE
        return pause

    def _all_in_trouble(self, trouble: Exception) -> float:
        """Go back to what the ledger says after it could not be written; return how long to wait before going on.

        Nothing is lost by it: what was taken but not written down goes back into the folder (`recover_lane`), and what
        has come back from a sender is recorded when the ledger can be written again.
        """
        pause = self._patience
        if is_ledgers(trouble):
            log.error("the ledger cannot be used", extra={"trouble": where(trouble)})
            self.trouble = LEDGER_TROUBLE.problem((Fault("ledger", "", str(getattr(trouble, "orig", trouble))),))
        else:
            log.error("the work broke off", extra={"trouble": where(trouble), "again_in": pause})
            self.trouble = INNER_TROUBLE.problem((Fault("", "", where(trouble)),), what="its work")
            self._patience = min(LONGEST_PATIENCE, pause * 2)
        for lane in self.lanes.values():
            lane.recovered = False
            self._look_at[lane.id] = 0.0
        self._reread = True
        self._tell(at_once=True)
        return pause

    def _step(self) -> float:
        self.ledger.open()
        reading = self.clock.read()
        now, begun = reading.wall, reading.steady
        if self._clock_guard.mind(reading):
            self._reread = True
            self._look_at.clear()  # what waits there waits since another time now
            for lane in self.lanes.values():
                lane.clock_was_set(self._clock_guard.jump)
        if not self._started:
            self._start(now)
        if self.service_times.take_in(now, begun):
            self._reread = True
        if self._reread:
            self._read_all()
            self._reread = False
        self._answer(now)
        self.verifications.take_answers()
        for lane in self.lanes.values():
            self._supervise(lane)
            if not self._stopping and self.clock.steady() >= self._look_at.get(lane.id, 0.0):
                self._look(lane, now)
        self._decide(now)
        if not self._stopping:
            self.verifications.ask()
            self.service_times.ask()
        self.trouble = None
        self._tell()
        return self._next_due(now, begun)

    def _answer(self, now: datetime) -> None:
        """Carry out what was asked. While the ledger cannot be written it waits; what breaks down is answered so."""
        while self._asked:
            asked = self._asked[0]
            try:
                answer = self._wishes.carry_out(asked.request, now)
            except Exception as trouble:
                if is_ledgers(trouble):
                    raise
                log.error("a request broke down", extra={"trouble": where(trouble)})
                answer = Answer(sentences=(as_problem(trouble, "what was asked").sentence,))
            self._asked.popleft()
            with suppress(InvalidStateError):  # nobody waits for it any more
                asked.answered.set_result(answer)

    def _supervise(self, lane: Lane) -> None:
        watcher, thing = lane.watcher, Thing("watcher", lane.id)
        if watcher is not None and self.troubles.may(thing):
            with self.troubles.guard(thing, lane.settings.folder):
                watcher.supervise(self.clock.steady())

    def _tell(self, *, at_once: bool = False) -> None:
        """Tell that something may have changed, but not with every step of a busy moment. Raises nothing."""
        try:
            begun = self.clock.steady()
            self._untold = not at_once and begun < self._tell_next
            if not self._untold:
                self._tell_next = begun + TELL_APART
                self._changed(self)
                ended = self.clock.steady()
                self._tell_next = max(self._tell_next, ended + (ended - begun) * TELL_SHARE)
        except Exception as trouble:  # noqa: BLE001 - who is told what the agent does must not keep it from doing it
            log.error("the state could not be told", extra={"trouble": where(trouble)})
            self._untold = True

    def _start(self, now: datetime) -> None:
        known_until = self.ledger.read_last_line()
        with self.ledger.transaction() as tx:  # so that what is done from now on is told from what a backup knows
            tx.note(now, "started")
        self._before_all(self.ledger, now)
        adopt_renamed(self.ledger, self.known_lanes, now)
        recover_ledger(self.ledger, self.lanes, now, self.boot.since)
        readdress(self.ledger, {lane.id: lane.terms.account for lane in self.lanes.values()}, now)
        self._read_all()
        if any(self._knows_more(lane, known_until, now) for lane in self.lanes.values()):
            self._doubt(set(self.lanes))
            self._read_all()
        self._started = True

    def _knows_more(self, lane: Lane, known_until: int, now: datetime) -> bool:
        """Tell, before anything is done about any lane, whether its shelves know more than the ledger, which is old."""
        record = self.lane_records[lane.id]
        try:
            later = lane.places.latest_ledger() > known_until
            return not record.is_new and (read_back(self.ledger, lane, now).own or later)
        except FileSystemProblem:
            return False

    def _doubt(self, lanes: set[LaneId]) -> None:
        """Put these lanes in order as an old ledger needs it: all of them have the same."""
        self.outdated, self._doubted = True, lanes
        for lane in lanes:
            self.lanes[lane].recovered = False

    def _read_all(self) -> None:
        self._clock_guard.read_again()
        self.ledger.read_claims_again()
        self.service_times.read_again()
        self.packets = {packet.id: packet for packet in self.ledger.unfinished()}
        known = self.ledger.lanes()
        self.lane_records = {lane: known.get(lane, LaneRecord(lane)) for lane in self.lanes}
        self.other_records = {lane: record for lane, record in known.items() if lane not in self.lanes}
        for lane in self.lanes.values():
            lane.read_again()
            lane.places.ledger_at = lambda: self.ledger.last_line
            lane.places.past = self.lane_records[lane.id].places
        self._finished = [
            replace(done, packet=self.packets.get(done.packet.id, done.packet)) for done in self._finished
        ]
        self._finish_what_never_began()
        self.verifications.begin_again()

    def _finish_what_never_began(self) -> None:
        """Give back the tries that stand in the ledger and never came to a sender, where a fault came in between."""
        back = {done.packet.id for done in self._finished}
        for packet in self.packets.values():
            if packet.state is PacketState.SENDING and packet.id not in self.sending and packet.id not in back:
                problem = INNER_TROUBLE.problem((), what=packet.name)
                self._finished.append(Finished(packet, AttemptResult(Retry(problem)), self._dice.random()))

    def _receive(self, message: object) -> None:
        """Take a message in, without ledger or disk: so none is lost to a fault."""
        match message:
            case None:
                self._stopping = True
            case _Hint(lane=lane):
                if lane is not None:
                    self._look_at[lane] = self._may_look_at.get(lane, 0.0)
            case _Back(packet=packet_id, result=result, heard=heard):
                self.sending.pop(packet_id, None)
                self.service_times.heard(heard)
                packet = self.packets.get(packet_id)
                if packet is not None:
                    self._finished.append(Finished(packet, result, self._dice.random(), cut_short=self.cancel.is_set()))
            case _Asked():
                self._asked.append(message)
            case Heard():
                self.service_times.heard(message)
            case Said():
                self.verifications.answered(message)
            case _CheckDone(lane=lane, packet=packet_id, checked=checked):
                self.lanes[lane].check_done(packet_id, checked)
                if isinstance(checked, Problem):
                    self.look_again(lane, CHECK_PATIENCE)
            case _:
                log.error("a message that nobody knows", extra={"kind": type(message).__name__})

    # --- Looking ----------------------------------------------------------------------------------------------------

    def _look(self, lane: Lane, now: datetime) -> None:
        record = self.lane_records[lane.id]
        begun = self.clock.steady()
        was_recovered = lane.recovered
        try:
            self._look_at[lane.id] = lane.look(self.ledger, record, now)
            ended = self.clock.steady()
            self._may_look_at[lane.id] = ended + min((ended - begun) * LOOKS_SHARE, LOOKS_APART)
            if lane.offline is not None:
                return
            if lane.writes_in_steps and not record.writes_in_steps:
                self.record_lane(replace(record, writes_in_steps=True))
                record = self.lane_records[lane.id]
            self._after_look(lane, record, now)
        except Exception as trouble:
            if is_ledgers(trouble):
                raise
            log.warning("a lane has to wait", extra={"lane": str(lane.id), "trouble": where(trouble)})
            self._look_at[lane.id] = lane.unreachable(trouble)
            return
        if lane.recovered and not was_recovered:  # files may have gone back into the folder
            self._look_at[lane.id] = lane.look(self.ledger, self.lane_records[lane.id], now)

    def _after_look(self, lane: Lane, record: LaneRecord, now: datetime) -> None:
        if not lane.recovered:
            # A ledger that has never met this lane is a new one: a first start, or the one before was lost.
            is_new = record.is_new
            places = places_of(lane.id, lane.settings, lane.terms.account)
            if not is_new:
                expected = record.expects_marker(lane.settings.folder)
                record = self._stand_at(replace(record, marker_expected=expected), places)
            found = recover_lane(self.ledger, lane, now, fresh_ledger=is_new, outdated_ledger=lane.id in self._doubted)
            self._doubted.discard(lane.id)
            self.adopted = self.adopted or found.adopted
            if found.outdated and not self.outdated:  # a share that was not there as the agent started
                self._doubt({other for other in self.lanes if other != lane.id})
            self._again[lane.id] = not found.complete
            lane.recovered = True
            if found.complete and not record.marker_expected:
                self._stand_at(replace(record, marker_expected=True), places)
            self._read_all()
        if self.clock.steady() >= self._tidy_at.get(lane.id, 0.0):
            self._tidy_at[lane.id] = self.clock.steady() + lane.settings.rescan_seconds
            lane.recovered = not self._again.pop(lane.id, False)  # a file that was in use then may be free now
            lane.tidy_spool(self._needing_the_spool())
            with self.troubles.guard(Thing("shelves", lane.id)):
                self._carrying_out.notice_what_people_did(lane)
            with self.troubles.guard(Thing("shelves", lane.id, "of other PCs")):
                self.meet_other_pcs(lane, now)
            with self.troubles.guard(Thing("shelves", lane.id, "in folders of before")):
                lane.left_elsewhere = self._left_elsewhere(lane)
            with self.troubles.guard(Thing("old files", lane.id)):
                self._retention.look(lane, now)

    def _needing_the_spool(self) -> frozenset[str] | None:
        """Return the packets that are on their way; None until every statements lane has told which are."""
        if not all(lane.recovered for lane in self.lanes.values() if lane.id.kind is LaneKind.STATEMENTS):
            return None
        return frozenset(self.packets).union(*(lane.found for lane in self.lanes.values()))

    def meet_other_pcs(self, lane: Lane, now: datetime) -> list[Foreign]:
        """Leave a sign of life, and look after the packets of PCs that leave none any more."""
        steady = self.clock.steady()
        if steady - self._signed_at.get(lane.id, float("-inf")) >= SIGNED_EVERY:
            sign(lane.fs, lane)
            self._signed_at[lane.id] = steady
        found = still_there(lane, foreign(lane, self.packets, now))
        guard_names(self.ledger, lane, found, now)
        told(lane, found)
        return found

    def _left_elsewhere(self, lane: Lane) -> Problem | None:
        """Return what is told of files in the folders that this lane, or one that is gone, has watched before."""
        watched = {other.settings.folder for other in self.lanes.values()}
        places = self.lane_records[lane.id].places
        found = left_waiting(lane.fs, lane.id, places, lane.settings.folder, watched) if places else None
        gone = (
            left_waiting(lane.fs, record.id, record.places, None, watched)
            for record in self.other_records.values()
            if record.places is not None and lane.id == min(self.lanes)  # one of them says it
        )
        return found or next(filter(None, gone), None)

    def _stand_at(self, record: LaneRecord, places: LanePlaces) -> LaneRecord:
        """Write down where a lane stands now; the marker of a folder of before is not expected in another one."""
        kept = record.places.followed_by(places) if record.places else places
        standing = replace(record, places=kept)
        if standing != self.lane_records[record.id]:
            self.record_lane(standing)
        self.lanes[record.id].places.past = kept
        return standing

    # --- Deciding ---------------------------------------------------------------------------------------------------

    def _decide(self, now: datetime) -> None:
        for _ in range(ROUNDS):
            view = self._view(now)
            actions = plan(view, now)
            if not actions:
                return
            for action in actions:
                if isinstance(action, Check):
                    self._check(action)
            unwritten = self._carrying_out.all([action for action in actions if not isinstance(action, Check)], now)
            gone = {done.packet.id for done in view.finished} - unwritten
            self._finished = [done for done in self._finished if done.packet.id not in gone]
        log.error("the planner found no end", extra={"actions": [type(action).__name__ for action in actions]})

    def _view(self, now: datetime) -> View:
        stuck = self.troubles.waiting("packet")
        return View(
            lanes=tuple(self._lane_view(lane, now) for lane in self.lanes.values()),
            packets=tuple(sorted(self.packets.values(), key=lambda packet: (packet.arrived_at, packet.id))),
            finished=tuple(done for done in self._finished if done.packet.id not in stuck),
            free_senders=0 if self._stopping else self._senders - len(self.sending),
            stuck=stuck,
            verifying=self.verifications.packets,
            stopping=self._stopping,
        )

    def _lane_view(self, lane: Lane, now: datetime) -> LaneView:
        statements = lane.id.kind is LaneKind.STATEMENTS
        active = {packet.id for packet in self.packets.values()}
        waiting = self.troubles.waiting("files")
        found = tuple(
            one for one in lane.found.values() if one.packet not in active and one.candidate.name not in waiting
        )
        relevant = statements and (found or any(packet.lane == lane.id for packet in self.packets.values()))
        return LaneView(
            id=lane.id,
            terms=lane.terms,
            record=self.lane_records[lane.id],
            offline=lane.offline is not None or not lane.recovered,
            found=found,
            lookalikes={one.packet: self._lookalikes(lane, one, now) for one in found},
            forgets_before=self.service_times.ago(lane.id, now, timedelta(days=lane.terms.duplicate_days)),
            claims=tuple(self._claims(lane, found, now)) if relevant else (),
        )

    def _claims(self, lane: Lane, found: Iterable[Found], now: datetime) -> list[FilenameClaim]:
        if lane.terms.scope == "store":  # one file a day: there are few
            return self.ledger.claims(lane.terms.account, now)
        names = [packet.upload_name for packet in self.packets.values() if packet.lane == lane.id]
        names.extend(one.upload_name for one in found if one.checked is not None)
        return self.ledger.claims_on(lane.terms.account, dict.fromkeys(map(name_key, names)).keys(), now)

    def _lookalikes(self, lane: Lane, found: Found, now: datetime) -> tuple[PacketRecord, ...]:
        statements = lane.id.kind is LaneKind.STATEMENTS
        if found.checked is None or found.checked.problem is not None or not (found.checked.fingerprint or statements):
            return ()
        days = max(UNSURE_DAYS, lane.duplicate_days) if statements else lane.duplicate_days
        since = self.service_times.ago(lane.id, now, timedelta(days=days))
        size = sum(file.identity.size for file in found.candidate.files)
        return tuple(self.ledger.lookalikes(lane.id, lane.terms.account, found.checked.fingerprint, size, since))

    def _check(self, action: Check) -> None:
        lane, found = self.lanes[action.lane], action.found
        lane.checking(found.packet)
        thing = Thing("check", lane.id)
        with self.troubles.guard(thing, found.candidate.name):
            self._jobs.check(
                lane.id,
                partial(lane.check, found, self.clock.now()),
                lambda checked: self._inbox.put(_CheckDone(lane.id, found.packet, checked)),
                lambda _trouble: self._inbox.put(_CheckDone(lane.id, found.packet, lane.broken_check(found))),
            )
        unstarted = self.troubles.of(thing)
        if unstarted is not None:
            self._inbox.put(_CheckDone(lane.id, found.packet, unstarted))

    # --- For the hands ----------------------------------------------------------------------------------------------

    def launch(self, packet: PacketRecord) -> None:
        """Give a packet to a sender."""
        lane = self.lanes[packet.lane]
        here("recorded-not-sent")
        self.sending[packet.id] = (0, sum(packet.sizes))

        def progress(sent: int, total: int) -> None:
            if packet.id in self.sending:
                self.sending[packet.id] = (sent, total)

        def back(result: AttemptResult) -> None:
            heard = Heard(packet.lane, result.service_date, self.clock.steady())
            self._inbox.put(_Back(packet.id, result, heard))

        try:
            self._jobs.send(
                partial(
                    lane.send,
                    packet,
                    progress,
                    self.cancel,
                    self.clock.now(),
                    stands_between=self.lane_records[packet.lane].stands_between,
                ),
                back,
                lambda _trouble: back(lane.broken_send(packet)),
            )
        except Exception as trouble:  # noqa: BLE001 - no thread could be had: nothing went out
            log.error("a sender could not be started", extra={"trouble": where(trouble)})
            back(AttemptResult(Retry(as_problem(trouble, packet.name))))

    def refresh(self, packet_ids: Iterable[str]) -> None:
        """Read packets again that have been written."""
        for packet in self.ledger.packets(list(packet_ids)):
            if packet.unshelved or packet.state not in (PacketState.SENT, PacketState.FAILED):
                self.packets[packet.id] = packet
            else:
                self.packets.pop(packet.id, None)
                self.troubles.over(Thing("packet", packet.lane, packet.id))
                self.ended.append(_without_reply(packet))

    @property
    def boot(self) -> Boot:
        """Return when this boot was first seen."""
        return self._clock_guard.boot

    def record_lane(self, record: LaneRecord) -> None:
        """Write down a lane's state."""
        with self.ledger.transaction() as tx:
            tx.lane(record)
        self.lane_records[record.id] = record

    def look_again(self, lane: LaneId, seconds: float) -> None:
        """Look at a lane again before its time."""
        self._look_at[lane] = min(self._look_at.get(lane, 0.0), self.clock.steady() + seconds)

    def time_is_known(self, lane: LaneId) -> None:
        """Do what waited for the time of a lane's service."""
        self._retention.look_again(lane)
        self.tidy_soon(lane)

    def tidy_soon(self, lane: LaneId) -> None:
        """Notice at once what people have done on a lane's shelves, not only with the next timed rescan."""
        self._tidy_at[lane] = 0.0
        self.look_again(lane, 0.0)

    def recover_again(self, lane: LaneId) -> None:
        """Put a lane's shelves in order once more, at the next look."""
        self._again[lane] = True
        self._tidy_at[lane] = 0.0

    def numbers(self, midnight: datetime) -> tuple[dict[LaneId, int], dict[LaneId, dict[PacketState, int]]]:
        """Return how many packets of each lane need someone, and how many of each state there are since `midnight`.

        While the ledger cannot be read, those that were told last.
        """
        try:
            self._numbers = self.ledger.unresolved_counts(), self.ledger.counts(midnight)
        except Exception as trouble:
            if not is_ledgers(trouble):
                raise
        return self._numbers

    @property
    def known_lanes(self) -> dict[LaneId, Known]:
        """Return by what each lane is known, whatever it is called."""
        return {lane.id: Known(lane.terms.account, lane.settings.folder) for lane in self.lanes.values()}

    def trouble_of(self, lane: LaneId) -> Problem | None:
        """Return what hampers a lane that runs."""
        own = self.lanes[lane]
        hampers = self.trouble or own.trouble or self.troubles.of_lane(lane) or own.spool_trouble
        return hampers or own.shelf_trouble or own.left_behind or own.left_elsewhere or own.left_alone

    # --- Sleeping ---------------------------------------------------------------------------------------------------

    def _next_due(self, began: datetime, began_steady: float) -> float:
        """Return the seconds until the next due time. What came due while the step ran is due at once.

        What was due already when the step began, and was not done, waits for something else (a sender, a lane): that
        wakes the loop itself.
        """
        if not self._inbox.empty():
            return 0.0
        dates = [packet.next_at for packet in self.packets.values()]
        dates.extend(record.rest_until for record in self.lane_records.values())
        now, steady = self.clock.now(), self.clock.steady()
        due = [(date - now).total_seconds() for date in dates if date is not None and date > began]
        moments = [
            *self._look_at.values(),
            *self.troubles.due(),
            *self.verifications.due(),
            *self.service_times.due(),
            *(lane.watcher.due for lane in self.lanes.values() if lane.watcher is not None),
            *([self._tell_next] if self._untold else []),
        ]
        due.extend(moment - steady for moment in moments if moment is not None and moment > began_steady)
        return max(0.0, min(due, default=LONGEST_SLEEP))


def _without_reply(packet: PacketRecord) -> PacketRecord:
    """Return a packet as it is kept in mind: a service's reply can be a megabyte, and the ledger has it."""
    return packet if packet.receipt is None else replace(packet, receipt={**packet.receipt, "response": None})
