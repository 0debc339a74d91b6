"""What the agent knows at the moment: its lanes, the packets on their way, and what keeps it from working."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from agent.clock import Clock
from agent.delivery.clock_guard import ClockGuard
from agent.delivery.lane import Lane
from agent.delivery.reconcile.settings_changed import Known
from agent.delivery.timetable import Timetable
from agent.delivery.troubles import Thing, Troubles, is_ledgers
from agent.delivery.verdicts import Finished
from agent.ledger.ledger import Ledger
from agent.ledger.records import LaneRecord, PacketRecord
from agent.ledger.times import Boot
from agent.model import LaneId, PacketState, Problem

KNOWN_ENDED = 500


class State:
    """What a running agent knows. Belongs to the control thread, but for `sending`: others tell and read it."""

    def __init__(self, lanes: Mapping[LaneId, Lane], ledger: Ledger, clock: Clock) -> None:
        self.lanes = lanes
        self.ledger = ledger
        self.clock = clock
        self.clock_guard = ClockGuard(ledger)
        self.timetable = Timetable(clock.steady)
        self.troubles = Troubles(clock.steady)
        self.trouble: Problem | None = None  # what keeps the whole agent from working
        self.adopted = False  # packets stood on the shelves that the ledger should have known: it was lost
        self.outdated = False  # the shelves know more than the ledger: an old one was restored
        self.replaced = False  # the ledger's file was deleted, or replaced by another, while the agent worked with it
        self.leaving = False  # the same, and what is under way ends before there is another: nothing new begins
        self.stopping = False
        self.packets: dict[str, PacketRecord] = {}  # those that have not come to rest
        self.lane_records: dict[LaneId, LaneRecord] = {}
        self.other_records: dict[LaneId, LaneRecord] = {}  # of lanes that the settings do not name any more
        self.sending: dict[str, tuple[int, int]] = {}  # packet, (bytes sent, bytes in all)
        self.finished: list[Finished] = []  # results of tries that are not recorded yet
        self.ended: deque[PacketRecord] = deque(maxlen=KNOWN_ENDED)  # what came to rest lately
        self._numbers: tuple[dict[LaneId, int], dict[LaneId, dict[PacketState, int]]] = ({}, {})

    @property
    def begins_nothing(self) -> bool:
        """Whether nothing new is to be sent or taken: what is under way is only ended."""
        return self.stopping or self.leaving

    def read(self) -> None:
        """Read everything from the ledger again, believing nothing that is remembered of it."""
        self.clock_guard.read_again()
        self.ledger.read_claims_again()
        self.packets = {packet.id: packet for packet in self.ledger.unfinished()}
        known = self.ledger.lanes()
        self.lane_records = {lane: known.get(lane, LaneRecord(lane)) for lane in self.lanes}
        self.other_records = {lane: record for lane, record in known.items() if lane not in self.lanes}
        for lane in self.lanes.values():
            lane.read_again()
            lane.places.ledger_at = lambda: self.ledger.last_line
            lane.places.past = self.lane_records[lane.id].places
        self.finished = [replace(done, packet=self.packets.get(done.packet.id, done.packet)) for done in self.finished]

    def refresh(self, packet_ids: Iterable[str]) -> None:
        """Read packets again that have been written."""
        for packet in self.ledger.packets(list(packet_ids)):
            if packet.unshelved or packet.state not in (PacketState.SENT, PacketState.FAILED):
                self.packets[packet.id] = packet
            else:
                self.packets.pop(packet.id, None)
                self.troubles.over(Thing("packet", packet.lane, packet.id))
                self.ended.append(_without_reply(packet))

    def record_lane(self, record: LaneRecord) -> None:
        """Write down a lane's state."""
        with self.ledger.transaction() as tx:
            tx.lane(record)
        self.lane_records[record.id] = record

    @property
    def boot(self) -> Boot:
        """Return when this boot was first seen."""
        return self.clock_guard.boot

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


def _without_reply(packet: PacketRecord) -> PacketRecord:
    """Return a packet as it is kept in mind: a service's reply can be a megabyte, and the ledger has it."""
    return packet if packet.receipt is None else replace(packet, receipt={**packet.receipt, "response": None})
