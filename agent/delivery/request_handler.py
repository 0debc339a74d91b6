"""Carries out what people ask of the agent, in the control thread, and says what became of it.

Whatever changes something stands in the journal with the name of the OS user who asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator
from dataclasses import replace
from datetime import datetime

from agent.delivery import problems
from agent.delivery.reconcile.reconciliation import Reconciliation
from agent.delivery.requests import SEEN, Answer, Request
from agent.delivery.state import State
from agent.delivery.verdicts import hastened
from agent.folder.filesystem import FileSystemProblem
from agent.ledger.records import LaneRecord, PacketRecord
from agent.model import LaneId, PacketState

_TOO_LATE = {
    PacketState.QUEUED: "is about to be sent",
    PacketState.SENDING: "is being sent at this moment",
    PacketState.DELIVERED: "was sent already",
    PacketState.SENT: "was sent already",
    PacketState.FAILED: "has failed already, and nothing more is sent of it",
}


class RequestHandler:
    """Carries requests out. Belongs to the control thread. `stop`: what ends the agent."""

    def __init__(self, state: State, reconciliation: Reconciliation, stop: Callable[[], None]) -> None:
        self._state = state
        self._reconciliation = reconciliation
        self._stop = stop

    def carry_out(self, request: Request, now: datetime) -> Answer:
        """Do what is asked, as far as it can be done. Raises DatabaseError where the ledger cannot be written."""
        if request.note:
            self._write_down(request, now)
        match request.verb:
            case "retry":
                return self._each_packet(request, self._retry, now)
            case "withdraw":
                return self._each_packet(request, self._withdraw, now)
            case "dismiss":
                return self._each_packet(request, self._dismiss, now)
            case "adopt":
                return self._adopt(request, now)
            case "pause" | "resume" | "look":
                return self._lanes(request, now)
            case "note":
                return Answer()
            case "stop":
                self._stop()  # before the note: it ends also while the ledger cannot be written
                with self._state.ledger.transaction() as tx:
                    tx.note(now, "stop", actor=request.actor)
                return Answer()

    def _write_down(self, request: Request, now: datetime) -> None:
        """Note what a person has done, for each packet that it was done to, else for the lanes."""
        packets = self._state.ledger.packets(list(request.packets))
        lanes = [] if packets else [lane for lane in self._state.lanes if str(lane) in request.lanes]
        with self._state.ledger.transaction(synced=request.note not in SEEN) as tx:
            if not packets and not lanes:
                tx.note(now, request.note, actor=request.actor)
            for packet in packets:
                tx.note(now, request.note, packet=packet.id, lane=packet.lane, actor=request.actor)
            for lane in lanes:
                tx.note(now, request.note, lane=lane, actor=request.actor)

    def _each_packet(
        self, request: Request, carry_out_one: Callable[[str, datetime, str], str], now: datetime
    ) -> Answer:
        done, sentences = [], []
        for packet_id in dict.fromkeys(request.packets):
            reason = carry_out_one(packet_id, now, request.actor)
            if reason:
                sentences.append(reason)
            else:
                done.append(packet_id)
        return Answer(tuple(done), tuple(sentences))

    def _retry(self, packet_id: str, now: datetime, actor: str) -> str:
        state = self._state
        queued = state.packets.get(packet_id)
        if queued is not None and queued.state is PacketState.QUEUED and queued.lane in state.lanes:
            return self._at_once(queued, now, actor)
        reason = why_not_retried(packet_id, state.ledger.packet(packet_id), state.lanes)
        if reason:
            return reason
        lanes = list(self._reconciliation.put_back([packet_id], now, actor))
        for lane in lanes:
            state.timetable.look_within(lane, 0.0)
        if lanes:
            return ""
        reason = why_not_retried(packet_id, state.ledger.packet(packet_id), state.lanes)
        in_use = f"The files of packet {packet_id} cannot be moved just now. Close what has them open, and ask again."
        return reason or in_use

    def _at_once(self, packet: PacketRecord, now: datetime, actor: str) -> str:
        """Let a packet that waits for its next try, or for a lane that rests, have it now."""
        lane = self._state.lane_records[packet.lane]
        rested = lane if lane.stopped or lane.paused_since else replace(lane, rest_until=None)
        with self._state.ledger.transaction() as tx:
            tx.note(now, "retry", packet=packet.id, lane=packet.lane, actor=actor)
            tx.reschedule(hastened(packet, now), now)
            tx.lane(rested)
        self._state.lane_records[packet.lane] = rested
        self._state.refresh([packet.id])
        return ""

    def _withdraw(self, packet_id: str, now: datetime, actor: str) -> str:
        state = self._state
        packet = state.packets.get(packet_id) or state.ledger.packet(packet_id)
        if packet is None or packet.lane not in state.lanes:
            return _unknown(packet_id)
        if packet.state is not PacketState.HELD:
            return f"{packet.name} {_TOO_LATE.get(packet.state, 'is not held')}, so it cannot be withdrawn any more."
        problem = problems.WITHDRAWN.problem(name=packet.upload_name or packet.name)
        with state.ledger.transaction() as tx:
            tx.note(now, "withdraw", packet=packet.id, lane=packet.lane, actor=actor)
            tx.fail(packet, problem, now)
            if not packet.possibly_sent:
                tx.release_claim(packet.id)
        state.refresh([packet.id])
        return ""

    def _dismiss(self, packet_id: str, now: datetime, actor: str) -> str:
        """Remember that a person has seen to it; its files stay where they are."""
        packet = self._state.ledger.packet(packet_id)
        if packet is None:
            return _unknown(packet_id)
        if packet.resolved_at is not None:
            return f"Packet {packet_id} was dealt with already."
        if packet.problem is None or packet.state not in (PacketState.FAILED, PacketState.SENT):
            return f"Packet {packet_id} needs nobody: it is {packet.state}."
        with self._state.ledger.transaction() as tx:
            tx.resolve(packet, now, "dismissed", actor)
        return ""

    def _adopt(self, request: Request, now: datetime) -> Answer:
        """Take over what PCs that are not heard of any more have left in these lanes; answer with the packets."""
        state, done, sentences = self._state, list[str](), list(_unknown_lanes(request.lanes, self._state.lanes))
        for lane in state.lanes.values():
            if request.lanes and str(lane.id) not in request.lanes:
                continue
            try:
                taken, left = self._reconciliation.take_over(lane, now)
            except FileSystemProblem as trouble:
                sentences.append(lane.problem_of(trouble).sentence)
                continue
            if taken:
                with state.ledger.transaction() as tx:
                    tx.note(now, "adopt", lane=lane.id, actor=request.actor, packets=len(taken))
            if len(taken) < sum(one.silent for one in left):
                sentences.append(f"Some packets of {lane.id} cannot be moved just now. Ask again in a moment.")
            sentences.extend(
                f"Packets of {one.host or 'another PC'} in {lane.id} are left to it: it is still heard of."
                for one in left[:1]
                if not any(other.silent for other in left)
            )
            done += taken
            state.timetable.look_within(lane.id, 0.0)
        state.refresh(done)
        return Answer(tuple(done), tuple(sentences))

    def _lanes(self, request: Request, now: datetime) -> Answer:
        state = self._state
        chosen = [lane for lane in state.lanes if not request.lanes or str(lane) in request.lanes]
        for lane in chosen:
            if request.verb != "look":
                self._set(lane, request, now)
            state.timetable.look_within(lane, 0.0)
        return Answer(tuple(map(str, chosen)), tuple(_unknown_lanes(request.lanes, state.lanes)))

    def _set(self, lane: LaneId, request: Request, now: datetime) -> None:
        record = asked(self._state.lane_records[lane], request.verb, now)
        due = self._queued(lane) if request.verb == "resume" else []
        with self._state.ledger.transaction() as tx:
            tx.note(now, request.verb, lane=lane, actor=request.actor)
            tx.lane(record)
            for packet in due:  # whatever the service's patience, a person can have it tried at once
                tx.reschedule(hastened(packet, now), now)
        self._state.lane_records[lane] = record
        self._state.refresh([packet.id for packet in due])

    def _queued(self, lane: LaneId) -> list[PacketRecord]:
        packets = self._state.packets.values()
        return [packet for packet in packets if packet.lane == lane and packet.state is PacketState.QUEUED]


def asked(record: LaneRecord, verb: str, now: datetime) -> LaneRecord:
    """Return a lane's state after `pause` or `resume`. Resuming also makes a blocked lane try again at once."""
    if verb == "pause":
        return replace(record, paused_since=record.paused_since or now)
    return replace(
        record, paused_since=None, blocked_since=None, rest_until=None, setbacks=0, problem=None, stopped=False
    )


def why_not_retried(packet_id: str, packet: PacketRecord | None, lanes: Container[LaneId]) -> str:
    """Return why a packet cannot be tried again; empty where it can. `lanes`: those of the settings."""
    if packet is None:
        return _unknown(packet_id)
    if packet.lane not in lanes:
        return (
            f"Packet {packet_id} is of {packet.lane}, which the settings do not name any more. Name it there again, "
            "or move its files into a folder that OutTray watches."
        )
    if packet.state is not PacketState.FAILED:
        return f"Packet {packet_id} has not failed: it is {packet.state}."
    if packet.resolved_at is not None:
        return f"Packet {packet_id} was dealt with already. To send it after all, put its files into the folder."
    return ""


def _unknown(packet_id: str) -> str:
    return f"There is no packet {packet_id}. `outtray history` shows them all."


def _unknown_lanes(named: Collection[str], lanes: Collection[LaneId]) -> Iterator[str]:
    known = [str(lane) for lane in lanes]
    for lane in named:
        if lane not in known:
            yield f'There is no lane "{lane}". The lanes are: {", ".join(known)}.'
