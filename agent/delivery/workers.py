"""What is done away from the control thread: sending packets and checking files. What comes of it goes to the inbox."""

from __future__ import annotations

from functools import partial

from agent.crashpoints import here
from agent.delivery.actions import Check
from agent.delivery.inbox import CheckEnded, Inbox, TryEnded
from agent.delivery.jobs import Jobs
from agent.delivery.service_times import Heard
from agent.delivery.state import State
from agent.delivery.troubles import Thing, as_problem
from agent.ledger.records import PacketRecord
from agent.log import log, where
from agent.model import AttemptResult, Retry


class Workers:
    """Starts senders and checks. Its methods belong to the control thread; what they start runs in others."""

    def __init__(self, state: State, jobs: Jobs, inbox: Inbox, senders: int) -> None:
        self._state = state
        self._jobs = jobs
        self._inbox = inbox
        self._senders = senders

    @property
    def free_senders(self) -> int:
        """Return how many more packets can be sent at once."""
        return 0 if self._state.begins_nothing else self._senders - len(self._state.sending)

    def send(self, packet: PacketRecord) -> None:
        """Give a packet to a sender. Raises nothing: where no thread can be had, the try ends at once."""
        state, lane = self._state, self._state.lanes[packet.lane]
        here("recorded-not-sent")
        state.sending[packet.id] = (0, sum(packet.sizes))

        def progress(sent: int, total: int) -> None:
            if packet.id in state.sending:
                state.sending[packet.id] = (sent, total)

        def back(result: AttemptResult) -> None:
            heard = Heard(packet.lane, result.service_date, state.clock.steady())
            self._inbox.post(TryEnded(packet.id, result, heard))

        try:
            self._jobs.send(
                partial(
                    lane.send,
                    packet,
                    progress,
                    self._inbox.cancel,
                    state.clock.now(),
                    stands_between=state.lane_records[packet.lane].stands_between,
                ),
                back,
                lambda _trouble: back(lane.broken_send(packet)),
            )
        except Exception as trouble:  # noqa: BLE001 - no thread could be had: nothing went out
            log.error("a sender could not be started", extra={"trouble": where(trouble)})
            back(AttemptResult(Retry(as_problem(trouble, packet.name))))

    def check(self, action: Check) -> None:
        """Have files checked in the lane's checking thread."""
        state, lane, found = self._state, self._state.lanes[action.lane], action.found
        lane.checking(found.packet)
        thing = Thing("check", lane.id)
        with state.troubles.guard(thing, found.candidate.name):
            self._jobs.check(
                lane.id,
                partial(lane.check, found, state.clock.now()),
                lambda checked: self._inbox.post(CheckEnded(lane.id, found.packet, checked)),
                lambda _trouble: self._inbox.post(CheckEnded(lane.id, found.packet, lane.broken_check(found))),
            )
        unstarted = state.troubles.of(thing)
        if unstarted is not None:
            self._inbox.post(CheckEnded(lane.id, found.packet, unstarted))
