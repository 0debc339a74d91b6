"""One pass over what is there, for schedulers: wait for files to settle, send what can go, leave the rest, and out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.delivery.control import Control
from agent.delivery.status import snapshot_of
from agent.delivery.told import as_told
from agent.ledger.records import LaneRecord, PacketRecord
from agent.model import PacketState
from agent.shown import in_unicode

MOST_ENDED = 10_000  # packets that one pass can report; a running agent keeps fewer in mind
MOST_TRIES = 3  # in one pass; a packet that still could not go is left for the next
LONGEST_WAIT = 15.0  # seconds for which a pass waits for a packet's next try
LONGEST_SETTLING = 60.0  # seconds for which a pass waits for files that go on changing
LONGEST_STILL = 20.0  # seconds for which a pass waits where nothing moves: a shelf, the ledger, a file in use
KEEPS_PACKETS = ("packet", "files", "lane", "check")  # troubles that keep packets from their way


@dataclass
class Pass:
    """What one pass brought about.

    `unreachable`: the lanes that are blocked or offline, whose service is away, or whose files cannot move, with why.
    `left_alone`: the lanes in whose folders something lies that will never go, with what and why. `needs_someone`: the
    lanes whose shelves, or folders of before, hold something that only a person can put right, with what to do.
    """

    sent: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    unreachable: dict[str, str] = field(default_factory=dict)
    left_alone: dict[str, str] = field(default_factory=dict)
    needs_someone: dict[str, str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Tell whether nobody has to look at anything: what was sent was sent without a question."""
        asked = any(packet["sentence"] for packet in self.sent)
        return not (asked or self.failed or self.waiting or self.left_alone or self.needs_someone)

    @property
    def as_json(self) -> dict[str, Any]:
        """Return it as JSON, for other programs."""
        return dict(in_unicode(vars(self)))


def one_pass(control: Control, tell: Callable[[int, int], None] = lambda _ended, _left: None) -> Pass:
    """Run the control loop until nothing more can be done in this pass.

    `tell` is called after each step with how many packets have ended and how many are still on their way.
    """
    run = OnePass(control)

    def is_over() -> bool:
        tell(len(control.state.ended), len(control.state.packets))
        return run.is_over()

    control.run_until(is_over)
    return run.result()


class OnePass:
    """A pass that is under way. It ends in bounded time: whatever does not move any more is left for the next one."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._state = state = control.state
        state.ended = deque(state.ended, maxlen=MOST_ENDED)
        self._begun = self._moved_at = state.clock.steady()
        self._moves: object = None
        self._tries_before = dict[str, int]()

    def is_over(self) -> bool:
        """Tell, after each step of the control loop, whether that was all."""
        state, steady = self._state, self._state.clock.steady()
        for packet in state.packets.values():
            self._tries_before.setdefault(packet.id, packet.attempts - (packet.id in state.sending))
        settling = steady - self._begun < LONGEST_SETTLING
        moves = self._what_moves()
        if moves != self._moves or self._is_at_work(settling=settling):
            self._moves, self._moved_at = moves, steady
        elif steady - self._moved_at >= LONGEST_STILL:
            return True
        return not self._has_more_to_do(settling=settling)

    def _what_moves(self) -> object:
        state = self._state
        return (
            len(state.ended),
            [(packet.id, packet.state, packet.shelf, packet.attempts) for packet in state.packets.values()],
            [sorted(found.candidate.name for found in lane.found.values()) for lane in state.lanes.values()],
        )

    def _is_at_work(self, *, settling: bool) -> bool:
        """Tell whether something is under way that has bounds of its own."""
        state = self._state
        return (
            bool(state.sending or self._control.verifications.packets)
            or any(self._control.service_times.is_asking(lane) for lane in state.lanes)
            or any(found.checking for lane in state.lanes.values() for found in lane.found.values())
            or (settling and any(lane.settles(soon=LONGEST_WAIT) for lane in state.lanes.values()))
        )

    def _has_more_to_do(self, *, settling: bool) -> bool:
        state = self._state
        if state.trouble is not None or state.sending:
            return True
        if any(self._control.service_times.is_asking(lane) for lane in state.lanes):
            return True
        if any(packet.unshelved and packet.lane in state.lanes for packet in state.packets.values()):
            return True
        now = state.clock.now()
        for lane in state.lanes.values():
            if (
                lane.offline is None
                and not state.lane_records[lane.id].paused_since
                and lane.busy(settling=settling, soon=LONGEST_WAIT)
            ):
                return True
        for packet in state.packets.values():
            lane_record = state.lane_records.get(packet.lane)
            if packet.state is not PacketState.QUEUED or lane_record is None or lane_record.paused_since:
                continue
            if self._control.service_times.waits(
                packet.lane
            ):  # and its service could not be asked: the next pass asks again
                continue
            if state.lanes[packet.lane].offline is not None or lane_record.blocked_since is not None:
                continue
            due = max(moment for moment in (packet.next_at, lane_record.rest_until, now) if moment is not None)
            soon = (due - now).total_seconds() <= LONGEST_WAIT
            if soon and packet.attempts - self._tries_before.get(packet.id, 0) < MOST_TRIES:
                return True
        return False

    def result(self) -> Pass:
        """Return what the pass brought about."""
        state, done = self._state, Pass()
        for packet in state.ended:
            told = as_told(state.lanes[packet.lane].fs, packet) if packet.lane in state.lanes else packet
            (done.sent if packet.state is PacketState.SENT else done.failed).append(_row(told))
        for left in snapshot_of(state, ()).packets:
            done.waiting.append(
                {"packet": left.id, "lane": left.lane, "name": left.name, "state": left.state, "why": left.why}
            )
        for lane in state.lanes.values():
            record = state.lane_records.get(lane.id, LaneRecord(lane.id))
            service = record.problem if record.blocked_since or record.setbacks else None
            shelf = lane.trouble or state.troubles.of_lane(lane.id, KEEPS_PACKETS)
            problem = state.trouble or lane.offline or service or shelf
            if problem is not None:
                done.unreachable[str(lane.id)] = problem.sentence
            if lane.left_alone is not None:
                done.left_alone[str(lane.id)] = lane.left_alone.sentence
            shelves = lane.left_behind or lane.left_elsewhere or lane.shelf_trouble or lane.spool_trouble
            if shelves is not None:
                done.needs_someone[str(lane.id)] = f"{shelves.sentence} {shelves.what_to_do}"
        return done


def _row(packet: PacketRecord) -> dict[str, Any]:
    return {
        "packet": packet.id,
        "lane": str(packet.lane),
        "name": packet.name,
        "state": str(packet.state),
        "attachment_control_number": packet.control_number or None,
        "code": packet.problem.code if packet.problem else None,
        "sentence": packet.problem.sentence if packet.problem else None,
    }
