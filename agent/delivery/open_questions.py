"""Asking the statements service, after a delivery, whether it has marked some of the statements as failed.

Unless a lane's settings say `verify = false`, since a 200 means received, not accepted. The packet is delivered and
stays so; its shelving waits until the service has been asked `AFTER` seconds after the delivery, or has told of failed
statements before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event

from agent.delivery.jobs import Jobs
from agent.delivery.state import State
from agent.delivery.troubles import Thing
from agent.delivery.verification import Answer, could_not_be_asked, in_receipt
from agent.ledger.records import PacketRecord
from agent.model import PacketState, both

AFTER = (1.0, 3.0, 8.0)  # seconds after the delivery: it checks at the upload, and the packet is not shelved before


@dataclass
class Verification:
    """One packet's questions: how many were asked, and when, in steady seconds, the next is due."""

    begun: float
    asked: int = 0
    under_way: bool = False

    @property
    def due(self) -> float:
        """Return when to ask next."""
        return self.begun + AFTER[min(self.asked, len(AFTER) - 1)]


@dataclass(frozen=True)
class Said:
    """The message with which an answer comes back to the control thread."""

    packet: str
    answer: Answer


class Verifications:
    """The questions that are open. Belongs to the control thread."""

    def __init__(self, state: State, jobs: Jobs, post: Callable[[Said], None], cancel: Event) -> None:
        self._state = state
        self._jobs = jobs
        self._post = post
        self._cancel = cancel
        self._open: dict[str, Verification] = {}
        self._answers: deque[Said] = deque()

    @property
    def packets(self) -> frozenset[str]:
        """Return the packets about which the service is still being asked."""
        return frozenset(self._open)

    def due(self) -> Iterator[float]:
        """Yield when, in steady seconds, something is to be asked."""
        for verification in self._open.values():
            if not verification.under_way:
                yield verification.due

    def begin(self, packet: PacketRecord) -> None:
        """Ask about a delivered packet, where the settings want that and it has not been done."""
        lane = self._state.lanes.get(packet.lane)
        wanted = packet.state is PacketState.DELIVERED and "verification" not in (packet.receipt or {})
        if wanted and lane is not None and lane.verifier is not None and packet.id not in self._open:
            self._open[packet.id] = Verification(self._state.clock.steady())

    def begin_again(self) -> None:
        """Ask about whatever is delivered and was not asked about, and no more about what is none of ours any more."""
        self._open = {packet: one for packet, one in self._open.items() if packet in self._state.packets}
        for packet in self._state.packets.values():
            self.begin(packet)

    def ask(self) -> None:
        """Ask whatever is due."""
        steady, now = self._state.clock.steady(), self._state.clock.now()
        for packet_id, verification in self._open.items():
            if verification.under_way or verification.due > steady:
                continue
            packet = self._state.packets[packet_id]
            try:
                self._jobs.verify(
                    packet.lane,
                    partial(self._state.lanes[packet.lane].verify, packet, self._cancel, now),
                    partial(self._back, packet_id),
                    partial(self._broken, packet_id),
                )
            except Exception as trouble:  # noqa: BLE001 - no thread could be had: as if the service had not answered
                self._broken(packet_id, trouble)
            verification.under_way = True

    def answered(self, said: Said) -> None:
        """Keep an answer until the ledger has it."""
        self._answers.append(said)

    def take_answers(self) -> None:
        """Take in what was answered. While the ledger cannot be written the answers wait; any other fault ends but the
        one verification."""
        while self._answers:
            said = self._answers[0]
            if said.packet in self._open and said.packet in self._state.packets:
                packet = self._state.packets[said.packet]
                with self._state.troubles.guard(Thing("verification", packet.lane, packet.id), packet.name):
                    self._take(said)
                if self._state.troubles.of(Thing("verification", packet.lane, packet.id)):
                    self._open.pop(said.packet, None)
            self._answers.popleft()

    def _take(self, said: Said) -> None:
        """Take an answer; the last one, or the first that tells of failed statements, goes into the receipt."""
        verification = self._open[said.packet]
        if said.answer.problem is None and verification.asked + 1 < len(AFTER):
            verification.asked += 1
            verification.under_way = False
            return
        packet, now = self._state.packets[said.packet], self._state.clock.now()
        with self._state.ledger.transaction() as tx:
            problem = both(packet.problem, said.answer.problem)
            tx.verified(packet, in_receipt(packet, said.answer, now), problem, now)
        del self._open[said.packet]
        self._state.refresh([said.packet])

    def _back(self, packet_id: str, answer: Answer) -> None:
        self._post(Said(packet_id, answer))

    def _broken(self, packet_id: str, _trouble: Exception) -> None:
        packet = self._state.packets.get(packet_id)
        self._post(Said(packet_id, could_not_be_asked(packet.upload_name or packet.name if packet else "")))
