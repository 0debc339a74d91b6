"""The control thread: it alone owns the ledger and runs the planner.

It wakes on a hint, a result, a request, or the next due time, and otherwise sleeps. `step` does everything that is to
do now and tells when it wants to be called again; `run` is the loop around it. A simulation calls `step` itself.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from agent.clock import Clock
from agent.delivery.clock_guard import ClockGuard
from agent.delivery.executor import Executor
from agent.delivery.inbox import Asked, CheckEnded, Hint, Inbox, Message, Stop, TryEnded
from agent.delivery.jobs import Jobs
from agent.delivery.lane import Lane
from agent.delivery.open_questions import Said, Verifications
from agent.delivery.planner import plan
from agent.delivery.problems import INNER_TROUBLE, LEDGER_TROUBLE
from agent.delivery.reconcile.reconciliation import Reconciliation
from agent.delivery.request_handler import RequestHandler
from agent.delivery.requests import Answer
from agent.delivery.retention import Retention
from agent.delivery.service_times import Heard, ServiceTimes
from agent.delivery.state import State
from agent.delivery.telling import Telling
from agent.delivery.troubles import LONGEST_PATIENCE, Thing, as_problem, is_ledgers
from agent.delivery.verdicts import Finished
from agent.delivery.view import view_of
from agent.delivery.workers import Workers
from agent.ledger.ledger import Ledger
from agent.log import log, where
from agent.model import AttemptResult, Fault, LaneId, PacketState, Problem, Retry

ROUNDS = 50  # a step ends when the planner has nothing more to do now; more rounds than this would be a loop of ours
LONGEST_SLEEP = 60.0
LEDGER_PATIENCE = 5.0
CHECK_PATIENCE = 2.0


class Control:
    """Runs the lanes. Belongs to the thread that calls `run` or `step`; every other thread speaks to its `inbox`."""

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
        changed: Callable[[State], None] = lambda _state: None,
    ) -> None:
        self.inbox = Inbox()
        self.state = State(lanes, ledger, clock)
        self._dice = dice or random.SystemRandom()
        self._telling = Telling(self.state, changed)
        self._patience = LEDGER_PATIENCE
        self._asked: deque[Asked] = deque()
        self._started = False
        self._outdated = False  # what is remembered of the ledger is not what it says
        self.verifications = Verifications(self.state, jobs, self.inbox.post, self.inbox.cancel)
        self.service_times = ServiceTimes(self.state, jobs, self.inbox.post)
        self._retention = Retention(
            ledger, keep_sent_days, keep_failed_days, self.service_times.now, self.service_times.want
        )
        self._workers = Workers(self.state, jobs, self.inbox, senders)
        self._reconciliation = Reconciliation(self.state, before_all)
        self._executor = Executor(
            self.state,
            self._workers,
            self.verifications,
            self.service_times,
            self._reconciliation,
            show_names=show_names,
        )
        self._requests = RequestHandler(self.state, self._reconciliation, self.inbox.stop)

    # --- The loop ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until told to stop. Returns when every try that was under way is recorded."""
        self.run_until(lambda: False)

    def run_until(self, is_over: Callable[[], bool]) -> None:
        """Work until told to stop, or until `is_over`, which is asked after each step, says so."""
        while True:
            pause = self.step()
            if self.state.stopping:
                if not self.state.sending and self.inbox.is_empty:
                    return
            elif is_over():
                return
            message = self.inbox.take(pause)
            if message is not None:
                self._receive(message)

    def step(self) -> float:
        """Do all that is to do now; return in how many seconds at most there is something to do again.

        Raises nothing: what keeps the whole agent from working is its `trouble`, and is tried again with patience.
        """
        while (message := self.inbox.take()) is not None:
            self._receive(message)
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
            self.state.trouble = LEDGER_TROUBLE.problem((Fault("ledger", "", str(getattr(trouble, "orig", trouble))),))
        else:
            log.error("the work broke off", extra={"trouble": where(trouble), "again_in": pause})
            self.state.trouble = INNER_TROUBLE.problem((Fault("", "", where(trouble)),), what="its work")
            self._patience = min(LONGEST_PATIENCE, pause * 2)
        for lane in self.state.lanes.values():
            lane.recovered = False
        self.state.timetable.look_everywhere()
        self._outdated = True
        self._telling.tell(at_once=True)
        return pause

    def _step(self) -> float:
        state = self.state
        self._open_ledger()
        reading = state.clock.read()
        now, begun = reading.wall, reading.steady
        if state.clock_guard.mind(reading):
            self._outdated = True
            state.timetable.look_everywhere()  # what waits there waits since another time now
            for lane in state.lanes.values():
                lane.clock_was_set(state.clock_guard.jump)
        if not self._started:
            self._start(now)
        if self.service_times.take_in(now, begun):
            self._outdated = True
        if self._outdated:
            self._read_all()
        self._answer(now)
        self.verifications.take_answers()
        for lane in state.lanes.values():
            self._supervise(lane)
            if not state.stopping and state.timetable.look_is_due(lane.id):
                self._look(lane, now)
        self._decide(now)
        if not state.stopping:
            self.verifications.ask()
            self.service_times.ask()
        state.ledger.write_over()
        state.trouble = None
        self._telling.tell()
        return self._next_due(now, begun)

    def _open_ledger(self) -> None:
        """Open the ledger; where its file is another by now, or is gone, begin anew with what stands there.

        First what is under way ends, and comes to its shelf: there its receipt is the proof that the next ledger reads.
        """
        state = self.state
        if not state.ledger.is_gone:
            state.ledger.open()
            return
        is_known, state.leaving = state.leaving, True
        cannot_write = state.trouble is not None
        if state.sending or ((state.finished or self.verifications.packets or not is_known) and not cannot_write):
            return
        log.error("the ledger was deleted, or another was put in its place")
        state.ledger.open_anew()
        state.replaced, state.leaving, self._started = True, False, False
        state.clock_guard = ClockGuard(state.ledger)
        state.finished.clear()
        for lane in state.lanes.values():
            lane.recovered = False
            state.timetable.tidy_soon(lane.id)

    def _start(self, now: datetime) -> None:
        self._reconciliation.begin(now)
        self._read_all()
        if self._reconciliation.notice_old_ledger(now):
            self._read_all()
        self._started = True

    def _read_all(self) -> None:
        """Take in what the ledger says now."""
        self.state.read()
        self.service_times.read_again()
        self._finish_what_never_began()
        self.verifications.begin_again()
        self._outdated = False

    def _finish_what_never_began(self) -> None:
        """Give back the tries that stand in the ledger and never came to a sender, where a fault came in between."""
        state = self.state
        back = {done.packet.id for done in state.finished}
        for packet in state.packets.values():
            if packet.state is PacketState.SENDING and packet.id not in state.sending and packet.id not in back:
                problem = INNER_TROUBLE.problem((), what=packet.name)
                state.finished.append(Finished(packet, AttemptResult(Retry(problem)), self._dice.random()))

    def _receive(self, message: Message) -> None:
        """Take a message in, without ledger or disk: so none is lost to a fault."""
        state = self.state
        match message:
            case Stop():
                state.stopping = True
            case Hint(lane=lane):
                if lane is not None:
                    state.timetable.look_soon(lane)
            case TryEnded(packet=packet_id, result=result, heard=heard):
                state.sending.pop(packet_id, None)
                self.service_times.heard(heard)
                packet = state.packets.get(packet_id)
                if packet is not None:
                    cut_short = self.inbox.cancel.is_set()
                    state.finished.append(Finished(packet, result, self._dice.random(), cut_short=cut_short))
            case Asked():
                self._asked.append(message)
            case Heard():
                self.service_times.heard(message)
            case Said():
                self.verifications.answered(message)
            case CheckEnded(lane=lane, packet=packet_id, checked=checked):
                state.lanes[lane].check_done(packet_id, checked)
                if isinstance(checked, Problem):
                    state.timetable.look_within(lane, CHECK_PATIENCE)

    def _answer(self, now: datetime) -> None:
        """Carry out what was asked. While the ledger cannot be written it waits; what breaks down is answered so."""
        while self._asked:
            asked = self._asked[0]
            try:
                answer = self._requests.carry_out(asked.request, now)
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
        if watcher is not None and self.state.troubles.may(thing):
            with self.state.troubles.guard(thing, lane.settings.folder):
                watcher.supervise(self.state.clock.steady())

    # --- Looking ----------------------------------------------------------------------------------------------------

    def _look(self, lane: Lane, now: datetime) -> None:
        state = self.state
        record = state.lane_records[lane.id]
        begun = state.clock.steady()
        was_recovered = lane.recovered
        try:
            state.timetable.looked(lane.id, begun, lane.look(state.ledger, record, now))
            if lane.offline is not None:
                return
            if lane.writes_in_steps and not record.writes_in_steps:
                state.record_lane(replace(record, writes_in_steps=True))
            self._reconcile(lane, now)
        except Exception as trouble:
            if is_ledgers(trouble):
                raise
            log.warning("a lane has to wait", extra={"lane": str(lane.id), "trouble": where(trouble)})
            state.timetable.look_at(lane.id, lane.unreachable(trouble))
            return
        if lane.recovered and not was_recovered:  # files may have gone back into the folder
            state.timetable.look_at(lane.id, lane.look(state.ledger, state.lane_records[lane.id], now))

    def _reconcile(self, lane: Lane, now: datetime) -> None:
        if not lane.recovered:
            self._reconciliation.recover(lane, now)
            self._read_all()
        if self.state.timetable.tidying_is_due(lane.id):
            self.state.timetable.tidied(lane.id, lane.settings.rescan_seconds)
            self._reconciliation.look(lane, now)
            with self.state.troubles.guard(Thing("old files", lane.id)):
                self._retention.look(lane, now)

    # --- Deciding ---------------------------------------------------------------------------------------------------

    def _decide(self, now: datetime) -> None:
        state = self.state
        for _ in range(ROUNDS):
            view = view_of(state, self.service_times, self.verifications.packets, self._workers.free_senders, now)
            actions = plan(view, now)
            if not actions:
                return
            unwritten = self._executor.carry_out(actions, now)
            gone = {done.packet.id for done in view.finished} - unwritten
            state.finished = [done for done in state.finished if done.packet.id not in gone]
        log.error("the planner found no end", extra={"actions": [type(action).__name__ for action in actions]})

    # --- Sleeping ---------------------------------------------------------------------------------------------------

    def _next_due(self, began: datetime, began_steady: float) -> float:
        """Return the seconds until the next due time. What came due while the step ran is due at once.

        What was due already when the step began, and was not done, waits for something else (a sender, a lane): that
        wakes the loop itself.
        """
        if not self.inbox.is_empty:
            return 0.0
        state = self.state
        dates = [packet.next_at for packet in state.packets.values()]
        dates.extend(record.rest_until for record in state.lane_records.values())
        now, steady = state.clock.now(), state.clock.steady()
        due = [(date - now).total_seconds() for date in dates if date is not None and date > began]
        moments = [
            *state.timetable.due(),
            *state.troubles.due(),
            *self.verifications.due(),
            *self.service_times.due(),
            *(lane.watcher.due for lane in state.lanes.values() if lane.watcher is not None),
            *self._telling.due(),
        ]
        due.extend(moment - steady for moment in moments if moment is not None and moment > began_steady)
        return max(0.0, min(due, default=LONGEST_SLEEP))
